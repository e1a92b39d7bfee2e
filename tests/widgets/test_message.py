"""Messages as rows: Markdown that grows, wrapping, folding, and text that must not reach the terminal raw."""

from __future__ import annotations

import random

import pytest

from aether_tui.core.chat import ChatStats
from aether_tui.widgets.chat_blocks import MarkdownRows
from aether_tui.widgets.chat_markdown import MarkdownText
from aether_tui.widgets.chat_rows import Row, breaks, clean_lines, wrap
from aether_tui.widgets.message import FOLD_CHARS, Answer, Notice, Question, figures_of

ANSWER = """\
# Paths

`os.path.join` joins with the **separator** of the *system*; see [the docs](https://docs.python.org/3/).

1. First, which is long enough to be wrapped over the width that these tests have
2. Second
   - nested
   - nested too

     with a paragraph
3. Third

   ```python
   def join(a: str) -> str:
       \"\"\"A text
       over lines\"\"\"
       return f"{a}"  # yes
   ```
4. Fourth

- tight
- list

> quoted, and long enough to be wrapped over the width that these tests have
> - with an item

| name | value | about |
|:-----|------:|:-----:|
| temperature | 0.8 | how freely the next word is drawn, zero takes the likeliest |
| top_p | 0.95 | nucleus |

---

The formula \\( a^2 \\) and \\[ c \\] stay, <b>so does this</b> & [bold]that[/bold].

```bash
echo "$f"
```
"""


LONG_CODE = "```python\n" + "def f():\n    '''a\n    b'''\n    return 1\n\n" * 30
LONG_PARAGRAPH = "One line of **many** that follow each other\n" * 130 + "\nThe end"


def texts(rows: list[Row]) -> list[str]:
    return [row.text.rstrip() for row in rows]


def laid_out(markdown: str, width: int = 60) -> list[str]:
    return texts(MarkdownRows(MarkdownText(markdown, closed=True)).rows(width))


def copied(rows: list[Row]) -> str:
    return "".join([row.joint + row.text[row.skip :] for row in rows])[1:]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("source", [ANSWER, LONG_CODE, LONG_PARAGRAPH], ids=["all", "code", "paragraph"])
