"""Widgets of a line that draw themselves: the top bar, the tabs, the key bar."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from aether_tui.widgets.roles import ASCII, Glyphs, Roles, drawing_filters, glyphs_of, in_ascii, roles_of


class Line(Widget):
    """A line, and what stands below it; it is painted only when what it shows has changed."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: tuple[object, list[list[Segment]]] | None = None
        self._strips: tuple[list[list[Segment]], list[Strip]] | None = None

    def draw(self, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        """The line's segments, at most `width` cells."""
        raise NotImplementedError

    def draw_below(self, width: int, roles: Roles, glyphs: Glyphs) -> list[list[Segment]]:
        """Further lines."""
        return []

    def blank(self, roles: Roles) -> Style:
        """The style of what is not written on."""
        return roles.text

    def redraw(self) -> None:
        """Draw the line; nothing is sent when it looks the same."""
        if not self.is_mounted:
            return
        before = self._drawn[1] if self._drawn else None
        self._drawn = None
        if self._lines() != before:
            self.refresh()

    def _lines(self) -> list[list[Segment]]:
        roles, glyphs = roles_of(self), glyphs_of(self)
        width = self.outer_size.width
        key = (width, roles)
        if self._drawn is None or self._drawn[0] != key:
            lines = [self.draw(width, roles, glyphs), *self.draw_below(width, roles, glyphs)]
            self._drawn = (key, [self._filled(line, width, roles, glyphs) for line in lines])
        return self._drawn[1]

    def _filled(self, segments: list[Segment], width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        used = sum(cell_len(text) for text, _, _ in segments)
        blank = self.blank(roles)
        if used > width:
            segments = Segment.adjust_line_length(segments, width, style=blank)
        elif used < width:
            segments = [*segments, Segment(" " * (width - used), blank)]
        return in_ascii(segments) if glyphs is ASCII else segments

    def render_lines(self, crop: Region) -> list[Strip]:
        lines = self._lines()
        if self._strips is None or self._strips[0] is not lines:
            strips = [Strip(segments, self.outer_size.width) for segments in lines]
            for line_filter in drawing_filters(self):
                strips = [strip.apply_filter(line_filter, self.background_colors[1]) for strip in strips]
            self._strips = (lines, strips)
        strips = self._strips[1]
        if crop.column_span != (0, self.outer_size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return [strips[min(y, len(strips) - 1)] for y in crop.line_range]
