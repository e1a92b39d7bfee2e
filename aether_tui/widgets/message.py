"""What stands in a transcript: questions, answers and notes, each laid out to rows once per width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aether_tui.core.chat import ChatStats
from aether_tui.core.units import seconds, speed
from aether_tui.widgets.chat_blocks import MarkdownRows
from aether_tui.widgets.chat_markdown import MarkdownText
from aether_tui.widgets.chat_rows import BLANK, Row, Span, cells_of, clean_lines, expand_tabs, width_of, wrap
from aether_tui.widgets.roles import UNICODE, Glyphs
from aether_tui.widgets.text import fit

FOLD_CHARS = 3_000
OPEN_CHARS = 200_000
ITEM_GAP = "  "


class Part(NamedTuple):
    """A piece of an entry that can be selected: its rows, and what copying it gives."""

    kind: str
    start: int
    end: int
    text: str

    def moved(self, rows: int) -> Part:
        """The same part further down."""
        return self._replace(start=self.start + rows, end=self.end + rows)


class Notice(NamedTuple):
    """What happened to an answer, and the next step. `role` is error, warning or muted."""

    role: str
    text: str
    remedy: str = ""


class Entry:
    """One message. Rows are laid out when they are first seen at a width; until then the height is a guess.

    `gap` blank rows stand above it, between it and the message before.
    """

    label = ""

    def __init__(self) -> None:
        self.glyphs: Glyphs = UNICODE
        self.gap = 0
        self.parts: list[Part] = []
        self._rows: list[Row] = []
        self._width = 0
        self._stale = True
        self._guess: tuple[int, int] | None = None

    @property
    def source(self) -> str:
        """What copying the whole gives."""
        return ""

    def is_laid_out(self, width: int) -> bool:
        """Whether `height` is exact."""
        return self._width == width and not self._stale

    def height(self, width: int) -> int:
        """Rows at a width: exact once laid out, else a guess."""
        if self.is_laid_out(width):
            return len(self._rows)
        if self._rows and not self._stale:
            return max(1, len(self._rows) * self._width // max(1, width))
        if self._guess is None:
            text = self.source
            self._guess = (text.count("\n", 0, OPEN_CHARS), min(len(text), OPEN_CHARS))
        lines, characters = self._guess
        return 2 + lines + characters // max(1, width)

    def rows(self, width: int) -> list[Row]:
        """Lay out at a width."""
        if not self.is_laid_out(width):
            self.parts = []
            self._rows = self.lay_out(width)
            if self.gap:
                self._rows = [*[BLANK] * self.gap, *self._rows]
                self.parts = [part.moved(self.gap) for part in self.parts]
            self._width = width
            self._stale = False
        return self._rows

    def changed(self) -> None:
        """Something in it is new: the rows are made again when they are next seen."""
        self._stale = True
        self._guess = None

    def lay_out(self, width: int) -> list[Row]:
        """Make the rows and the parts."""
        raise NotImplementedError

    @property
    def can_toggle(self) -> bool:
        """Whether there is something to open or fold."""
        return False

    def toggle(self) -> None:
        """Open or fold it."""


class Note(Entry):
    """A remark of ours between messages."""

    def __init__(self, text: str, role: str = "muted", remedy: str = "") -> None:
        super().__init__()
        self.notice = Notice(role, text, remedy)

    def lay_out(self, width: int) -> list[Row]:
        if self.notice.role == "muted":
            return wrap([(self.notice.text, "muted")], width)
        return notice_rows(self.notice, width, self.glyphs)


class Question(Entry):
    """What the user sent, as plain text; a long one is folded."""

    label = "you"

    def __init__(self, text: str, turn: int) -> None:
        super().__init__()
        self.text = text
        self.turn = turn
        self.is_open = False

    @property
    def source(self) -> str:
        return self.text

    def lay_out(self, width: int) -> list[Row]:
        limit = OPEN_CHARS if self.is_open else FOLD_CHARS
        shown = self.text if len(self.text) <= FOLD_CHARS else self.text[:limit]
        rows = wrap([(expand_tabs(clean_lines(shown)), "text")], width)
        if left := len(self.text) - len(shown):
            remedy = "y copies all" if self.is_open else "enter opens it"
            rows.append(Row(((f"{self.glyphs.ellipsis} {left:,} more characters, {remedy}", "muted"),)))
        self.parts = [Part("message", 0, len(rows), self.text)]
        return rows

    @property
    def can_toggle(self) -> bool:
        return len(self.text) > FOLD_CHARS

    def toggle(self) -> None:
        self.is_open = not self.is_open
        self.changed()


class Answer(Entry):
    """What the model said: a folded thought, Markdown, what happened, figures.

    What comes in is shown once `changed` is called: between two paintings the rows stay as they were painted.
    """

    label = "it"

    def __init__(self, text: str = "", thinking: str = "", *, closed: bool = False) -> None:
        super().__init__()
        self._given = text
        self._markdown: MarkdownText | None = None
        self._body: MarkdownRows | None = None
        self._closed = closed
        self._thinking = [clean_lines(thinking)] if thinking else []
        self.thinking_s: float | None = None
        self.thought_open = False
        self.is_thinking = False
        self.waiting = ""
        self.notices: list[Notice] = []
        self.figures: tuple[str, ...] = ()

    @property
    def markdown(self) -> MarkdownText:
        """The text; an old message is read when it is first seen."""
        if self._markdown is None:
            self._markdown = MarkdownText(self._given, self._closed)
            self._given = ""
        return self._markdown

    @property
    def source(self) -> str:
        return self._given if self._markdown is None else self._markdown.source

    @property
    def thinking(self) -> str:
        """The whole thought."""
        if len(self._thinking) > 1:
            self._thinking = ["".join(self._thinking)]
        return self._thinking[0] if self._thinking else ""

    def add_text(self, text: str) -> None:
        """A piece of the answer came."""
        self.is_thinking = False
        self.markdown.append(text)

    def add_thinking(self, text: str) -> None:
        """A piece of the thought came."""
        self.is_thinking = True
        self._thinking.append(clean_lines(text))

    def close(self) -> None:
        """No more will come."""
        self.is_thinking = False
        self._closed = True
        self.markdown.close()

    @property
    def can_toggle(self) -> bool:
        return bool(self._thinking)

    def toggle(self) -> None:
        self.thought_open = not self.thought_open
        self.changed()

    def lay_out(self, width: int) -> list[Row]:
        rows = self._thought_rows(width)
        if rows:
            self.parts.append(Part("thought", 0, len(rows), self.thinking))
        start = len(rows)
        if self._body is None:
            self._body = MarkdownRows(self.markdown)
        rows.extend(self._body.rows(width))
        if len(rows) > start:
            self.parts.append(Part("message", start, len(rows), self.markdown.source))
        self.parts.extend(Part("code", start + first, start + end, code) for first, end, code in self._body.codes)
        if not rows and not self.notices and self.waiting:
            rows.append(Row(((self.waiting, "muted"),)))
        for notice in self.notices:
            first = len(rows)
            rows.extend(notice_rows(notice, width, self.glyphs))
            self.parts.append(Part("notice", first, len(rows), f"{notice.text}. {notice.remedy}"))
        rows.extend(flow(self.figures, width, "muted"))
        return rows or [BLANK]

    def _thought_rows(self, width: int) -> list[Row]:
        if not self._thinking:
            return []
        mark = self.glyphs.open if self.thought_open else self.glyphs.closed
        head = f"{mark} thinking" if self.is_thinking else f"{mark} thought"
        if self.thinking_s is not None and not self.is_thinking:
            head = f"{head} {seconds(self.thinking_s)}"
        if self.thought_open:
            indent: tuple[Span, ...] = (("  ", ""),)
            text = expand_tabs(self.thinking.strip()[-OPEN_CHARS:])
            return [Row(((head, "muted"),)), *wrap([(text, "italic muted")], width, first=indent, rest=indent)]
        spans: list[Span] = [(head, "muted")]
        if self.is_thinking:
            room = width - width_of(head) - len(ITEM_GAP)
            spans.append((ITEM_GAP + last_words(self.thinking, room), "italic muted"))
        return [Row(tuple(spans))]


def notice_rows(notice: Notice, width: int, glyphs: Glyphs) -> list[Row]:
    """What happened with its mark, the next step below it."""
    mark = {"error": glyphs.error, "warning": glyphs.warning}.get(notice.role, glyphs.cancelled) + " "
    indent: tuple[Span, ...] = ((" " * width_of(mark), ""),)
    role = "text" if notice.role == "error" else notice.role
    rows = wrap([(clean_lines(notice.text), role)], width, first=((mark, notice.role),), rest=indent)
    if notice.remedy:
        rows.extend(wrap([(clean_lines(notice.remedy), "muted")], width, first=indent, rest=indent))
    return rows


def last_words(text: str, width: int) -> str:
    """The last whole words of a text, on one line."""
    words: list[str] = []
    for word in reversed(text[-4 * max(width, 1) :].split()):
        if width_of(" ".join([word, *words])) > width:
            break
        words.insert(0, word)
    return " ".join(words)


def flow(items: Sequence[str], width: int, role: str) -> list[Row]:
    """Items side by side with two blanks between, as many on a row as fit."""
    rows: list[list[Span]] = []
    for item in items:
        text = fit(item, width)
        if rows and cells_of(rows[-1]) + len(ITEM_GAP) + width_of(text) <= width:
            rows[-1].append((ITEM_GAP + text, role))
        else:
            rows.append([(text, role)])
    return [Row(tuple(spans)) for spans in rows]


def figures_of(stats: ChatStats, ending: str = "") -> tuple[str, ...]:
    """The figures under an answer; what the engine does not tell is left out."""
    items: list[str] = []
    if stats.answer_tokens is not None:
        items.append(f"{stats.answer_tokens:,} tok")
    if stats.tokens_per_s is not None:
        items.append(speed(stats.tokens_per_s))
    if stats.time_to_first_token_s is not None:
        items.append(f"first {seconds(stats.time_to_first_token_s)}")
    if stats.load_s is not None and stats.load_s >= 0.1:
        items.append(f"load {seconds(stats.load_s)}")
    if stats.prompt_tokens is not None:
        cached = f" ({stats.cached_tokens:,} cached)" if stats.cached_tokens else ""
        items.append(f"prompt {stats.prompt_tokens:,}{cached}")
    return (*items, ending) if ending else tuple(items)
