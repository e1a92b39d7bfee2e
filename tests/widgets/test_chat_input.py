"""The message field: editing as in a shell, long pastes folded and sent whole, history, its height."""

from __future__ import annotations

import time

import pytest
from textual.app import App, ComposeResult
from textual.containers import Container

from aether_tui.widgets.chat_edit import EditBuffer
from aether_tui.widgets.chat_input import ChatInput


def typed(text: str) -> EditBuffer:
    buffer = EditBuffer()
    buffer.insert(text)
    return buffer


def keys(buffer: EditBuffer, *names: str) -> EditBuffer:
    for name in names:
        assert buffer.key(name, None), name
    return buffer


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["ctrl+w"], "one two "),
        (["ctrl+w", "ctrl+w"], "one "),
        (["ctrl+u"], ""),
        (["ctrl+a", "ctrl+k"], ""),
        (["ctrl+left", "ctrl+k"], "one two "),
        (["home", "delete"], "ne two three"),
        (["backspace", "backspace"], "one two thr"),
        (["ctrl+w", "ctrl+y", "ctrl+y"], "one two threethree"),
        (["ctrl+left", "left", "ctrl+shift+left", "backspace"], "one  three"),
        (["ctrl+u", "ctrl+underscore"], "one two three"),
        (["home", "ctrl+right", "ctrl+j"], "one\n two three"),
    ],
)
def test_keys_work_as_in_a_shell(names: list[str], left: str) -> None:
    assert keys(typed("one two three"), *names).text == left


def test_killing_stays_on_its_line_and_then_joins() -> None:
    buffer = typed("one\ntwo")
    assert keys(buffer, "ctrl+u").text == "one\n"
    assert keys(buffer, "ctrl+u").text == "one"


def test_a_long_paste_is_one_mark_that_goes_whole_and_is_sent_whole() -> None:
    paste = "line of a log\r\n" * 70_000
    buffer = typed("see ")
    buffer.insert(paste)
    buffer.insert(" ok")
    assert buffer.shown(buffer.text[4]) == "[pasted 980 KB]"
    assert buffer.value == "see " + paste.replace("\r\n", "\n") + " ok"
    keys(buffer, "backspace", "backspace", "backspace", "backspace")
    assert buffer.text == "see "
    keys(buffer, "ctrl+underscore")
    assert len(buffer.value) > 900_000


def test_editing_around_a_long_paste_costs_nothing() -> None:
    buffer = typed("x" * 2_000_000)
    began = time.process_time()
    for _ in range(200):
        buffer.key("a", "a")
        buffer.lines(80)
        buffer.place(80)
    assert time.process_time() - began < 1.0


def test_rows_wrap_after_spaces_and_the_cursor_goes_by_rows() -> None:
    buffer = typed("the quick brown fox")
    assert [buffer.text[start:end] for start, end in buffer.lines(10)] == ["the quick ", "brown fox"]
    assert buffer.place(10) == (1, 9)
    assert buffer.move_line(-1, 10)
    assert buffer.place(10) == (0, 9)
    assert not buffer.move_line(-1, 10)


def test_wide_characters_are_counted_by_cells() -> None:
    buffer = typed("日本語日本語")
    assert [buffer.text[start:end] for start, end in buffer.lines(6)] == ["日本語", "日本語"]
    assert buffer.place(6) == (1, 6)


class FieldApp(App[None]):
    """A field at the bottom of a screen."""

    theme = "textual-dark"

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.field = ChatInput()

    def compose(self) -> ComposeResult:
        with Container():
            yield self.field

    def on_mount(self) -> None:
        self.field.styles.height = 3
        self.field.focus()

    def on_chat_input_sent(self, event: ChatInput.Sent) -> None:
        self.sent.append(event.text)
        self.field.take()


def shown(field: ChatInput) -> list[str]:
    return [strip.text for strip in field.render_lines(field.size.region)]


async def test_enter_sends_and_ctrl_j_begins_a_line() -> None:
    app = FieldApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press(*"one", "ctrl+j", *"two")
        assert app.field.size.height == 4
        assert "> one" in shown(app.field)[1]
        await pilot.press("enter")
        await pilot.pause()
        assert app.sent == ["one\ntwo"]
        assert app.field.text == ""
        assert app.field.size.height == 3


async def test_an_empty_field_sends_nothing() -> None:
    app = FieldApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("enter", "space", "enter")
        assert app.sent == []


async def test_the_arrows_bring_back_what_was_sent_and_then_what_was_being_written() -> None:
    app = FieldApp()
    async with app.run_test(size=(60, 20)) as pilot:
        for text in ("first", "second"):
            await pilot.press(*text, "enter")
            await pilot.pause()
        await pilot.press(*"draft", "up")
        assert app.field.text == "second"
        await pilot.press("up", "up")
        assert app.field.text == "first"
        await pilot.press("down", "down")
        assert app.field.text == "draft"


async def test_the_field_grows_to_a_third_of_the_screen_and_scrolls_with_the_cursor() -> None:
    app = FieldApp()
    async with app.run_test(size=(60, 24)) as pilot:
        for number in range(12):
            await pilot.press(*f"line{number}", "ctrl+j")
        assert app.field.size.height <= 8
        lines = shown(app.field)
        assert any("line11" in line for line in lines)
        assert not any("line0 " in line for line in lines)


async def test_letters_are_text_here_and_never_actions() -> None:
    app = FieldApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press(*"nruvyqe?:@28")
        assert app.field.text == "nruvyqe?:@28"
