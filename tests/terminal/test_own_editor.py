"""The user's own editor takes the terminal over, and gives it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal.conftest import Start, ready
from tests.terminal.screen import CTRL_Z, ENTER, ESC, RIGHT

pytestmark = pytest.mark.terminal

CTRL_O = "\x0f"


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that waits for a line, and puts it in the place of the text."""
    program = tmp_path / "editor"
    program.write_text('#!/bin/sh\necho "your line:"\nread line\necho "$line" > "$1"\n')
    program.chmod(0o755)
    return program


def test_what_the_editor_wrote_is_taken(start: Start, editor: Path) -> None:
    screen = ready(start("--demo", env={"EDITOR": str(editor)}))
    screen.type("e")
    screen.wait_for("it parses")
    screen.type(CTRL_O)
    screen.wait_for("your line:")
    # There is no shell to stop for: ctrl+z would leave the app stopped for good.
    screen.type(CTRL_Z)
    screen.type("FROM other", "\n")
    screen.wait_for("FROM other", "it parses", "esc done")
    screen.type(ESC)
    screen.wait_for("F4 Editor", "from other")
    screen.type("u")
    screen.wait_for("from demo")
    screen.type(RIGHT)
    screen.wait_for("PARAMETER temperature 0.65")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("echo garbage > $1\nexit 3", "status 3"),
        ("rm $1", "No such file"),
        ("kill -INT $$; sleep 5", "status -2"),
    ],
)
def test_an_editor_that_fails_changes_nothing_and_gives_the_terminal_back(
    start: Start, editor: Path, program: str, said: str
) -> None:
    editor.write_text(f"#!/bin/sh\n{program}\n")
    screen = ready(start("--demo", env={"EDITOR": str(editor)}))
    screen.type("e")
    screen.wait_for("it parses")
    mark = screen.byte_count
    screen.type(CTRL_O)
    screen.wait_raw(b"\x1b[?1049h", mark)
    screen.wait_for("esc done", "FROM demo")
    screen.type(ESC)
    screen.wait_for("F4 Editor", said)
    screen.type(ENTER, "0.3", ENTER)
    screen.wait_for("1 change", "FROM demo")


@pytest.mark.parametrize("command", ["/nowhere/editor", "'unclosed"])
def test_an_editor_that_is_none_is_said(start: Start, command: str) -> None:
    screen = ready(start("--demo", env={"EDITOR": command}))
    screen.type("e")
    screen.wait_for("it parses")
    mark = screen.byte_count
    screen.type(CTRL_O)
    screen.wait_raw(b"\x1b[?1049h", mark)
    screen.type(ESC)
    screen.wait_for("F4 Editor", "EDITOR")