def test_a_streamed_answer_ends_as_the_same_rows_as_the_whole_one(source: str, seed: int) -> None:
    pieces = random.Random(seed)
    whole = MarkdownRows(MarkdownText(source, closed=True)).rows(50)
    growing = MarkdownText()
    rows = MarkdownRows(growing)
    position = 0
    while position < len(source):
        length = pieces.randint(1, max(14, len(source) // 80))
        growing.append(source[position : position + length])
        position += length
        rows.rows(50)
    growing.close()
    assert [(row.spans, row.joint) for row in rows.rows(50)] == [(row.spans, row.joint) for row in whole]


def test_markdown_becomes_text_without_its_signs() -> None:
    rows = laid_out(ANSWER)
    assert rows[0] == "Paths"
    assert "os.path.join joins with the separator of the system; see the" in rows
    assert any("(https://docs.python.org/3/)" in row for row in rows)
    assert "   - nested" in rows
    assert "▏ quoted, and long enough to be wrapped over the width that" in rows
    assert '   │     return f"{a}"  # yes' in rows
    assert any(row.startswith("temperature │   0.8 │") for row in rows)


def test_markup_html_and_formulas_are_shown_as_they_came() -> None:
    text = " ".join(laid_out(ANSWER))
    assert "The formula \\( a^2 \\) and \\[ c \\] stay, <b>so does this</b> & [bold]that[/bold]." in text


@pytest.mark.parametrize("width", [4, 9, 20, 60, 120])
def test_no_row_is_wider_than_asked(width: int) -> None:
    from rich.cells import cell_len

    source = "日本語のテキストも折り返されます。" * 3 + "\n\n" + "supercalifragilistic " * 3 + "\n\n> " + "x" * 200
    for row in laid_out(source, width):
        assert cell_len(row) <= max(width, 4)


def test_copying_joins_what_was_only_wrapped() -> None:
    line = "one two three four five six seven eight nine ten"
    rows = wrap([(line, "text")], 14, first=(("- ", "muted"),), rest=(("  ", ""),))
    assert len(rows) > 2
    assert copied(rows) == line


def test_copying_code_leaves_its_frame_out_and_keeps_every_space() -> None:
    code = "def f():\n    return '" + "x" * 80 + "'"
    rows = MarkdownRows(MarkdownText(f"```python\n{code}\n```", closed=True)).rows(30)
    assert "│" in rows[0].text
    text = copied(rows).replace(" " * 8 + "python", "").rstrip()
    assert text.split("\n")[1] == code.split("\n")[1]


def test_escape_sequences_are_shown_not_obeyed() -> None:
    assert clean_lines("a\x1b[31mred\x07\r\nb\u202ec") == "a␛[31mred␇\nb\N{REPLACEMENT CHARACTER}c"
    answer = Answer("\x1b]0;title\x07 text", closed=True)
    assert all("\x1b" not in row.text for row in answer.rows(40))


def test_words_longer_than_the_width_are_cut() -> None:
    assert [("a supercalifragilistic b"[s:e]) for s, e in breaks("a supercalifragilistic b", 7)] == [
        "a",
        "superca",
        "lifragi",
        "listic",
        "b",
    ]


def test_a_long_question_is_folded_and_opens() -> None:
    question = Question("word " * 5000, 0)
    folded = question.rows(60)
    assert len(folded) < FOLD_CHARS // 40
    assert "more characters" in folded[-1].text
    assert question.parts[0].text == question.text
    assert question.can_toggle
    question.toggle()
    assert len(question.rows(60)) > len(folded)


def test_a_thought_is_one_line_until_it_is_opened() -> None:
    answer = Answer("Yes.", "First this, then that.", closed=True)
    answer.thinking_s = 0.3
    assert texts(answer.rows(60))[:2] == ["▸ thought 0.30 s", "Yes."]
    assert answer.can_toggle
    answer.toggle()
    assert texts(answer.rows(60))[:3] == ["▾ thought 0.30 s", "  First this, then that.", "Yes."]


def test_a_thought_under_way_shows_its_last_words() -> None:
    answer = Answer()
    answer.add_thinking("The user asks about joining paths, so the separator of the system matters")
    assert texts(answer.rows(40))[0] == "▸ thinking  of the system matters"


def test_what_happened_and_the_figures_stand_under_the_answer() -> None:
    answer = Answer("Text", closed=True)
    answer.notices.append(Notice("error", "The server is gone", "Start it; r sends it again"))
    answer.figures = figures_of(ChatStats(18, 5, 32, 48.2, None, 0.21), "stopped at <|eot_id|>")
    assert texts(answer.rows(60)) == [
        "Text",
        "✗ The server is gone",
        "  Start it; r sends it again",
        "32 tok  48.2 tok/s  first 0.21 s  prompt 18 (5 cached)",
        "stopped at <|eot_id|>",
    ]


def test_blocks_of_code_can_be_copied_alone() -> None:
    answer = Answer("Do:\n\n```sh\nls\n```\n\nor\n\n```\npwd\n```\n", closed=True)
    answer.rows(40)
    assert [part.text for part in answer.parts if part.kind == "code"] == ["ls", "pwd"]


def test_a_message_is_laid_out_once_per_width(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Answer("text " * 100, closed=True)
    first = answer.rows(40)
    assert answer.rows(40) is first
    assert len(answer.rows(80)) < len(first)


def test_asking_for_the_text_in_between_loses_nothing() -> None:
    answer = Answer()
    for word in ("one ", "two ", "three"):
        answer.add_text(word)
        assert answer.source.endswith(word)
        answer.changed()
        assert texts(answer.rows(40))[0].endswith(word.strip())
