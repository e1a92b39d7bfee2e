"""The command line. Everything is imported late: bare `aether` must not pay for it."""

from __future__ import annotations

from collections.abc import Sequence


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code (DESIGN.md, section 11)."""
    from aether_tui.cli.main import run_command

    return run_command(list(argv))
