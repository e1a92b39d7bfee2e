"""The terminal goes away: a closed window, a lost line. The app ends by itself, and its engine with it."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aether_tui.services.drafts import DraftStore
from tests.terminal.screen import APP, RIGHT, WAIT_S, take_terminal

pytestmark = pytest.mark.terminal

END_S = 30
QUIET_S = 2.0


class Line:
    """A terminal that can be cut. Nothing is read once `flood` began, as when a line hangs."""

    def __init__(self) -> None:
        self.outer, inner = os.openpty()
        fcntl.ioctl(self.outer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = subprocess.Popen(
            [*APP, "--demo"],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(inner)
        self.seen = b""

    def read_until(self, text: str) -> None:
        while text.encode() not in self.seen:
            ready, _, _ = select.select([self.outer], [], [], WAIT_S)
            assert ready, f"{text} did not appear"
            self.seen += os.read(self.outer, 65536)

    def read_until_quiet(self) -> None:
        while select.select([self.outer], [], [], QUIET_S)[0]:
            self.seen += os.read(self.outer, 65536)

    def flood(self) -> None:
        os.write(self.outer, (RIGHT * 40 + "\x1b[B\x1b[A" * 60).encode())

    def cut(self) -> None:
        os.close(self.outer)


@pytest.fixture
def line() -> Iterator[Line]:
    """A running app."""
    made = Line()
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@pytest.mark.parametrize("busy", [False, True])
def test_the_app_ends_and_keeps_the_edit_when_the_terminal_is_lost(line: Line, aether_home: Path, busy: bool) -> None:
    line.read_until("Problems")
    line.read_until_quiet()
    os.write(line.outer, RIGHT.encode())
    line.read_until("PARAMETER")
    line.read_until_quiet()
    if busy:
        line.flood()
    children = psutil.Process(line.process.pid).children(recursive=True)
    line.cut()
    line.process.wait(END_S)
    psutil.wait_procs(children, END_S)
    assert not [child for child in children if child.is_running()]
    drafts = DraftStore(aether_home / "drafts").left_behind()
    assert any(b"PARAMETER" in draft.content for draft in drafts)
