from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from aether_tui.widgets.line_edit import LineEdit, escaped, unescaped


def edit(text: str, *keys: str) -> LineEdit:
    field = LineEdit(text)
    for key in keys:
        field.key(key, key if len(key) == 1 else None)
    return field


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (["ctrl+u"], ""),
        (["ctrl+w"], "one "),
        (["ctrl+w", "ctrl+w"], ""),
        (["home", "ctrl+k"], ""),
        (["home", "delete"], "ne two"),
        (["left", "left", "left", "ctrl+k"], "one "),
        (["backspace", "x"], "one twx"),
        (["ctrl+left", "ctrl+u"], "two"),
    ],
)
def test_keys_as_in_a_shell(keys: list[str], text: str) -> None:
    assert edit("one two", *keys).text == text


def test_the_first_letter_replaces_an_old_value_and_a_movement_keeps_it() -> None:
    field = LineEdit("0.8", selected=True)
    field.key("1", "1")
    assert field.text == "1"
    field = LineEdit("0.8", selected=True)
    field.key("end", None)
    field.key("1", "1")
    assert field.text == "0.81"


def test_a_paste_of_lines_stays_one_line_and_is_bounded() -> None:
    field = LineEdit()
    field.insert("a\r\nb\nc")
    assert field.text == "a\\nb\\nc"
    field.insert("x" * 1_000_000)
    assert len(field.text) < 100_000


def test_tab_and_escape_type_nothing() -> None:
    field = LineEdit("a")
    assert not field.key("tab", "\t")
    assert not field.key("escape", "\x1b")
    assert field.text == "a"


@given(st.text(max_size=40))
def test_escapes_come_back_as_they_were(text: str) -> None:
    assert unescaped(escaped(text)) == text


@given(st.text(max_size=60), st.integers(4, 30), st.integers(0, 60))
def test_the_field_is_always_as_wide_as_its_place_and_shows_the_cursor(text: str, width: int, cursor: int) -> None:
    field = LineEdit(text)
    field.cursor = min(cursor, len(text))
    segments = field.draw(width, Style())
    assert sum(segment.cell_length for segment in segments) in (width, width + 1)
    assert sum(bool(segment.style and segment.style.reverse) for segment in segments) == 1
