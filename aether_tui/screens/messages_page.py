"""The MESSAGE list: example turns that every conversation starts with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.app import ComposeResult

from aether_tui.actions import bindings
from aether_tui.core.errors import AetherError
from aether_tui.core.messages import Message, Role
from aether_tui.screens.dialogs import Page
from aether_tui.widgets.frame import Parts
from aether_tui.widgets.list_pane import ListPane
from aether_tui.widgets.roles import glyphs_of, roles_of
from aether_tui.widgets.text import clean, fit
from aether_tui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from aether_tui.services.editing import EditSession

ROLES: tuple[Role, ...] = ("user", "assistant", "system")


class MessageList(ListPane):
    """One row for each message."""

    BINDINGS = bindings("messages")

    def __init__(self, page: MessagesPage) -> None:
        super().__init__("Messages", id="messages")
        self.page = page
        self.placeholder = [
            [
                ("Example turns show the model how to answer: a question as the user, ", "muted"),
                ("the answer you want as the assistant. ", "muted"),
                ("n", "accent"),
                (" adds the first.", "muted"),
            ],
        ]

    @property
    def row_count(self) -> int:
        return len(self.page.messages)

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        roles, glyphs = roles_of(self), glyphs_of(self)
        message = self.page.messages[index]
        role = "accent" if message.role == "user" else "text"
        text = fit(clean(message.content), max(4, width - 16), glyphs.ellipsis)
        return [
            Segment(f"{index + 1:>3}  ", roles.muted),
            Segment(f"{message.role:<10} ", roles.get(role)),
            Segment(text or "empty", roles.text if text else roles.muted),
        ]

    def moved(self) -> None:
        super().moved()
        self.page.show_selected()

    def action_choose(self) -> None:
        """Edit the text."""
        self.page.edit()

    def action_new(self) -> None:
        """Add one after the selected."""
        self.page.add()

    def action_delete(self) -> None:
        """Take it out."""
        self.page.change(lambda messages, at: messages.pop(at))

    def action_move(self, step: int) -> None:
        """Move it up or down."""
        to = self.cursor + step
        if 0 <= to < self.row_count:
            self.page.change(lambda messages, at: messages.insert(to, messages.pop(at)))
            self.move_to(to)

    def action_role(self) -> None:
        """Change who says it."""

        def turn(messages: list[Message], at: int) -> None:
            role = messages[at].role
            following = ROLES[(ROLES.index(role) + 1) % len(ROLES)] if role in ROLES else "user"
            messages[at] = replace(messages[at], role=following)

        self.page.change(turn)

    def action_undo(self) -> None:
        """Take back the last change."""
        if self.page.session.undo():
            self.page.refresh_messages()


class MessagesPage(Page[None]):
    """Add, edit, delete and move messages; each change is one step of undo."""

    def __init__(self, session: EditSession) -> None:
        super().__init__()
        self.add_class("-beside", update=False)
        self.session = session

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages of the document."""
        return tuple(self.session.document.messages)

    def compose_body(self) -> ComposeResult:
        self.listing = MessageList(self)
        self.reading = TextPane("Text", id="reading")
        self.reading.can_focus = False
        yield self.listing
        yield self.reading

    def on_mount(self) -> None:
        """Select the first."""
        self.listing.focus()
        self.refresh_messages()

    def refresh_messages(self) -> None:
        """Draw the list again."""
        count = len(self.messages)
        self.listing.cursor = max(0, min(self.listing.cursor, count - 1))
        self.listing.set_status([(f"{count}", "muted")] if count else ())
        self.listing.refresh_changed()
        self.show_selected()

    def show_selected(self) -> None:
        """Show the whole text of the selected message."""
        messages = self.messages
        lines: list[Parts] = []
        if messages:
            lines = [[(line, "text")] for line in messages[self.listing.cursor].content.split("\n")]
        self.reading.show(lines)

    def change(self, edit: Callable[[list[Message], int], object]) -> None:
        """Change the list by a function of (messages, selected index)."""
        messages = list(self.messages)
        if not messages:
            return
        edit(messages, self.listing.cursor)
        self._store(messages)

    def _store(self, messages: list[Message]) -> None:
        try:
            self.session.set_messages(messages)
        except AetherError as error:
            self.listing.set_status([(error.message, "error")])
            return
        self.refresh_messages()

    def add(self) -> None:
        """Add a message after the selected one; it answers the one before."""
        messages = list(self.messages)
        at = self.listing.cursor + 1 if messages else 0
        before = messages[at - 1].role if at else ""
        role: Role = "assistant" if before == "user" else "user"
        self._open(f"New message from the {role}", "", lambda text: self._insert(at, Message(role, text)))

    def _insert(self, at: int, message: Message) -> None:
        messages = list(self.messages)
        messages.insert(at, message)
        self._store(messages)
        self.listing.move_to(at)

    def edit(self) -> None:
        """Edit the selected message, or add the first."""
        messages = self.messages
        if not messages:
            self.add()
            return
        at = self.listing.cursor
        message = messages[at]
        self._open(f"Message from the {message.role}", message.content, lambda text: self._replace(at, text))

    def _replace(self, at: int, text: str) -> None:
        def put(messages: list[Message], _: int) -> None:
            messages[at] = replace(messages[at], content=text)

        self.change(put)

    def _open(self, title: str, text: str, take: Callable[[str], object]) -> None:
        from aether_tui.screens.text_page import TextPage

        def left(result: str | None) -> None:
            if result:
                take(result)

        self.app.push_screen(TextPage(title, text, file_name="message.md"), left)
