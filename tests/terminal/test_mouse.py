"""The mouse does what the keys do, and selects what can be copied."""

from __future__ import annotations

import base64

import pytest

from tests.terminal.conftest import Start, ready
from tests.terminal.screen import CTRL_C, ENTER, ESC, F5, Screen

pytestmark = pytest.mark.terminal


def click(screen: Screen, text: str) -> None:
    """Click the first place where a text stands."""
    row = next(number for number, line in enumerate(screen.display) if text in line)
    column = screen.display[row].index(text)
    at = f"{column + 1};{row + 1}"
    screen.type(f"\x1b[<0;{at}M\x1b[<0;{at}m")


def test_tabs_rows_and_the_host_are_clicked(demo: Screen) -> None:
    click(demo, "top_k")
    demo.wait_for("─ top_k ─")
    click(demo, "Penalties")
    demo.wait_for("─ Penalties ─")
    click(demo, "embedded llama.cpp")
    demo.wait_for("Switch host", "local", "ollama")
    demo.type(ESC)
    demo.wait_for("F4 Editor")
    click(demo, "Playground")
    demo.wait_for("Ask demo")
    click(demo, "Editor")
    demo.wait_for("Modelfile")


def test_what_the_mouse_selects_is_copied(demo: Screen) -> None:
    demo.type(F5, "Some words of mine", ENTER)
    demo.wait_for("you   Some words of mine", "done")
    row = next(number for number, line in enumerate(demo.display) if "Some words" in line)
    column = demo.display[row].index("Some words")
    start, end = f"{column + 1};{row + 1}", f"{column + 10};{row + 1}"
    demo.type(f"\x1b[<0;{start}M\x1b[<32;{end}M\x1b[<0;{end}m")
    demo.type(CTRL_C)
    demo.wait_for("the selection copied")
    assert b"\x1b]52;c;" + base64.b64encode(b"Some words") in demo.since(0)


def test_without_the_mouse_no_reports_are_asked_for(start: Start) -> None:
    screen = ready(start("--demo", env={"AETHER_MOUSE": "off"}))
    assert b"\x1b[?1000h" not in screen.since(0)
