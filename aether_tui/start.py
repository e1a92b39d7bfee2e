"""Runs the app on a terminal: output guarded, crashes written down, the terminal given back."""

from __future__ import annotations

import faulthandler
import io
import os
import sys
from pathlib import Path

from aether_tui import quirks
from aether_tui.app import AetherApp
from aether_tui.settings import Settings, load_settings


def run_app(out: int, demo: bool, terminal_before: list[object] | None) -> int:
    """Run the app until the user leaves; the exit status. `out` is the terminal's file descriptor."""
    settings = load_settings()
    for name in ("COLUMNS", "LINES"):
        # Where these are exported, Textual would take them for the size, whatever the terminal becomes.
        os.environ.pop(name, None)
    log = _open_log(settings.home / "logs")
    quirks.install()
    screen_out = _screen_output(out)
    with _StderrGuard(log):
        app = AetherApp(settings, demo)
        app.terminal_before = terminal_before
        sys.__stderr__ = screen_out  # type: ignore[misc]  # Textual paints to it.
        sys.__stdout__ = screen_out  # type: ignore[misc]  # And asks this one for the size.
        app.run(mouse=settings.mouse)
    screen_out.flush()
    if app.crash_words:
        print(app.crash_words, file=sys.stderr)
    return app.return_code or 0


def _screen_output(out: int) -> io.TextIOWrapper:
    """A stream of its own for the screen: UTF-8 whatever the locale says, and not fd 2, which libraries write to."""
    return io.TextIOWrapper(os.fdopen(os.dup(out), "wb"), encoding="utf-8", errors="replace", write_through=True)


def _open_log(folder: Path) -> int | None:
    """The file for what must not go to the screen; None where the folder can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / "stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        return None


class _StderrGuard:
    """Sends file descriptor 2 to the log while the app paints: a line of a library would break the screen."""

    def __init__(self, log: int | None) -> None:
        self._log = log if log is not None else os.open(os.devnull, os.O_WRONLY)
        self._kept = -1

    def __enter__(self) -> None:
        sys.stderr.flush()
        self._kept = os.dup(2)
        os.dup2(self._log, 2)
        faulthandler.enable(self._log)

    def __exit__(self, *_: object) -> None:
        sys.stderr.flush()
        faulthandler.disable()
        os.dup2(self._kept, 2)
        os.close(self._kept)
        os.close(self._log)


def log_place(settings: Settings) -> Path:
    """Where what went wrong is written."""
    return settings.home / "logs"
