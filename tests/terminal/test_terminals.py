"""Other terminals: no colours, sixteen, none at all, plain ASCII, another locale; the clipboard."""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import pytest

from tests.terminal.conftest import Start, ready
from tests.terminal.screen import CTRL_C, ENTER, ESC, F5, RIGHT, Screen

pytestmark = pytest.mark.terminal

COLOURS = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
MANY_COLOURS = re.compile(rb"\x1b\[(?:[0-9;]*;)?[34]8;[25];")
ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[=>78]|\x1b\][^\x07]*\x07|\x1bP.*?\x1b\\")


def visit(screen: Screen) -> None:
    """The Editor with a change, a page, the Playground with an answer."""
    screen.type(RIGHT)
    screen.wait_for("1 change")
    screen.type(":")
    screen.wait_for("Palette")
    screen.type(ESC)
    screen.wait_for("1 change")
    screen.type(F5)
    screen.wait_for("Ask demo")
    screen.type("Hello", ENTER)
    screen.wait_for("done")


def test_no_color_sends_no_colour_and_shows_the_selection(start: Start) -> None:
    screen = start("--demo", env={"NO_COLOR": "1"})
    visit(ready(screen))
    assert not COLOURS.search(screen.since(0))


def test_no_color_tells_the_selected_row_and_the_focus_apart(start: Start) -> None:
    screen = ready(start("--demo", env={"NO_COLOR": "1"}))
    assert screen.styles("temperature  ")[0].reverse
    assert not screen.styles("top_p")[0].reverse


@pytest.mark.parametrize("theme", ["dark", "light", "ansi-dark"])
def test_sixteen_colours_are_enough(start: Start, theme: str) -> None:
    screen = start("--demo", env={"TERM": "xterm", "AETHER_THEME": theme})
    ready(screen)
    screen.type(RIGHT)
    screen.wait_for("1 change")
    assert not MANY_COLOURS.search(screen.since(0))
    assert screen.styles("temperature  ")[0].reverse
    assert screen.styles("1 change")[0].fg != screen.styles("top_p")[0].fg


def test_a_terminal_without_a_cursor_is_refused_in_a_line(start: Start) -> None:
    screen = start("--demo", env={"TERM": "dumb"})
    assert screen.wait_end() != 0
    assert "TERM" in screen.text
    assert b"\x1b" not in screen.raw
    assert len(screen.text.split()) < 30


@pytest.mark.parametrize("redirection", ["2>/dev/null", ">/dev/null", "| cat"])
def test_with_one_stream_redirected_it_paints_to_the_other_in_full_size(start: Start, redirection: str) -> None:
    screen = ready(start("-c", f'"$0" -m aether_tui --demo {redirection}', sys.executable, command=["bash"]))
    assert screen.display[2].rstrip().endswith("╮") and len(screen.display[2].rstrip()) == 120
    screen.type(CTRL_C, CTRL_C)
    assert screen.wait_end() == 0


def test_without_a_terminal_the_commands_are_named(start: Start) -> None:
    screen = start("-c", '"$0" -m aether_tui --demo </dev/null', sys.executable, command=["bash"])
    assert screen.wait_end() != 0
    assert "needs a terminal" in screen.text and b"\x1b[?1049h" not in screen.raw


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_another_locale_still_gets_whole_frames(start: Start, locale: str) -> None:
    screen = start("--demo", env={"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0"})
    ready(screen)
    assert "╭" in screen.text and "�" not in screen.text


def test_ascii_glyphs_send_ascii_only(start: Start) -> None:
    screen = start("--demo", env={"AETHER_GLYPHS": "ascii"})
    visit(ready(screen))
    text = ESCAPES.sub(b"", screen.since(0)).decode()
    assert text.isascii(), sorted({character for character in text if not character.isascii()})


@pytest.mark.parametrize("inside", ["", "tmux", "screen"])
def test_copy_reaches_the_clipboard_of_the_terminal(start: Start, inside: str, aether_home: Path) -> None:
    env = {"tmux": {"TMUX": "/tmp/tmux-0/default,1,0"}, "screen": {"STY": "1.pts"}}.get(inside, {})
    screen = ready(start("--demo", env=env))
    screen.type(RIGHT)
    screen.wait_for("PARAMETER temperature 0.65")
    screen.type("y")
    screen.wait_for("copied")
    text = b"FROM demo\nPARAMETER temperature 0.65\n"
    sequence = b"\x1b]52;c;" + base64.b64encode(text) + b"\x07"
    wrapped = {
        "tmux": b"\x1bPtmux;" + sequence.replace(b"\x1b", b"\x1b\x1b") + b"\x1b\\",
        "screen": b"\x1bP" + sequence + b"\x1b\\",
    }.get(inside, sequence)
    assert wrapped in screen.since(0)
    assert (aether_home / "clipboard.txt").read_bytes() == text
    screen.type(CTRL_C, CTRL_C)
    assert screen.wait_end() == 0
