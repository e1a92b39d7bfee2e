"""Leaves of Markdown as rows of a given width; what has been laid out is kept while the text grows."""

from __future__ import annotations

from collections.abc import Sequence

from aether_tui.widgets import chat_code, chat_markdown
from aether_tui.widgets.chat_code import CodeText
from aether_tui.widgets.chat_markdown import Leaf, MarkdownText
from aether_tui.widgets.chat_rows import Row, Span, cells_of, length_of, width_of, wrap, wrap_hard

CODE_LEAD: tuple[Span, ...] = (("│ ", "frame"),)
COLUMN_GAP: Span = (" │ ", "frame")
MIN_COLUMN_CELLS = 4


def warm_up() -> None:
    """Import what reads Markdown and code, in a thread and before the first answer."""
    chat_markdown.warm_up()
    chat_code.warm_up()


class CodeRows:
    """The rows of one block of code: only lines that may still change are laid out again."""

    def __init__(self, language: str) -> None:
        self.text = CodeText(language)
        self._width = 0
        self._rows: list[Row] = []
        self._ends: list[int] = []

    def rows(self, leaf: Leaf, width: int) -> list[Row]:
        """Lay out a block of code."""
        first = self.text.update(leaf.code)
        if width != self._width:
            self._width, first = width, 0
        del self._ends[first:]
        del self._rows[self._ends[-1] if self._ends else 0 :]
        for number in range(first, len(self.text.lines)):
            lead = (*(leaf.rest if number else leaf.first), *CODE_LEAD)
            self._rows.extend(wrap_hard(self.text.lines[number], width, lead=lead))
            self._ends.append(len(self._rows))
        return _with_label(self._rows, self.text.language, width)


def _with_label(rows: list[Row], label: str, width: int) -> list[Row]:
    """Put the language at the right end of the first row where there is room."""
    if not label or not rows:
        return rows
    first = rows[0]
    room = width - cells_of(first.spans) - width_of(label)
    if room < 2:
        return rows
    label_spans: tuple[Span, ...] = ((" " * room, ""), (label, "muted"))
    return [Row((*first.spans, *label_spans), first.joint, first.skip), *rows[1:]]


class MarkdownRows:
    """The rows of a growing answer at one width at a time, and which of them are code."""

    def __init__(self, text: MarkdownText) -> None:
        self.text = text
        self.codes: list[tuple[int, int, str]] = []
        self._width = 0
        self._settled_rows: list[Row] = []
        self._settled_leaves = 0
        self._settled_codes = 0
        self._live_code: CodeRows | None = None
        self._settled_code: dict[int, CodeRows] = {}

    def rows(self, width: int) -> list[Row]:
        """All rows; `codes` then has (first row, end row, code) of each block of code."""
        self.text.read()
        if width != self._width:
            self._width = width
            self._settled_leaves = self._settled_codes = 0
            self._settled_rows.clear()
        del self.codes[self._settled_codes :]
        settled = self._settled_rows
        for number in range(self._settled_leaves, len(self.text.settled)):
            leaf = self.text.settled[number]
            self._live_code = self._settled_code.get(number, self._live_code)
            self._lay_out(leaf, settled)
            if leaf.kind == "code" and self._live_code is not None:
                self._settled_code[number] = self._live_code
            self._live_code = None
        self._settled_leaves = len(self.text.settled)
        self._settled_codes = len(self.codes)
        if not self.text.tail:
            return settled
        rows = list(settled)
        for leaf in self.text.tail:
            self._lay_out(leaf, rows)
        return rows

    def _lay_out(self, leaf: Leaf, rows: list[Row]) -> None:
        if leaf.gap is not None:
            rows.append(Row(leaf.gap, skip=length_of(leaf.gap)))
        start = len(rows)
        match leaf.kind:
            case "text":
                rows.extend(wrap(leaf.spans, self._width, first=leaf.first, rest=leaf.rest))
            case "code":
                rows.extend(self._code_rows(leaf))
                self.codes.append((start, len(rows), leaf.code))
            case "table":
                rows.extend(table_rows(leaf, self._width))
            case "rule":
                line = "─" * max(1, self._width - cells_of(leaf.rest))
                rows.append(Row((*leaf.first, (line, "frame")), skip=length_of(leaf.first)))

    def _code_rows(self, leaf: Leaf) -> list[Row]:
        """A block of code keeps its colours while it grows, and when the width changes."""
        code = CodeRows(leaf.language)
        live = self._live_code
        if live is not None and live.text.language == code.text.language and live.text.is_start_of(leaf.code):
            code = live
        self._live_code = code
        return code.rows(leaf, self._width)


def table_rows(leaf: Leaf, width: int) -> list[Row]:
    """A table with its columns narrowed to the width; cells wrap."""
    gaps = width_of(COLUMN_GAP[0]) * (len(leaf.align) - 1)
    widths = _column_widths(leaf.table, width - cells_of(leaf.rest) - gaps)
    rows: list[Row] = []
    lead = leaf.first
    for number, cells in enumerate(leaf.table):
        for line in _table_line(cells, widths, leaf.align):
            rows.append(Row((*lead, *line), skip=length_of(lead)))
            lead = leaf.rest
        if number == 0:
            line_text = "─┼─".join("─" * cells for cells in widths)
            rows.append(Row((*lead, (line_text, "frame")), skip=length_of(lead)))
    return rows


def _column_widths(table: Sequence[Sequence[tuple[Span, ...]]], room: int) -> list[int]:
    """Natural widths where they fit; else the widest columns give way first."""
    widths = [max(1, *map(cells_of, column)) for column in zip(*table, strict=False)]
    while sum(widths) > room and max(widths) > MIN_COLUMN_CELLS:
        widths[widths.index(max(widths))] -= 1
    return widths


def _table_line(cells: Sequence[tuple[Span, ...]], widths: Sequence[int], align: Sequence[str]) -> list[list[Span]]:
    """One table row as its screen rows."""
    columns = [[row.spans for row in wrap(cell, width)] for cell, width in zip(cells, widths, strict=False)]
    lines: list[list[Span]] = []
    for number in range(max([len(column) for column in columns] or [0])):
        line: list[Span] = []
        for column, width, side in zip(columns, widths, align, strict=False):
            line.extend([COLUMN_GAP] if line else [])
            line.extend(_aligned(column[number] if number < len(column) else (), width, side))
        lines.append(line)
    return lines


def _aligned(spans: Sequence[Span], width: int, side: str) -> list[Span]:
    room = max(0, width - cells_of(spans))
    left = {"right": room, "center": room // 2}.get(side, 0)
    return [span for span in ((" " * left, ""), *spans, (" " * (room - left), "")) if span[0]]
