"""The second line: the screens and their keys, and at its end, or below it, what just happened."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message

from aether_tui.widgets.line import Line
from aether_tui.widgets.roles import Glyphs, Roles
from aether_tui.widgets.text import clean, fit, wrap

MOST_BELOW = 4


class TabRow(Line):
    """Names of the screens that exist, the current one accented; a notice at the right.

    What went wrong takes lines of its own where it is long: what to do about it stands at its end.
    """

    class Chosen(Message):
        """A screen's name was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, tabs: tuple[tuple[str, str, str], ...], current: str) -> None:
        """`tabs` are (name, key, title)."""
        super().__init__(id="tab-row")
        self.tabs = tabs
        self.current = current
        self.notice: tuple[str, str] = ("", "muted")

    def tell(self, text: str, role: str = "muted") -> None:
        """Show what just happened, until the next thing does."""
        if (text, role) != self.notice:
            before = len(self._below(self.outer_size.width))
            self.notice = (text, role)
            self.redraw()
            if len(self._below(self.outer_size.width)) != before:
                self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line, and those of a long notice. A grid gives the width of one of its columns, not of the row."""
        return 1 + len(self._below(container.width))

    def _below(self, width: int) -> tuple[str, ...]:
        """The lines of a notice that has no room beside the tabs."""
        text, role = self.notice
        room = width - self._tabs_width(width) - 4
        if role not in ("error", "warning") or width < 8 or cell_len(text) <= room:
            return ()
        return wrap(text, width - 2)[:MOST_BELOW]

    def _tabs_width(self, width: int) -> int:
        gap = 3 if width >= 100 else 2
        return 1 - gap + sum(cell_len(key) + 1 + cell_len(title) + gap for _, key, title in self.tabs)

    def draw_below(self, width: int, roles: Roles, glyphs: Glyphs) -> list[list[Segment]]:
        style = roles.get(self.notice[1])
        return [[Segment(" ", roles.text), Segment(line, style)] for line in self._below(width)]

    def draw(self, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        gap = "   " if width >= 100 else "  "
        segments = [Segment(" ", roles.text)]
        for number, (name, key, title) in enumerate(self.tabs):
            current = name == self.current
            if number:
                segments.append(Segment(gap, roles.text))
            segments.append(Segment(key + " ", roles.get("bold accent") if current else roles.muted))
            segments.append(Segment(title, roles.get("bold accent") if current else roles.text))
        text, role = self.notice
        if text and not self._below(width):
            used = sum(cell_len(part) for part, _, _ in segments)
            shown = fit(clean(text), max(0, width - used - 4), glyphs.ellipsis)
            space = width - used - cell_len(shown) - 1
            segments += [Segment(" " * space, roles.text), Segment(shown, roles.get(role))]
        return segments

    def on_click(self, event: events.Click) -> None:
        """Open the screen whose name was clicked."""
        gap = 3 if self.size.width >= 100 else 2
        x = 1
        for name, key, title in self.tabs:
            x += cell_len(key) + 1 + cell_len(title)
            if event.x < x:
                self.post_message(self.Chosen(name))
                return
            x += gap
