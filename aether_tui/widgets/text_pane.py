"""A pane of lines to read: help, calls, a preview."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment

from aether_tui.widgets.frame import Parts, segments_of
from aether_tui.widgets.pane import Pane
from aether_tui.widgets.roles import roles_of
from aether_tui.widgets.text import clean, wrap


class TextPane(Pane):
    """Lines by role; a line of one part is wrapped, others are cut."""

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(title, id=id, classes=classes)
        self._source: Sequence[Parts] = ()
        self._laid_out: list[Parts] = []
        self._width = 0

    def show(self, lines: Sequence[Parts], title: str | None = None) -> None:
        """Show other lines, from the top."""
        self._source = lines
        self._width = 0
        self.scroll_row = 0
        if title is not None:
            self.set_title(title)
        self.redraw()

    def _lines(self) -> list[Parts]:
        width = max(10, self.row_width)
        if self._width != width:
            self._width = width
            self._laid_out = [line for parts in self._source for line in _wrapped(parts, width)]
        return self._laid_out

    @property
    def row_count(self) -> int:
        return len(self._lines())

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        return segments_of(self._lines()[index], roles_of(self))


def _wrapped(parts: Parts, width: int) -> Iterable[Parts]:
    """The last part is wrapped under itself when the line is too long."""
    if not parts:
        return [[]]
    *lead, (text, role) = parts
    indent = sum(len(part) for part, _ in lead)
    lines = wrap(text, max(10, width - indent))
    first: Parts = [*[(clean(part), name) for part, name in lead], (lines[0], role)]
    return [first, *[[(" " * indent + line, role)] for line in lines[1:]]]
