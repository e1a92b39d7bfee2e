"""Panes: bordered areas that draw their own frame line, rows and scroll thumb, one widget each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from aether_tui.actions import bindings
from aether_tui.widgets.frame import FRAME, MARGIN, Parts, frame_line, segments_of, wrap_parts
from aether_tui.widgets.roles import ASCII, Roles, drawing_filters, glyphs_of, in_ascii, roles_of


class Pane(Widget, can_focus=True):
    """A frame with rows in it. Subclasses give `row_count` and `draw_row`; `foot_lines` stand under a divider.

    The screen calls the setters directly: a message between panes would come one or two frames late.
    """

    ALLOW_SELECT = False
    BINDINGS = bindings("pane")

    class Scrolled(Message):
        """The first visible row changed."""

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.title = title
        self.status: Parts = ()
        self.foot_title = ""
        self.placeholder: Sequence[Parts] = ()
        self.scroll_row = 0
        self._strips: dict[int, Strip] = {}
        self._keys: dict[int, object] = {}
        self._foot: Sequence[Iterable[Segment]] | None = None
        self._strips_for: tuple[Size, Roles, bool] | None = None

    # What subclasses give

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return 0

    def draw_row(self, index: int, width: int) -> Iterable[Segment] | Strip:
        """One row, at most `width` cells; it is cut and filled by the pane."""
        raise NotImplementedError

    def foot_lines(self, width: int) -> Sequence[Iterable[Segment]]:
        """Lines under a divider inside the same frame; none by default."""
        return ()

    @property
    def foot_height(self) -> int:
        """How many lines the foot takes, without its divider; 0 for none."""
        return 0

    def head_lines(self, width: int) -> Sequence[Iterable[Segment]]:
        """Lines above the rows that don't scroll; none by default."""
        return ()

    @property
    def head_height(self) -> int:
        """How many lines the head takes."""
        return 0

    def placeholder_lines(self, width: int) -> Sequence[Parts]:
        """What stands where the rows would be while there are none: loading, empty, or the error."""
        return [line for parts in self.placeholder for line in wrap_parts(parts, width)]

    def selected(self, index: int) -> bool:
        """Whether a row is drawn as the selected one."""
        return False

    # Setters

    def set_title(self, title: str) -> None:
        """Change the title; nothing is repainted when it stays the same."""
        if title != self.title:
            self.title = title
            self.refresh_line(0)

    def set_status(self, status: Parts) -> None:
        """Change what stands at the right of the frame line."""
        if tuple(status) != tuple(self.status):
            self.status = tuple(status)
            self.refresh_line(0)

    # Geometry

    @property
    def active(self) -> bool:
        """Whether keys go here; stays true while the terminal itself is in the background."""
        app = self.app
        return self.has_focus or (not app.app_focus and app._last_focused_on_app_blur is self)

    @property
    def body_height(self) -> int:
        """How many rows are visible."""
        foot = self.foot_height
        return max(0, self.outer_size.height - FRAME - self.head_height - (foot + 1 if foot else 0))

    @property
    def row_width(self) -> int:
        """The cells of a row."""
        return max(0, self.outer_size.width - MARGIN)

    @property
    def furthest_row(self) -> int:
        """The largest `scroll_row`."""
        return max(0, self.row_count - self.body_height)

    def line_of_row(self, index: int) -> int | None:
        """The line of this widget on which a row stands; None when it is out of sight."""
        line = index - self.scroll_row
        return line + 1 + self.head_height if 0 <= line < self.body_height else None

    def row_at_line(self, y: int) -> int | None:
        """The row on a line of this widget."""
        line = y - 1 - self.head_height
        row = line + self.scroll_row
        return row if 0 <= line < self.body_height and row < self.row_count else None

    # Scrolling

    def scroll_rows_to(self, row: int) -> None:
        """Make `row` the first visible one, as far as the rows reach."""
        row = max(0, min(row, self.furthest_row))
        if row != self.scroll_row:
            self.scroll_row = row
            self.refresh_body()
            self.post_message(self.Scrolled())

    def show_row(self, index: int) -> None:
        """Scroll as little as needed for a row to be seen."""
        height = self.body_height
        if index < self.scroll_row:
            self.scroll_rows_to(index)
        elif height and index >= self.scroll_row + height:
            self.scroll_rows_to(index - height + 1)

    def action_scroll_rows(self, count: int) -> None:
        """Move by rows."""
        self.scroll_rows_to(self.scroll_row + count)

    def action_scroll_pages(self, count: int) -> None:
        """Move by what is visible."""
        self.scroll_rows_to(self.scroll_row + count * max(1, self.body_height - 1))

    def action_scroll_edge(self, end: int) -> None:
        """Move to the first row (-1) or the last (1)."""
        self.scroll_rows_to(self.furthest_row if end > 0 else 0)

    # Repainting. A pane has neither border nor padding, so `outer_size` is its size; `size` costs Textual a search.

    def row_key(self, index: int) -> object:
        """What a row's looks follow from; None where it must be drawn to be known. See `refresh_changed`."""
        return None

    def refresh_line(self, y: int) -> None:
        """Draw one line of this widget again."""
        self._strips.pop(y, None)
        self._keys.pop(y, None)
        if self.is_mounted:
            self.refresh(Region(0, y, self.outer_size.width, 1))

    def refresh_row(self, index: int) -> None:
        """Draw one row again, if it is in sight."""
        line = self.line_of_row(index)
        if line is not None:
            self.refresh_line(line)

    def refresh_body(self) -> None:
        """Draw all rows again, and the thumb."""
        height = self.body_height + self.head_height
        for y in range(1, height + 1):
            self._strips.pop(y, None)
            self._keys.pop(y, None)
        if self.is_mounted and height:
            self.refresh(Region(0, 1, self.outer_size.width, height))

    def refresh_changed(self) -> None:
        """Draw again those rows in sight that look different now."""
        if self._strips_for is None or not self.is_mounted:
            self.refresh_body()
            return
        size, roles, _ = self._strips_for
        if size != self.outer_size:
            self.redraw()
            return
        background = self.background_colors[1]
        for y in range(1, self.head_height + self.body_height + 1):
            before = self._strips.get(y)
            key = self._line_key(y)
            if key is not None and before is not None and self._keys.get(y) == key:
                continue
            self._keys[y] = key
            strip = self._filtered(self._draw_line(y, size, roles), background)
            if before is None or before._segments != strip._segments:
                self._strips[y] = strip
                self.refresh(Region(0, y, size.width, 1))

    def _line_key(self, y: int) -> object:
        """What a line's looks follow from, thumb and selection included; None where that is not known."""
        index = self.row_at_line(y)
        if y <= self.head_height or (index is None and not self.row_count):
            return None
        key = self.row_key(index) if index is not None else ()
        if key is None:
            return None
        chosen = index is not None and self.selected(index)
        return (key, chosen, self._thumb_on(y - 1 - self.head_height, self.body_height))

    def refresh_foot(self) -> None:
        """Draw the divider and the foot again."""
        foot = self.foot_height
        self._foot = None
        if not foot or not self.is_mounted:
            return
        width, height = self.outer_size
        top = height - 2 - foot
        for y in range(top, height - 1):
            self._strips.pop(y, None)
        self.refresh(Region(0, top, width, foot + 1))

    def redraw(self) -> None:
        """Draw everything again."""
        self._strips.clear()
        self._keys.clear()
        self._foot = None
        self.refresh()

    # Drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        roles = roles_of(self)
        size = self.outer_size
        key = (size, roles, self.active)
        if self._strips_for != key:
            self._strips.clear()
            self._keys.clear()
            self._foot = None
            self._strips_for = key
        missing = [y for y in crop.line_range if y not in self._strips]
        if missing:
            # Once for all lines: Textual walks up to the screen for it each time.
            background = self.background_colors[1]
            for y in missing:
                self._strips[y] = self._filtered(self._draw_line(y, size, roles), background)
        strips = [self._strips[y] for y in crop.line_range]
        if crop.column_span != (0, size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _filtered(self, strip: Strip, background: Color) -> Strip:
        if glyphs_of(self) is ASCII:
            strip = Strip(in_ascii(strip), strip.cell_length)
        for line_filter in drawing_filters(self):
            strip = strip.apply_filter(line_filter, background)
        return strip

    def _draw_line(self, y: int, size: Size, roles: Roles) -> Strip:
        glyphs = glyphs_of(self)
        active = self.active
        width, height = size
        body = self.body_height + self.head_height
        if y == 0:
            ends = (glyphs.top_left, glyphs.top_right)
            return Strip(frame_line(width, ends, self.title, self.status, active, roles, glyphs), width)
        if y >= height - 1:
            ends = (glyphs.bottom_left, glyphs.bottom_right)
            return Strip(frame_line(width, ends, "", (), active, roles, glyphs), width)
        if y == body + 1:
            ends = (glyphs.tee_left, glyphs.tee_right)
            return Strip(frame_line(width, ends, self.foot_title, (), active, roles, glyphs), width)
        edge = roles.accent if active else roles.frame
        if y > body:
            if self._foot is None:
                self._foot = self.foot_lines(width - MARGIN)
            line = list(self._foot[y - body - 2]) if y - body - 2 < len(self._foot) else []
            return Strip([Segment(glyphs.wall, edge), *self._padded(line, width, roles), Segment(glyphs.wall, edge)])
        inner = self._draw_body_line(y, width, roles)
        thumb = glyphs.thumb if self._thumb_on(y - 1 - self.head_height, self.body_height) else glyphs.wall
        return Strip([Segment(glyphs.wall, edge), *inner, Segment(thumb, edge)], width)

    def _draw_body_line(self, y: int, width: int, roles: Roles) -> list[Segment]:
        if y <= self.head_height:
            heads = self.head_lines(width - MARGIN)
            return self._padded(heads[y - 1] if y <= len(heads) else [], width, roles)
        index = self.row_at_line(y)
        if index is None:
            return self._padded(self._placeholder_line(y, width, roles), width, roles)
        segments = self._padded(self.draw_row(index, width - MARGIN), width, roles)
        if self.selected(index):
            focused = self.active
            segments = [Segment(text, roles.on_row(style or roles.text, focused)) for text, style, _ in segments]
        return segments

    def _placeholder_line(self, y: int, width: int, roles: Roles) -> list[Segment]:
        if self.row_count:
            return []
        lines = self.placeholder_lines(width - MARGIN)
        at = y - 1 - self.head_height
        return segments_of(lines[at], roles) if at < len(lines) else []

    def _padded(self, line: Iterable[Segment], width: int, roles: Roles) -> list[Segment]:
        """A row cut or filled to the inner width, with a blank at either side."""
        blank = roles.text
        segments = [Segment(" ", blank), *line]
        used = sum(cell_len(text) for text, _, _ in segments)
        inner = max(0, width - 2)
        if used > inner - 1:
            segments = Segment.adjust_line_length(segments, max(0, inner - 1), style=blank)
            used = max(0, inner - 1)
        segments.append(Segment(" " * (inner - used), blank))
        return segments

    def _thumb_on(self, line: int, body: int) -> bool:
        """Whether the scroll thumb is on a line of the body."""
        count = self.row_count
        if count <= body or not body:
            return False
        length = max(1, round(body * body / count))
        furthest = count - body
        top = round((body - length) * self.scroll_row / furthest) if furthest else 0
        return top <= line < top + length

    # Events

    def on_focus(self) -> None:
        """The frame takes the accent."""
        self.redraw()

    def on_blur(self) -> None:
        """The frame loses it, unless only the terminal went to the background."""
        if not self.active:
            self.redraw()

    def on_resize(self) -> None:
        """Textual calls the handlers of every base class: subclasses extend `resized`."""
        self.resized()

    def resized(self) -> None:
        """Keep the scroll position within the rows."""
        self.scroll_row = max(0, min(self.scroll_row, self.furthest_row))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves three rows."""
        event.stop()
        self.scroll_rows_to(self.scroll_row + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves three rows."""
        event.stop()
        self.scroll_rows_to(self.scroll_row - 3)
