"""The live Modelfile: line numbers, highlighting, and marks where it differs from what is installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells
from rich.segment import Segment

from aether_tui.core.modelfile.diff import DiffLine
from aether_tui.core.modelfile.highlight import Span
from aether_tui.widgets.pane import Pane
from aether_tui.widgets.roles import glyphs_of, roles_of
from aether_tui.widgets.text import clean

GUTTER = 7
LONGEST_LINE = 4_000
"""Characters of one line that are shown: a line of a megabyte would cost as much as the rest of the file."""


class CodePane(Pane):
    """Lines of code, wrapped; only what is in sight is drawn."""

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(title, id=id, classes=classes)
        self.lines: Sequence[DiffLine] = ()
        self.spans: Sequence[Sequence[Span]] = ()
        self.marked: frozenset[int] = frozenset()
        self._rows: list[tuple[int, int, int]] = []
        self._wrapped_for = 0

    @property
    def row_count(self) -> int:
        return len(self._wrapped())

    def show(self, lines: Sequence[DiffLine], spans: Sequence[Sequence[Span]], *, follow: bool = True) -> None:
        """Show a difference; `spans` colour the lines of the new text. `follow` brings what changed into sight."""
        before, self.lines, self.spans = self.lines, lines, spans
        self._wrapped_for = 0
        row = self._first_difference(before, lines) if follow else None
        self.scroll_row = max(0, min(self.scroll_row, self.furthest_row))
        if row is not None:
            self.show_row(row)
        self.refresh_changed()

    def mark_lines(self, numbers: Iterable[int]) -> None:
        """Numbers of lines that have a problem: their number is drawn in the warning's colour."""
        marked = frozenset(numbers)
        if marked != self.marked:
            self.marked = marked
            self.refresh_body()

    def show_line(self, number: int) -> None:
        """Bring a line of the new text into sight."""
        for row, (index, start, _) in enumerate(self._wrapped()):
            line = self.lines[index]
            if line.number == number and line.mark != "-" and start == 0:
                self.show_row(row)
                return

    def _first_difference(self, before: Sequence[DiffLine], after: Sequence[DiffLine]) -> int | None:
        if not before or before == after:
            return None
        index = next(
            (at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new),
            min(len(before), len(after) - 1),
        )
        # The changed line comes after the one it replaces.
        while index + 1 < len(after) and after[index].mark == "-":
            index += 1
        return next((row for row, (line, _, _) in enumerate(self._wrapped()) if line == index), None)

    def _wrapped(self) -> list[tuple[int, int, int]]:
        """(line, start, end) of every row at this width."""
        width = max(8, self.row_width - GUTTER)
        if self._wrapped_for != width:
            self._wrapped_for = width
            self._rows = [
                (index, start, end)
                for index, line in enumerate(self.lines)
                for start, end in _cuts(line.text[:LONGEST_LINE], width)
            ]
        return self._rows

    def row_key(self, index: int) -> object:
        at, start, end = self._wrapped()[index]
        line = self.lines[at]
        spans = self.spans[line.number - 1] if line.mark != "-" and 0 < line.number <= len(self.spans) else ()
        return (line, start, end, tuple(spans), line.number in self.marked)

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        roles, glyphs = roles_of(self), glyphs_of(self)
        at, start, end = self._wrapped()[index]
        line = self.lines[at]
        added = {"+": "added", "-": "removed"}.get(line.mark, "muted")
        if start:
            lead = [Segment(" " * GUTTER, roles.muted)]
        else:
            warned = line.mark != "-" and line.number in self.marked
            lead = [
                Segment(f"{line.mark:<2}", roles.get(f"bold {added}") if line.mark != " " else roles.muted),
                Segment(f"{line.number:>4} ", roles.warning if warned else roles.muted),
            ]
        if line.mark == "-":
            return [*lead, Segment(clean(line.text[start:end]), roles.removed)]
        segments = [*lead, *self._coloured(line, start, end)]
        if end >= LONGEST_LINE < len(line.text):
            segments.append(Segment(f" {glyphs.ellipsis} {len(line.text) - end} more", roles.muted))
        return segments

    def _coloured(self, line: DiffLine, start: int, end: int) -> list[Segment]:
        roles = roles_of(self)
        segments: list[Segment] = []
        at = start
        spans = self.spans[line.number - 1] if 0 < line.number <= len(self.spans) else ()
        for span in spans:
            if span.end <= at or span.start >= end:
                continue
            if span.start > at:
                segments.append(Segment(clean(line.text[at : span.start]), roles.text))
            stop = min(span.end, end)
            segments.append(Segment(clean(line.text[max(at, span.start) : stop]), roles.get(_ROLES[span.role])))
            at = stop
        if at < end:
            segments.append(Segment(clean(line.text[at:end]), roles.text))
        return segments


_ROLES = {
    "keyword": "keyword",
    "name": "text",
    "number": "number",
    "string": "string",
    "comment": "muted",
    "text": "text",
    "error": "error",
}


def _cuts(text: str, width: int) -> list[tuple[int, int]]:
    """Where a line is broken: at spaces where there are any."""
    if len(text) <= width and (text.isascii() or cell_len(text) <= width):
        return [(0, len(text))]
    cuts: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        piece = text[start : start + width]
        if not piece.isascii():
            piece = (chop_cells(piece, width) or [piece])[0]
        end = start + len(piece)
        if end < len(text) and (space := text.rfind(" ", start + width // 3, end)) > start:
            end = space + 1
        cuts.append((start, end))
        start = end
    return cuts or [(0, 0)]
