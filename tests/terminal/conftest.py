"""The app in a terminal, started by a test and ended after it; a paced server where an answer must last."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.terminal.screen import Screen

Start = Callable[..., Screen]


@pytest.fixture
def start(scratch_home: Path) -> Iterator[Start]:
    """`start("--demo", size=…, env=…)` runs `aether`; whatever still runs is killed after the test."""
    screens: list[Screen] = []

    def _start(*arguments: str, **options: object) -> Screen:
        options.setdefault("cwd", scratch_home)
        screen = Screen(*arguments, **options)  # type: ignore[arg-type]
        screens.append(screen)
        return screen

    yield _start
    for screen in screens:
        screen.kill()


@pytest.fixture
def demo(start: Start) -> Screen:
    """The app on the demonstration model, at rest."""
    return ready(start("--demo"))


def ready(screen: Screen) -> Screen:
    """Wait until the app has painted, has asked its engine, and knows the model's own defaults."""
    screen.wait_for("temperature", "from demo", "llama.cpp 20", "(this file)")
    return screen


@dataclass(frozen=True)
class PacedServer:
    """Speaks as Ollama does, and sends as many tokens a second as the last word of the question says."""

    url: str
    process: subprocess.Popen[str]


@pytest.fixture
def paced_server() -> Iterator[PacedServer]:
    """A running one."""
    command = [sys.executable, "-m", "tools.bench.token_server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield PacedServer(f"http://127.0.0.1:{process.stdout.readline().split()[1]}", process)
        process.kill()
