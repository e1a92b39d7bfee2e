"""The field a message is written in: the lower part of the conversation's frame."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from aether_tui.actions import bindings
from aether_tui.widgets.chat_edit import EditBuffer
from aether_tui.widgets.frame import MARGIN, Parts, frame_line
from aether_tui.widgets.roles import Glyphs, Roles, glyphs_of, roles_of
from aether_tui.widgets.text import fit

PROMPT_CELLS = 2
MAX_LINES = 8
HISTORY_LIMIT = 500


class ChatInput(Widget, can_focus=True):
    """Grows with its text up to a third of the screen. The line above it belongs to it: title left, status right."""

    ALLOW_SELECT = False
    BINDINGS = bindings("message")

    class Sent(Message):
        """Enter was pressed on a text that is not empty."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Changed(Message):
        """The text is another one."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.buffer = EditBuffer()
        self.lit = False
        self.title = ""
        self.status: Parts = ()
        self.placeholder = ""
        self.history: list[str] = []
        self._history_at = 0
        self._unsent = ""
        self._lines = 1
        self._top = 0

    # What is in it

    @property
    def text(self) -> str:
        """The text as it would be sent."""
        return self.buffer.value

    @property
    def selected_text(self) -> str:
        """What is selected in it."""
        return self.buffer.selected

    def set_text(self, text: str) -> None:
        """Put another text in it."""
        self.buffer.set(text)
        self._changed()

    def take(self) -> str:
        """The text, which is gone from the field and kept in the history."""
        text = self.buffer.value
        self.remember(text)
        self.buffer = EditBuffer()
        self._changed()
        return text

    def remember(self, text: str) -> None:
        """Keep a sent message for the arrow keys."""
        if text.strip() and self.history[-1:] != [text]:
            self.history.append(text)
            del self.history[:-HISTORY_LIMIT]
        self._history_at = len(self.history)

    def set_frame(self, title: str, status: Parts) -> None:
        """Change what the line above says."""
        if (title, tuple(status)) != (self.title, tuple(self.status)):
            self.title, self.status = title, tuple(status)
            self._redraw()

    def set_placeholder(self, text: str) -> None:
        """Change what an empty field says."""
        if text != self.placeholder:
            self.placeholder = text
            self._redraw()

    def set_lit(self, lit: bool) -> None:
        """The frame takes the accent, or loses it."""
        self.lit = lit
        self._redraw()

    # Keys

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Letters are text here."""
        return character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        """Type."""
        if event.key in ("up", "down", "shift+up", "shift+down"):
            self._vertical(event.key)
        elif not self.buffer.key(event.key, event.character):
            return
        event.stop()
        event.prevent_default()
        self._changed()

    def on_paste(self, event: events.Paste) -> None:
        """A long paste is folded; it is sent whole."""
        event.stop()
        self.buffer.insert(event.text)
        self._changed()

    def _vertical(self, key: str) -> None:
        step = -1 if key.endswith("up") else 1
        if not self.buffer.move_line(step, self._width, key.startswith("shift")):
            self._recall(step)

    def _recall(self, step: int) -> None:
        """Beyond the first and last row lie the messages sent before."""
        place = self._history_at + step
        if not 0 <= place <= len(self.history):
            return
        if self._history_at == len(self.history):
            self._unsent = self.buffer.value
        self._history_at = place
        self.buffer.set(self.history[place] if place < len(self.history) else self._unsent)

    def action_send(self) -> None:
        """Hand the message over; it stays in the field until it is taken."""
        if self.buffer.text.strip():
            self.post_message(self.Sent(self.buffer.value))

    def action_newline(self) -> None:
        """Begin a new line."""
        self.buffer.key("ctrl+j", None)
        self._changed()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there."""
        row = event.y - 1 + self._top
        self.buffer.move_to(self.buffer.at(row, event.x - MARGIN // 2 - PROMPT_CELLS, self._width))
        self._changed()

    # Size

    @property
    def _width(self) -> int:
        # One cell is left for the cursor behind the last character.
        return max(1, self.outer_size.width - MARGIN - PROMPT_CELLS - 1)

    def _changed(self) -> None:
        """Fit the height to the text, keep the cursor in sight, draw, and tell."""
        rows = len(self.buffer.lines(self._width))
        most = max(1, min(MAX_LINES, self.screen.size.height // 3 - 2)) if self.is_mounted else 1
        lines = min(rows, most)
        if lines != self._lines and self.is_mounted:
            self._lines = lines
            self.styles.height = lines + 2
        row, _ = self.buffer.place(self._width)
        self._top = max(0, min(max(self._top, row - lines + 1), row, rows - lines))
        self._redraw()
        self.post_message(self.Changed())

    def on_resize(self) -> None:
        """Wrap again."""
        self._changed()

    def on_focus(self) -> None:
        self._redraw()

    def on_blur(self) -> None:
        self._redraw()

    # Drawing

    def _redraw(self) -> None:
        if self.is_mounted:
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        roles, glyphs = roles_of(self), glyphs_of(self)
        width = self.outer_size.width
        background = self.background_colors[1]
        strips = []
        for y in crop.line_range:
            strip = Strip(self._line(y, width, roles, glyphs))
            for line_filter in self.get_line_filters():
                strip = strip.apply_filter(line_filter, background)
            strips.append(strip)
        if crop.column_span != (0, width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _line(self, y: int, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        if y == 0:
            ends = (glyphs.tee_left, glyphs.tee_right)
            return frame_line(width, ends, self.title, self.status, self.lit, roles, glyphs)
        if y >= self.outer_size.height - 1:
            return frame_line(width, (glyphs.bottom_left, glyphs.bottom_right), "", (), self.lit, roles, glyphs)
        edge = Segment(glyphs.wall, roles.accent if self.lit else roles.frame)
        inner = [Segment(" ", roles.text), *self._text_line(y - 1 + self._top, roles, glyphs)]
        return [edge, *Segment.adjust_line_length(inner, max(0, width - 2), style=roles.text), edge]

    def _text_line(self, row: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        prompt = Segment("> " if row == 0 else "  ", roles.accent if self.has_focus else roles.muted)
        lines = self.buffer.lines(self._width)
        if not self.buffer.text:
            return [prompt, *self._empty(roles, glyphs)]
        if row >= len(lines):
            return [prompt]
        start, end = lines[row]
        first, last = self.buffer.span
        segments = [prompt]
        for index in range(start, end):
            style = roles.on_row(roles.text) if first <= index < last else roles.text
            character = self.buffer.text[index]
            shown = self.buffer.shown(character)
            if len(shown) > 1 and shown != "    ":
                style = roles.on_row(roles.muted) if first <= index < last else roles.muted
            segments.append(Segment(shown, self._under_cursor(style, index, row)))
        if self._cursor_row() == row and self.buffer.cursor == end:
            segments.append(Segment(" ", self._under_cursor(roles.text, end, row)))
        return list(Segment.simplify(segments))

    def _empty(self, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        text = fit(self.placeholder, self._width, glyphs.ellipsis) or " "
        if not self.has_focus:
            return [Segment(text, roles.muted)]
        return [Segment(text[0], roles.muted + Style(reverse=True)), Segment(text[1:], roles.muted)]

    def _cursor_row(self) -> int:
        return self.buffer.place(self._width)[0]

    def _under_cursor(self, style: Style, index: int, row: int) -> Style:
        if index == self.buffer.cursor and self.has_focus and self._cursor_row() == row:
            return style + Style(reverse=True)
        return style
