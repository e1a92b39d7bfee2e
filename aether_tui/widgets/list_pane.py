"""A pane with a selected row."""

from __future__ import annotations

from textual import events
from textual.message import Message

from aether_tui.actions import bindings
from aether_tui.widgets.pane import Pane


class ListPane(Pane):
    """A pane with a selected row."""

    BINDINGS = bindings("list")

    class Moved(Message):
        """Another row was selected."""

        def __init__(self, pane: ListPane, index: int) -> None:
            super().__init__()
            self.pane = pane
            self.index = index

        @property
        def control(self) -> ListPane:
            """The pane whose selection moved."""
            return self.pane

    class Chosen(Message):
        """A row was opened, by enter or by a click on the selected row."""

        def __init__(self, pane: ListPane, index: int) -> None:
            super().__init__()
            self.pane = pane
            self.index = index

        @property
        def control(self) -> ListPane:
            """The pane whose row was opened."""
            return self.pane

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(title, id=id, classes=classes)
        self.cursor = 0

    def selectable(self, index: int) -> bool:
        """Whether the selection may rest on a row."""
        return True

    def selected(self, index: int) -> bool:
        return index == self.cursor

    def moved(self) -> None:
        """Called when the selection moved; posts `Moved` unless a subclass does its work at once."""
        self.post_message(self.Moved(self, self.cursor))

    def move_to(self, index: int, step: int = 1) -> bool:
        """Select the row, or the nearest one after it (before it for a negative step) that may be selected."""
        count = self.row_count
        index = max(0, min(index, count - 1))
        while 0 <= index < count and not self.selectable(index):
            index += step
        if not 0 <= index < count or index == self.cursor:
            return False
        before, self.cursor = self.cursor, index
        self.refresh_row(before)
        self.show_row(index)
        self.refresh_row(index)
        self.moved()
        return True

    def action_cursor(self, step: int) -> None:
        """Select the next row, or the one before."""
        if not self.move_to(self.cursor + step, 1 if step > 0 else -1):
            self.show_row(self.cursor)

    def action_cursor_page(self, step: int) -> None:
        """Move the selection by what is visible."""
        self.move_to(self.cursor + step * max(1, self.body_height - 1), step)

    def action_cursor_edge(self, end: int) -> None:
        """Select the first row (-1) or the last (1)."""
        self.move_to(self.row_count - 1 if end > 0 else 0, -end)

    def action_choose(self) -> None:
        """Open the selected row."""
        if self.row_count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """A click selects; a click on the selected row opens it."""
        index = self.row_at_line(event.y)
        if index is None or not self.selectable(index):
            return
        if index == self.cursor:
            self.action_choose()
        else:
            self.move_to(index)

    def resized(self) -> None:
        super().resized()
        self.show_row(self.cursor)
