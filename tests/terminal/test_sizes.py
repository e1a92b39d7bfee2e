"""Every size of the terminal, and changes of it: frames stay whole, the key bar holds whole items."""

from __future__ import annotations

import re

import pytest

from aether_tui.actions import all_actions
from tests.terminal.conftest import PacedServer, Start, ready
from tests.terminal.screen import ENTER, ESC, F4, F5, Screen

pytestmark = pytest.mark.terminal

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
LABELS = {action.label for action in all_actions() if action.footer}


def assert_whole(screen: Screen) -> None:
    """Frames have all their corners, the key bar no half item, and nothing of a crash is seen."""
    lines = screen.display
    for left, right in ("╭╮", "╰╯"):
        for line in lines:
            assert line.count(left) == line.count(right), "\n".join(lines)
    assert sum(line.count("╭") for line in lines) == sum(line.count("╰") for line in lines) > 0, "\n".join(lines)
    items = re.split(r" {2,}", screen.key_bar.strip())
    assert items != [""], "\n".join(lines)
    for item in items:
        assert item.partition(" ")[2] in LABELS, f"{item!r} is cut in {screen.key_bar!r}"
    assert "Traceback" not in screen.text
    assert screen.process.poll() is None


def settled(screen: Screen) -> None:
    """Wait for the frame of the new size, then check it."""

    def is_whole() -> bool:
        try:
            assert_whole(screen)
        except AssertionError:
            return False
        return True

    screen.wait(is_whole, f"a whole frame at {screen.size}")
    screen.wait_quiet(0.2)
    assert_whole(screen)


def test_every_screen_and_page_is_whole_at_every_size(start: Start) -> None:
    screen = ready(start("--demo", size=SIZES[0]))
    visits = [("", F4), ("n", ESC), ("p", ESC), (":", ESC), ("?", ESC), ("e", ESC), ("C", ESC), ("v", F4), (F5, F4)]
    for columns, rows in SIZES:
        screen.resize(columns, rows)
        for there, back in visits:
            before = screen.text
            screen.type(there)
            screen.wait(lambda: not there or screen.text != before, f"another picture after {there!r}")  # noqa: B023
            settled(screen)
            screen.type(back)
            screen.wait_for("Generation")
    assert screen.process.poll() is None


def test_resizing_while_an_answer_streams_loses_nothing(start: Start, paced_server: PacedServer) -> None:
    screen = start(env={"OLLAMA_HOST": paced_server.url}, size=(120, 40))
    screen.wait_for("temperature", "0.34.1")
    screen.type(F5)
    screen.wait_for("Ask paced")
    screen.type("go 50", ENTER)
    screen.wait_for("answering")
    for columns, rows in [(60, 20), (200, 60), (80, 24), (30, 8), (120, 40)]:
        screen.resize(columns, rows)
        screen.wait(lambda: screen.text.count("─") > 20, "a frame")
        mark = screen.byte_count
        screen.wait(lambda: screen.byte_count > mark + 500, "more of the answer")  # noqa: B023
    screen.wait_for("answering")
    screen.type(ESC)
    screen.wait_for("stopped")
    settled(screen)
    assert "you   go 50" in screen.text or "lines above" in screen.text or "┃" in screen.text


def test_an_exported_size_does_not_hold_against_the_terminals_own(start: Start) -> None:
    screen = ready(start("--demo", env={"COLUMNS": "70", "LINES": "20"}))
    screen.wait(lambda: screen.key_bar.strip(), "the key bar in the last line")
    settled(screen)
    screen.resize(80, 24)
    screen.wait(lambda: screen.display[2].rstrip().endswith("╮"), "the frame of the new size")
    settled(screen)
