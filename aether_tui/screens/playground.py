"""The Playground: chat with a model, the settings of the next message beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from aether_tui.actions import actions_by_id, bindings, key_label, keys_of
from aether_tui.screens.base import WorkScreen
from aether_tui.screens.chat_draft import ChatDraft
from aether_tui.screens.chat_model import ModelChoice
from aether_tui.screens.chat_stream import Conversation
from aether_tui.widgets.chat_blocks import warm_up
from aether_tui.widgets.chat_input import ChatInput
from aether_tui.widgets.frame import Parts
from aether_tui.widgets.message import Question
from aether_tui.widgets.parameter_list import OPEN_AT_START, ParameterList
from aether_tui.widgets.parameter_rows import Shown
from aether_tui.widgets.roles import glyphs_of
from aether_tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from aether_tui.core.errors import AetherError
    from aether_tui.services.chatting import ChatSession
    from aether_tui.services.editing import EditSession

WARM_UP_AFTER_S = 0.3
STILL_COMING = "an answer is still coming; esc stops it"
THINK_WORDS = {None: "as the model does", True: "on", False: "off"}


class PlaygroundScreen(WorkScreen):
    """F5."""

    NAME = "playground"
    BINDINGS = bindings("playground")
    AUTO_FOCUS = "ChatInput"

    def __init__(self) -> None:
        super().__init__()
        self.session: ChatSession = self.shell.services.new_chat()
        self.transcript = Transcript("Playground", id="transcript")
        self.field = ChatInput(id="message")
        self.settings = ParameterList(
            self.session.settings,
            title="Settings",
            shown=Shown(OPEN_AT_START, with_from=False, texts=("SYSTEM",)),
            on_change=self._settings_changed,
            on_open=self._open_text,
            id="settings",
        )
        retry_key = self._key("playground.retry", -1)
        self.talk = Conversation(self, self.session, self.transcript, self.show_phase, self._ended, retry_key)
        self.choice = ModelChoice(self)
        self.draft = ChatDraft(self)
        self.editing: Question | None = None
        self._kept_text = ""
        self.unsent = ""
        self._arrived = False
        self._below = 0
        self._used: tuple[int, int] | None = None

    def compose_body(self) -> ComposeResult:
        with Container(classes="body", id="halves"):
            with Container(classes="chat"):
                yield self.transcript
                yield self.field
            yield self.settings

    def on_mount(self) -> None:
        """Show the state; find a model to talk to."""
        self.show_state()
        self.shell.keys_wait_for(self.field)
        self.set_timer(WARM_UP_AFTER_S, lambda: self.run_worker(warm_up, thread=True, group="warm"))

        self.run_worker(self._bring_back(), group="draft")

    async def _bring_back(self) -> None:
        """Put a message that was not sent back into the field."""
        text = await self.draft.left_behind()
        if text and not self.field.text:
            self.field.set_text(text)
            self.shell.tell("the message you were writing is back")

    async def flush(self) -> None:
        await self.draft.save()

    def on_chat_input_changed(self, event: ChatInput.Changed) -> None:
        """Keep what is being written."""
        event.stop()
        self.draft.changed(self.field.text)

    def on_screen_resume(self) -> None:
        """Take what the Editor wants tried; the first time, find a model to talk to."""
        session, self.shell.to_try = self.shell.to_try, None
        if session is not None:
            self.use(session)
        elif not self._arrived:
            self._arrived = True
            self.choice.run(self.choice.arrive())

    # The model

    async def host_changed(self) -> None:
        """Another server has other models; the conversation stays."""
        self.talk.stop()
        self.session.model = ""
        self.show_state()
        self._arrived = self.is_current
        if self.is_current:
            await self.choice.arrive()

    def use(self, session: EditSession) -> None:
        """Talk with the settings of the Editor, unsaved ones included."""
        self.session.use(session)
        self.show_session()

    def show_session(self) -> None:
        """Another model is talked to, or with other settings."""
        self.settings.show(self.session.settings)
        self._used = None
        self.show_state()

    def show_no_model(self, error: AetherError) -> None:
        """Why there is none to talk to."""
        self.transcript.show_empty(
            (f"{glyphs_of(self).error} {error.message}", "error"),
            (f"{error.remedy}; {self._key('playground.model')} asks again", "muted"),
        )

    def action_model(self) -> None:
        """Choose whom to talk to."""
        self.choice.ask()

    # Sending

    def on_chat_input_sent(self, event: ChatInput.Sent) -> None:
        """Enter was pressed in the field."""
        event.stop()
        if self.talk.running:
            self.shell.tell(STILL_COMING, "warning")
            return
        text = self.field.take()
        if self.session.model:
            self._send(text)
            return
        self.unsent = text
        if not self.choice.is_busy:
            self.action_model()

    def model_settled(self) -> None:
        """A model was found or chosen, or not: what waited for one is sent, or stands in the field again."""
        text, self.unsent = self.unsent, ""
        if text and self.session.model:
            self._send(text)
        elif text and not self.field.text:
            self.field.set_text(text)

    def _send(self, text: str) -> None:
        editing, self.editing = self.editing, None
        if editing is not None and editing in self.transcript.entries:
            self.talk.ask_instead(editing, text)
        else:
            self.talk.ask(text)
        self._show_frame()

    def action_edit(self) -> None:
        """Edit the chosen question, or the one that the chosen answer is to."""
        entries = self.transcript.entries
        entry = self.transcript.chosen_entry
        if entry is None or self.talk.running:
            return
        before = entries[: entries.index(entry) + 1]
        question = next((entry for entry in reversed(before) if isinstance(entry, Question)), None)
        if question is None:
            return
        if self.editing is None:
            self._kept_text = self.field.text
        self.editing = question
        self.field.set_text(question.text)
        self.field.focus()
        self._show_frame()

    def _leave_editing(self) -> None:
        self.editing = None
        self.field.set_text(self._kept_text)
        self._show_frame()

    def action_retry(self) -> None:
        """Ask the last question again."""
        if self.talk.ask_again():
            self._settings_changed("num_ctx")
            self.settings.refresh_values()

    def action_back(self) -> None:
        """Stop what streams; else leave the edit, the field, the settings, in that order."""
        if self.talk.stop():
            return
        if self.editing is not None:
            self._leave_editing()
        elif self.field.has_focus and self.transcript.display:
            self.transcript.focus()
        else:
            self._show_chat()
            self.field.focus()

    def stop_running(self) -> bool:
        return self.talk.stop()

    def action_clear(self) -> None:
        """Start a new conversation."""
        if self.talk.clear():
            self._used = None
            self.show_state()

    def action_undo(self) -> None:
        """Bring back what a clear, an edit or a retry dropped; in the settings, take back the last change."""
        if self.settings.has_focus:
            if self.session.settings.undo():
                self.settings.refresh_values()
                self._settings_changed("")
        elif self.talk.undo():
            self.show_state()

    def action_redo(self) -> None:
        """In the settings, do again what was taken back."""
        if self.settings.has_focus and self.session.settings.redo():
            self.settings.refresh_values()
            self._settings_changed("")

    def action_copy(self) -> None:
        """Copy what the mouse selected, else the chosen part."""
        selected = self.get_selected_text()
        part = self.transcript.chosen_part
        if selected:
            self.shell.copy_text(selected, "the selection")
        elif part is not None:
            what = {"code": "the code", "thought": "the thought"}.get(part.kind, "the message")
            self.shell.copy_text(part.text, what)

    def on_text_selected(self) -> None:
        """The mouse selected something."""
        if self.get_selected_text():
            self.shell.tell(f"{self._key('transcript.copy')} or {self._key('app.stop')} copies the selection")

    def action_think(self) -> None:
        """Thinking: as the model does, on, off."""
        order = (None, True, False)
        self.session.think = order[(order.index(self.session.think) + 1) % len(order)]
        self.shell.tell(f"thinking: {THINK_WORDS[self.session.think]}")
        self._settings_changed("")

    def action_write(self) -> None:
        """Go to the field."""
        self._show_chat()
        self.field.focus()

    def action_own_editor(self) -> None:
        """Write the message in the user's own editor."""
        edited = self.shell.edit_outside(self.field.text, "message.md")
        if edited is not None:
            self.field.set_text(edited.removesuffix("\n"))

    # Settings

    def action_view(self) -> None:
        """Show or hide the settings; on a narrow screen they take the place of the conversation."""
        halves = self.query_one("#halves")
        if self.has_class("-narrow"):
            halves.toggle_class("-other")
            shown: Widget = self.settings if halves.has_class("-other") else self.transcript
        else:
            halves.toggle_class("-alone")
            shown = self.transcript if halves.has_class("-alone") else self.settings
        self.call_after_refresh(shown.focus)

    def _show_chat(self) -> None:
        self.query_one("#halves").remove_class("-other")

    def _settings_changed(self, subject: str) -> None:
        changed = self.session.settings.changes
        parts: list[tuple[str, str]] = []
        if self.session.think is not None:
            parts.append((f"thinking {THINK_WORDS[self.session.think]}", "accent"))
        if changed:
            parts.append(((", " if parts else "") + f"{changed} changed", "accent"))
        self.settings.set_status(parts)

    def _open_text(self, keyword: str) -> None:
        from aether_tui.screens.text_page import TextPage

        text = self.session.settings.document.get(keyword) or ""
        page = TextPage("System prompt", text, file_name="system.md", about="sent before the conversation")
        self.app.push_screen(page, lambda edited: self._take_text(keyword, edited))

    def _take_text(self, keyword: str, text: str | None) -> None:
        if text is not None:
            self.session.settings.set_instruction(keyword, text or None)
            self.settings.refresh_values()
            self._settings_changed(keyword)

    # Showing

    def show_state(self) -> None:
        """Show whom one talks to, and what stands in place of a conversation."""
        name = self.session.model
        self.transcript.set_title(name or "Playground")
        self.field.set_placeholder(f"Ask {name}" if name else "Ask a model")
        first = f"Ask {name} something" if name else "No model is chosen yet"
        second = "enter sends, ctrl+j begins a new line"
        if not name:
            second = f"esc, then {self._key('playground.model')} chooses one; enter in the field does too"
        elif self.talk.can_undo:
            second = f"the conversation is cleared; esc, then {self._key('playground.undo')} brings it back"
        self.transcript.show_empty((first, "text"), (second, "muted"))
        self._settings_changed("")
        self.show_phase()
        self._show_frame()

    def show_phase(self) -> None:
        """The right end of the title, and the speed in the top bar."""
        live = self.talk.live
        if live is None or not self.transcript.entries:
            self.transcript.set_status(())
            return
        self.transcript.set_status([live.phase_text()])
        if live.stats is not None and live.stats.prompt_tokens is not None:
            self._note_context(live.stats.prompt_tokens + (live.stats.answer_tokens or 0))
        speed = live.speed_text()
        if speed:
            self.shell.show_top(speed=speed)
        self.refresh_bindings()

    def _ended(self) -> None:
        """An answer is over: another model may be in memory now, or the server gone."""
        self.run_worker(self._look_at_host(), group="loaded", exclusive=True)

    async def _look_at_host(self) -> None:
        self.shell.take_back(STILL_COMING)
        live, hosts = self.talk.live, self.shell.services.hosts
        was_away = hosts.last_status is not None and not hosts.last_status.reachable
        if was_away or (live is not None and live.failure is not None):
            self.shell.show_host(await hosts.status())
        await self.shell.refresh_loaded()

    def _note_context(self, used: int) -> None:
        num_ctx = self.session.settings.effective_value("num_ctx")
        context = (used, num_ctx if isinstance(num_ctx, int) else 0)
        if context != self._used:
            self._used = context
            self._show_frame()

    def _show_frame(self) -> None:
        """The line between the conversation and the field."""
        glyphs = glyphs_of(self)
        title = "editing, esc leaves it as it was" if self.editing is not None else ""
        status: Parts = ()
        if self._below:
            status = [(f"{glyphs.down} {self._below:,} lines below", "warning")]
        elif self._used is not None:
            used, most = self._used
            status = [(f"context {used:,} of {most:,} tokens" if most else f"context {used:,} tokens", "muted")]
        self.field.set_frame(title, status)

    def on_transcript_below(self, event: Transcript.Below) -> None:
        """More is below than is seen."""
        event.stop()
        self._below = event.rows
        self._show_frame()

    def on_descendant_focus(self) -> None:
        """The frame of the conversation has the accent while keys go to it or to its field."""
        self._light()

    def on_descendant_blur(self) -> None:
        """See `on_descendant_focus`."""
        self._light()

    def _light(self) -> None:
        lit = self.focused in (self.transcript, self.field) or not self.app.app_focus
        if lit != self.transcript.lit:
            self.transcript.lit = lit
            self.transcript.redraw()
            self.field.set_lit(lit)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        if action == "retry":
            return bool(self.session.turns) and not self.talk.running
        if action == "edit":
            return bool(self.transcript.entries) and not self.talk.running
        return True

    def _key(self, name: str, which: int = 0) -> str:
        keys = keys_of(actions_by_id()[name], self.shell.settings.keys)
        return key_label(keys[which]) if keys else "the palette"
