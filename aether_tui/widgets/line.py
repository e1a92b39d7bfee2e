"""Widgets of one line that draw themselves: the top bar, the tabs, the key bar."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from aether_tui.widgets.roles import ASCII, Glyphs, Roles, drawing_filters, glyphs_of, in_ascii, roles_of


class Line(Widget):
    """One line; it is painted only when what it shows has changed."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: tuple[object, list[Segment]] | None = None
        self._strip: tuple[list[Segment], Strip] | None = None

    def draw(self, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        """The line's segments, at most `width` cells."""
        raise NotImplementedError

    def blank(self, roles: Roles) -> Style:
        """The style of what is not written on."""
        return roles.text

    def redraw(self) -> None:
        """Draw the line; nothing is sent when it looks the same."""
        if not self.is_mounted:
            return
        before = self._drawn[1] if self._drawn else None
        self._drawn = None
        if self._segments() != before:
            self.refresh()

    def _segments(self) -> list[Segment]:
        roles = roles_of(self)
        width = self.outer_size.width
        key = (width, roles)
        if self._drawn is None or self._drawn[0] != key:
            segments = self.draw(width, roles, glyphs_of(self))
            used = sum(cell_len(text) for text, _, _ in segments)
            blank = self.blank(roles)
            if used > width:
                segments = Segment.adjust_line_length(segments, width, style=blank)
            elif used < width:
                segments = [*segments, Segment(" " * (width - used), blank)]
            self._drawn = (key, in_ascii(segments) if glyphs_of(self) is ASCII else segments)
        return self._drawn[1]

    def render_lines(self, crop: Region) -> list[Strip]:
        segments = self._segments()
        if self._strip is None or self._strip[0] is not segments:
            strip = Strip(segments, self.outer_size.width)
            for line_filter in drawing_filters(self):
                strip = strip.apply_filter(line_filter, self.background_colors[1])
            self._strip = (segments, strip)
        strip = self._strip[1]
        if crop.column_span != (0, self.outer_size.width):
            strip = strip.crop(*crop.column_span)
        return [strip] * crop.height
