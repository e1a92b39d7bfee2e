"""Ending well and ending badly: the terminal is given back, edits come back, no process stays behind."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import psutil
import pytest

from tests.terminal.conftest import Start, ready
from tests.terminal.screen import APP, CTRL_C, CTRL_Z, ENTER, F5, RIGHT, Screen

pytestmark = pytest.mark.terminal

GIVEN_BACK = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l")


def edit(screen: Screen, temperature: str) -> None:
    screen.type(ENTER, temperature, ENTER)
    screen.wait_for(f"PARAMETER temperature {temperature}", "1 change")


def kept_drafts(home: Path) -> list[str]:
    """The texts of the drafts on disk."""
    return [json.loads(path.read_text())["text"] for path in (home / "drafts").glob("*.json")]


def assert_given_back(screen: Screen, before: list[object]) -> None:
    """The terminal is as it was, and nothing was printed on the shell's screen."""
    for sequence in GIVEN_BACK:
        assert sequence in screen.raw, sequence
    assert screen.raw.rindex(b"\x1b[?1049l") > screen.raw.rindex(b"\x1b[?1049h")
    assert screen.raw.rindex(b"\x1b[?25h") > screen.raw.rindex(b"\x1b[?25l")
    after = screen.raw[screen.raw.rindex(b"\x1b[?1049l") :]
    assert not printed(after), printed(after)
    assert screen.attributes == before


def printed(data: bytes) -> bytes:
    """What is left of output without its escape sequences and line ends."""
    return re.sub(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[=>78]|[\r\n]", b"", data)


def test_ctrl_c_warns_once_then_leaves_and_gives_the_terminal_back(start: Start) -> None:
    screen = start("--demo")
    before = screen.attributes_at_start
    ready(screen)
    screen.type(CTRL_C)
    screen.wait_for("ctrl+c once more leaves")
    screen.type(CTRL_C)
    assert screen.wait_end() == 0
    assert_given_back(screen, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_keeps_the_edit_and_gives_the_terminal_back(
    start: Start, aether_home: Path, number: signal.Signals
) -> None:
    screen = ready(start("--demo"))
    screen.type(ENTER, "0.3", ENTER)
    screen.wait_for("1 change")
    screen.signal(number)
    screen.wait_end()
    assert_given_back(screen, screen.attributes_at_start)
    assert kept_drafts(aether_home) == ["FROM demo\nPARAMETER temperature 0.3\n"]


def test_a_killed_app_loses_no_edit_and_leaves_no_engine_behind(start: Start, aether_home: Path) -> None:
    screen = ready(start("--demo"))
    edit(screen, "0.3")
    screen.type(F5)
    screen.wait_for("Ask demo")
    screen.type("Hello", ENTER)
    screen.wait_for("done", "tok/s")
    children = psutil.Process(screen.process.pid).children(recursive=True)
    assert children, "the embedded engine has no process"
    screen.wait(lambda: kept_drafts(aether_home), "the draft")

    screen.signal(signal.SIGKILL)
    assert screen.wait_end() == -signal.SIGKILL
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive

    again = start("--demo")
    again.wait_for("your unsaved edit is back", "PARAMETER temperature 0.3", "1 change")


def test_two_copies_keep_their_own_drafts(start: Start, aether_home: Path) -> None:
    first, second = ready(start("--demo")), ready(start("--demo"))
    edit(first, "0.3")
    edit(second, "0.9")
    first.wait(lambda: len(kept_drafts(aether_home)) == 2, "two drafts")
    # Neither is offered what the other has open.
    for screen in (first, second):
        assert "unsaved edit" not in screen.text
    for screen in (first, second):
        screen.signal(signal.SIGKILL)
        screen.wait_end()
    third = start("--demo")
    third.wait_for("your unsaved edit is back", "PARAMETER temperature 0.9")
    third.type("n")
    third.wait_for("Unsaved edits")
    assert sorted(text.split()[-1] for text in kept_drafts(aether_home)) == ["0.3", "0.9"]


def test_suspending_shows_the_shell_and_fg_comes_back(start: Start) -> None:
    shell = start(
        "--norc", "--noediting", "-i", command=["bash"], env={"PS1": "shell> ", "BASH_SILENCE_DEPRECATION_WARNING": "1"}
    )
    shell.wait_for("shell>")
    shell.type(" ".join(APP), " --demo\n")
    ready(shell)
    mark = shell.byte_count
    shell.type(CTRL_Z)
    shell.wait_raw(b"\x1b[?1049l", mark)
    shell.wait_raw(b"Stopped", mark)
    mark = shell.byte_count
    shell.type("fg\n")
    shell.wait_raw(b"\x1b[?1049h", mark)
    shell.wait_for("temperature", "FROM demo", "╰")
    shell.type(RIGHT)
    shell.wait_for("1 change")
    shell.type(CTRL_C, CTRL_C)
    shell.wait_raw(b"\x1b[?1049l", mark)
    mark = shell.byte_count
    shell.type("stty -a; echo status $?\n")
    shell.wait_raw(b"status 0", mark)
    assert b" echo " in shell.since(mark) and b" icanon" in shell.since(mark)


def test_leaving_right_after_the_start_is_clean(start: Start) -> None:
    screen = start("--demo")
    screen.wait_for("aether")
    screen.type(CTRL_C, CTRL_C, CTRL_C)
    screen.wait_end()
    assert screen.raw.rindex(b"\x1b[?1049l") > screen.raw.rindex(b"\x1b[?1049h")
    assert b"Traceback" not in screen.raw


def test_where_no_shell_is_behind_it_the_app_is_not_stopped(demo: Screen) -> None:
    # The app leads the session of this terminal: stopped, nobody could bring it back.
    demo.type(CTRL_Z)
    demo.wait_for("there is no shell here to come back from")
    demo.type(RIGHT)
    demo.wait_for("1 change")
