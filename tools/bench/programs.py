"""How the programs that are measured are started."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.bench.terminal import Terminal
from tools.bench.token_server import PORT_LINE

FOLDER = Path(__file__).parent
SMALLEST = (sys.executable, str(FOLDER / "smallest.py"))
APP = (sys.executable, "-m", "aether_tui")
LONG_CHAT = (sys.executable, "-m", "tools.bench.long_chat")

EDITOR_SHOWN = ("temperature", "Modelfile", "Problems")


def environment(home: Path, **more: str) -> dict[str, str]:
    """A plain 256-colour terminal with a scratch home."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "AETHER_HOME": str(home / "aether"),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        **more,
    }


@contextmanager
def started(argv: tuple[str, ...], columns: int = 120, rows: int = 40, **more: str) -> Iterator[Terminal]:
    """A program in a terminal, with a scratch home."""
    with (
        tempfile.TemporaryDirectory() as home,
        Terminal(argv, environment(Path(home), **more), columns=columns, rows=rows) as terminal,
    ):
        yield terminal


@contextmanager
def token_server() -> Iterator[str]:
    """The address of a server that sends tokens at an even pace."""
    argv = (sys.executable, "-m", "tools.bench.token_server")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{server.stdout.readline().removeprefix(PORT_LINE).strip()}"
        finally:
            server.kill()
