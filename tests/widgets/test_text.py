from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aether_tui.widgets.text import clean, fit, pad, right, wrap


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    assert clean("a\x1b[2Jb\x07\x9b31mc\u202ed") == "a\ufffd[2Jb\ufffd\ufffd31mc\ufffdd"
    assert clean("a\tb\r\n") == "a    b "
    assert clean("日本 ok") == "日本 ok"


@given(st.text(max_size=80), st.integers(1, 40))
def test_cut_texts_fit(text: str, width: int) -> None:
    text = clean(text)
    assert cell_len(fit(text, width)) <= width
    assert cell_len(pad(text, width)) == width
    assert cell_len(right(text, width)) <= width + 1


@given(st.text(alphabet="ab 日é", max_size=120), st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_no_letter(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
