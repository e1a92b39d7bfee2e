"""The conversation as one widget that draws its lines itself, so that five hundred messages cost what ten do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from aether_tui.actions import bindings
from aether_tui.widgets.chat_roll import Roll, Stop, holds, part_of
from aether_tui.widgets.chat_rows import Row
from aether_tui.widgets.frame import MARGIN
from aether_tui.widgets.message import Answer, Entry, Part, Question
from aether_tui.widgets.pane import Pane
from aether_tui.widgets.roles import Roles, glyphs_of, roles_of
from aether_tui.widgets.text import fit, wrap

LABEL_CELLS = 7
SMALL_LABEL_CELLS = 2
SMALL_WIDTH = 40
_ASCII_LINES = str.maketrans("│─┼▏", "|-+|")


class Transcript(Pane):
    """Messages, newest at the bottom; follows them unless the reader has scrolled up.

    The last line of its frame is drawn by the field below it. The arrows go from part to part (thought, answer,
    block of code), and through long ones line by line.
    """

    ALLOW_SELECT = True
    BINDINGS = bindings("pane", "transcript")

    class Below(Message):
        """How many rows are out of sight below changed."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        self.roll = Roll()
        super().__init__(title, id=id, classes=classes)
        self.empty_lines: tuple[tuple[str, str], ...] = ()
        self.lit = False
        self.chosen: Stop | None = None
        self._painted: dict[int, object] = {}
        self._below = 0

    # What is in it

    @property
    def entries(self) -> Sequence[Entry]:
        """The messages."""
        return self.roll.entries

    def add(self, *entries: Entry) -> None:
        """Put messages at the end."""
        self._put(entries)
        self.update()

    def _put(self, entries: Iterable[Entry]) -> None:
        glyphs = glyphs_of(self)
        for entry in entries:
            entry.glyphs = glyphs
            entry.gap = 1 if self.roll.entries and not isinstance(entry, Answer) else 0
            self.roll.entries.append(entry)

    def cut_to(self, count: int) -> None:
        """Keep the first `count` messages only."""
        del self.roll.entries[count:]
        if self.chosen is not None and self.chosen[0] not in self.roll.entries:
            self.chosen = None
        self.update()

    def replace_all(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Show another conversation; answers the messages that were here."""
        before, self.roll.entries = self.roll.entries, []
        self._put(entries)
        self.chosen = None
        self.follow()
        return before

    def show_empty(self, *lines: tuple[str, str]) -> None:
        """What stands here as long as there are no messages: (text, role) of each line."""
        self.empty_lines = lines
        self.update()

    def update(self) -> None:
        """Something in the messages changed: paint those lines in sight that look different."""
        self.roll.changed()
        if self.is_mounted and self.outer_size.height:
            self._fit()
            self.roll.settle()
            self._repaint_changed()

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.roll.follows = True
        self.update()

    # Geometry

    @property
    def scroll_row(self) -> int:
        """The first row in sight."""
        return self.roll.top

    @scroll_row.setter
    def scroll_row(self, row: int) -> None:
        self.roll.top = row

    @property
    def active(self) -> bool:
        return self.lit

    # `outer_size` is `size` where there is no padding, and costs a hundredth of it.

    @property
    def body_height(self) -> int:
        return max(0, self.outer_size.height - 1)

    @property
    def row_width(self) -> int:
        return max(0, self.outer_size.width - MARGIN)

    @property
    def label_cells(self) -> int:
        """Cells of the column with `you` and `it`."""
        return LABEL_CELLS if self.row_width >= SMALL_WIDTH else SMALL_LABEL_CELLS

    @property
    def row_count(self) -> int:
        return self.roll.row_count if self.entries else len(self._empty_rows)

    @property
    def _empty_rows(self) -> tuple[tuple[str, str], ...]:
        width = max(1, self.row_width - 1)
        return tuple((line, role) for text, role in self.empty_lines for line in wrap(text, width))

    def resized(self) -> None:
        self._fit()
        self._tell_below()

    def _fit(self) -> None:
        """Give the roll the size of this widget; the first painting may come before the event that tells of it."""
        size = (max(1, self.row_width - self.label_cells), self.body_height)
        if size != (self.roll.width, self.roll.height):
            self.roll.resize(*size)
            self._strips.clear()

    # Scrolling

    def scroll_rows_to(self, row: int) -> None:
        before = self.roll.top
        self.roll.scroll_to(row)
        if self.roll.top != before:
            self._repaint_changed()
            self.post_message(self.Scrolled())

    def _repaint_changed(self) -> None:
        for y in range(1, self.body_height + 1):
            if y not in self._painted or self._painted[y] != self._look(y - 1):
                self.refresh_line(y)
        self._tell_below()

    def _look(self, line: int) -> object:
        """What a line of the body shows, in a form that can be compared."""
        row = line + self.roll.top
        thumb = self._thumb_on(line, self.body_height)
        if not self.entries or row >= self.roll.row_count:
            return thumb, self._empty_rows[row : row + 1] if not self.entries else None
        entry, offset, content = self.roll.row(row)
        return content, entry.label if offset == entry.gap else "", self._is_chosen(entry, offset), thumb

    def _tell_below(self) -> None:
        below = 0 if self.roll.follows else max(0, self.roll.furthest - self.roll.top)
        if below != self._below:
            self._below = below
            self.post_message(self.Below(below))

    # Drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        self._fit()
        strips = super().render_lines(crop)
        selection = self.text_selection
        if selection is None:
            return strips
        roles = roles_of(self)
        return [self._marked(strip, y, selection, roles) for strip, y in zip(strips, crop.line_range, strict=True)]

    def _draw_line(self, y: int, size: Size, roles: Roles) -> Strip:
        if y:
            self._painted[y] = self._look(y - 1)
        return self._line(y, size, roles)

    def _line(self, y: int, size: Size, roles: Roles) -> Strip:
        # One line higher than it is: the pane's own last line is left to the field.
        return super()._draw_line(y, Size(size.width, size.height + 1), roles)

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        roles = roles_of(self)
        if not self.entries:
            text, role = self._empty_rows[index]
            return [Segment(" " + text, roles.get(role))]
        entry, offset, row = self.roll.row(index)
        return [*self._label(entry, offset, roles), *self._segments(row, roles)]

    def _label(self, entry: Entry, offset: int, roles: Roles) -> list[Segment]:
        cells = self.label_cells - 1
        text = fit(entry.label, cells) if offset == entry.gap else ""
        if self._is_chosen(entry, offset):
            bar = "|" if glyphs_of(self).set == "*" else "▌"
            return [Segment(bar, roles.accent), Segment(text.ljust(cells), roles.get("bold accent"))]
        return [Segment(" " + text.ljust(cells), roles.get("keyword" if isinstance(entry, Question) else "muted"))]

    def _segments(self, row: Row, roles: Roles) -> list[Segment]:
        ascii_only = glyphs_of(self).set == "*"
        segments = []
        for text, role in row.spans:
            if ascii_only and role == "frame":
                text = text.translate(_ASCII_LINES)
            segments.append(Segment(text, roles.get(role) if role else roles.text))
        return segments

    def _is_chosen(self, entry: Entry, offset: int) -> bool:
        if self.chosen is None or self.chosen[0] is not entry or not self.has_focus:
            return False
        return holds(part_of(self.chosen), offset)

    # The part that keys act on

    @property
    def chosen_part(self) -> Part | None:
        """The chosen part, as it is laid out now."""
        return part_of(self.chosen) if self.chosen is not None else None

    @property
    def chosen_entry(self) -> Entry | None:
        """The message of the chosen part, else the last one."""
        if self.chosen is not None:
            return self.chosen[0]
        return self.entries[-1] if self.entries else None

    def choose_last(self) -> None:
        """Choose the last message."""
        stops = self.roll.stops_of(len(self.entries) - 1)
        messages = [stop for stop in stops if stop[1] == "message"] or stops
        self._choose(messages[-1] if messages else None)

    def _choose(self, stop: Stop | None) -> None:
        if stop != self.chosen:
            self.chosen = stop
            self.update()
            self.refresh_bindings()

    def action_scroll_rows(self, count: int) -> None:
        """Go to the next part (or the one before); line by line while this one is longer than what is in sight."""
        span = self.roll.span_of(self.chosen) if self.chosen is not None else None
        if span is None or self.chosen is None:
            self.choose_last()
        elif count > 0 and span[1] > self.roll.top + self.body_height:
            self.scroll_rows_to(self.roll.top + 1)
        elif count < 0 and span[0] < self.roll.top:
            self.scroll_rows_to(self.roll.top - 1)
        elif (stop := self.roll.next_stop(self.chosen, count)) is not None:
            self._choose(stop)
            self._show(stop, count)
        else:
            self.action_scroll_pages(count)

    def _show(self, stop: Stop, direction: int) -> None:
        """Scroll as little as needed for a part to be seen, its near end where it is longer than the window."""
        span = self.roll.span_of(stop)
        if span is None:
            return
        start, end = span
        if direction > 0:
            top = max(self.roll.top, end - self.body_height)
            self.scroll_rows_to(min(start, top))
        else:
            top = min(self.roll.top, start)
            self.scroll_rows_to(max(top, end - self.body_height))

    def action_scroll_pages(self, count: int) -> None:
        super().action_scroll_pages(count)
        self._choose(self.roll.first_in_sight() or self.chosen)

    def action_scroll_edge(self, end: int) -> None:
        if end > 0:
            self.follow()
            self.choose_last()
        else:
            self.scroll_rows_to(0)
            self._choose(self.roll.first_in_sight())

    def _foldable(self) -> Entry | None:
        """The message that opens and folds: the chosen one, else the answer to the chosen question."""
        entry = self.chosen_entry
        if isinstance(entry, Question) and not entry.can_toggle:
            following = self.entries.index(entry) + 1
            entry = self.entries[following] if following < len(self.entries) else None
        return entry if entry is not None and entry.can_toggle else None

    def action_toggle_part(self) -> None:
        """Open or fold the thought of an answer, or a long question."""
        entry = self._foldable()
        if entry is not None:
            entry.toggle()
            self.update()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open what can be opened."""
        return action != "toggle_part" or self._foldable() is not None

    # Events

    def on_focus(self) -> None:
        """As long as keys go here, a part is chosen."""
        if self.chosen is None:
            self.choose_last()
        self.update()

    def on_blur(self) -> None:
        self.update()

    def on_click(self, event: events.Click) -> None:
        """A click chooses; on a thought it opens it."""
        row = self.row_at_line(event.y)
        stop = self.roll.stop_at(row) if row is not None else None
        if stop is not None:
            self._choose(stop)
            if stop[1] == "thought":
                self.action_toggle_part()

    # Selecting with the mouse

    def render_line(self, y: int) -> Strip:
        """A line as the mouse sees it: every piece of text knows its row and column. What is painted does not."""
        row = self.row_at_line(y)
        strip = self._line(y, self.outer_size, roles_of(self))
        return strip if row is None else strip.apply_offsets(0, row)

    def selection_updated(self, selection: Selection | None) -> None:
        self.redraw()

    @property
    def _text_start(self) -> int:
        return MARGIN // 2 + self.label_cells

    def _marked(self, strip: Strip, y: int, selection: Selection, roles: Roles) -> Strip:
        row = self.row_at_line(y)
        span = selection.get_span(row) if row is not None else None
        if span is None:
            return strip
        end = strip.cell_length - MARGIN // 2
        left = max(self._text_start, min(span[0], end))
        right = end if span[1] == -1 else max(left, min(span[1], end))
        before, inside, after = strip.divide([left, right, strip.cell_length])
        style = Style(reverse=True) if roles.ansi else roles.row
        return Strip.join([before, inside.apply_style(style), after])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text as it was written: without decoration, wrapped lines joined again."""
        if not self.entries:
            return None
        start = selection.start or Offset(0, 0)
        end = selection.end or Offset(1 << 20, self.row_count - 1)
        pieces: list[str] = []
        for number in range(max(0, start.y), min(end.y + 1, self.row_count)):
            _, _, row = self.roll.row(number)
            first = max(row.skip, start.x - self._text_start) if number == start.y else row.skip
            last = max(0, end.x - self._text_start) if number == end.y else len(row.text)
            pieces.append((row.joint if pieces else "") + row.text[first:last])
        return "".join(pieces), "\n"
