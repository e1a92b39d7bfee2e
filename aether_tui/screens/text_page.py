"""A whole page for a long text: the system prompt, the template, a message, the licence."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.timer import Timer
from textual.widgets import TextArea

from aether_tui.actions import bindings
from aether_tui.core.units import file_size
from aether_tui.screens.dialogs import Page
from aether_tui.widgets.frame import Parts
from aether_tui.widgets.roles import roles_of
from aether_tui.widgets.text_pane import TextPane

LARGE_TEXT = 200_000
LARGE_LINE = 8_000
"""Characters beyond which a text is not edited here: each key would take longer than a glance."""

VERDICT_AFTER_S = 0.12

Verdict = Callable[[str], Parts]


def is_large(text: str) -> bool:
    """Whether a text goes to the user's own editor instead of ours."""
    return len(text) > LARGE_TEXT or (len(text) > LARGE_LINE and max(map(len, text.split("\n"))) > LARGE_LINE)


class PlainText(TextArea):
    """Textual's editor without its frame; a paste that is too large for it is handed to the page."""

    def __init__(self, text: str, on_large: Callable[[str], object]) -> None:
        super().__init__(text, soft_wrap=True, show_line_numbers=True, tab_behavior="focus", id="text")
        self.cursor_blink = False
        self._on_large = on_large

    async def _on_paste(self, event: events.Paste) -> None:
        whole = self._with(event.text)
        if is_large(whole):
            event.stop()
            event.prevent_default()
            self._on_large(whole)
            return
        await super()._on_paste(event)
        event.prevent_default()

    def _with(self, text: str) -> str:
        start, end = sorted(self.selection)
        lines = self.text.split("\n")
        before = "\n".join([*lines[: start[0]], lines[start[0]][: start[1]]])
        after = "\n".join([lines[end[0]][end[1] :], *lines[end[0] + 1 :]])
        return before + text + after


class TextPage(Page[str]):
    """Edit a text. Leaving gives it as it stands; None when it is as it was."""

    BINDINGS = bindings("text")

    def __init__(
        self, title: str, text: str, *, file_name: str, about: str = "", verdict: Verdict | None = None
    ) -> None:
        super().__init__()
        self.before = text
        self.text = text
        self._title = title
        self._file_name = file_name
        self._about = about
        self._verdict = verdict
        self._timer: Timer | None = None

    def compose_body(self) -> ComposeResult:
        yield TextPane(self._title, id="large")
        yield PlainText("" if is_large(self.text) else self.text, self._show_large)

    def on_mount(self) -> None:
        """Put the cursor into the text."""
        area = self.query_one(PlainText)
        area.border_title = Content(self._title)
        self.set_text(self.text)

    def set_text(self, text: str) -> None:
        """Show a text: in the editor, or by its size where it is too large for it."""
        self.text = text
        area, pane = self.query_one(PlainText), self.query_one(TextPane)
        large = is_large(text)
        area.display, pane.display = not large, large
        if large:
            pane.show(self._large_lines(text))
            pane.focus()
        else:
            if area.text != text:
                area.load_text(text)
            area.move_cursor(area.document.end)
            area.focus()
        self._judge()

    def _show_large(self, text: str) -> None:
        self.set_text(text)

    def _large_lines(self, text: str) -> list[Parts]:
        size = file_size(len(text.encode("utf-8", "surrogatepass")))
        lines: list[Parts] = [
            [(f"{size} of text, {text.count(chr(10)) + 1} lines", "bold text")],
            [("It is kept whole, but is too large to edit here. ctrl+o opens it in your own editor.", "muted")],
            [],
        ]
        return [*lines, *[[(line[:400], "text")] for line in text[:8_000].split("\n")[:60]]]

    def on_text_area_changed(self) -> None:
        """Judge the text once the typing rests."""
        area = self.query_one(PlainText)
        if area.display:
            self.text = area.text
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(VERDICT_AFTER_S, self._judge)

    def _judge(self) -> None:
        parts: list[tuple[str, str]] = [(self._about, "muted")] if self._about else []
        if self._verdict is not None:
            parts = list(self._verdict(self.text))
        roles = roles_of(self)
        area = self.query_one(PlainText)
        text = "".join(part for part, _ in parts)
        area.border_subtitle = Content(text)
        role = parts[0][1] if parts else "muted"
        colour = roles.get(role).color
        area.styles.border_subtitle_color = colour.name if colour is not None and not roles.ansi else None
        self.query_one(TextPane).set_status([(text, role)] if text else ())

    def action_close(self) -> None:
        """Back, with the text if it is another one."""
        area = self.query_one(PlainText)
        text = area.text if area.display else self.text
        self.dismiss(text if text != self.before else None)

    def action_original(self) -> None:
        """Back to the text as it was."""
        self.set_text(self.before)

    def action_own_editor(self) -> None:
        """Edit it outside."""
        area = self.query_one(PlainText)
        text = area.text if area.display else self.text
        edited = self.shell.edit_outside(text, self._file_name)
        if edited is not None:
            self.set_text(edited)
