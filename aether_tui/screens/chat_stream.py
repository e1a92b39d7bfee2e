"""One conversation on the screen: what was asked goes to the session, what comes back into the transcript."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.timer import Timer

from aether_tui.core.chat import ChatEvent
from aether_tui.widgets.live_answer import (
    LiveAnswer,
    Notice,
    Pace,
    cut_notice,
    ending_words,
    failure_notice,
)
from aether_tui.widgets.message import Answer, Entry, Note, Question, figures_of
from aether_tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from aether_tui.services.chatting import ChatSession, Turn

FAST_INTERVAL_S = 0.1
SLOW_INTERVAL_S = 0.2
PHASE_INTERVAL_S = 0.5
UNDO_STEPS = 20


def paint_interval_s(env: Mapping[str, str]) -> float:
    """How often an answer is painted while it comes: over SSH half as often."""
    return SLOW_INTERVAL_S if env.get("SSH_CONNECTION") or env.get("SSH_TTY") else FAST_INTERVAL_S


class Conversation:
    """Sends, streams into the transcript, stops, takes back. `show_phase` is called when the title may change."""

    def __init__(
        self,
        screen: Screen[None],
        session: ChatSession,
        transcript: Transcript,
        show_phase: Callable[[], object],
        ended: Callable[[], object],
        retry_key: str = "r",
    ) -> None:
        self.session = session
        self.live: LiveAnswer | None = None
        self.running = False
        self._screen = screen
        self._transcript = transcript
        self._show_phase = show_phase
        self._ended = ended
        self._retry_key = retry_key
        self._pace = Pace(paint_interval_s(os.environ))
        self._paint_timer: Timer | None = None
        self._phase_shown_s = 0.0
        self._undo: list[tuple[list[Turn], Sequence[Entry]]] = []

    # Asking

    def ask(self, text: str) -> None:
        """Send a message."""
        question = Question(text, len(self.session.turns))
        self._start(self.session.send(text), question)

    def ask_instead(self, question: Question, text: str) -> None:
        """Send another text in the place of an earlier question; what followed it is dropped."""
        self._keep_for_undo()
        self._cut_from(question)
        self._start(self.session.edit_and_resend(question.turn, text), Question(text, question.turn))

    def ask_again(self) -> bool:
        """Ask the last question again, with the num_ctx that would hold it where that was the trouble."""
        question = next((entry for entry in reversed(self._transcript.entries) if isinstance(entry, Question)), None)
        if question is None or self.running:
            return False
        num_ctx = self.live.suggested_num_ctx if self.live is not None else None
        if num_ctx is not None:
            self.session.settings.set_value("num_ctx", num_ctx)
        self._keep_for_undo()
        self._transcript.cut_to(self._transcript.entries.index(question) + 1)
        self._start(self.session.resend())
        return True

    def _cut_from(self, entry: Entry) -> None:
        self._transcript.cut_to(self._transcript.entries.index(entry))

    def _start(self, events: AsyncIterator[ChatEvent], *before: Entry) -> None:
        entry = Answer()
        self.live = LiveAnswer(entry, self._retry_key)
        self.running = True
        self._transcript.roll.follows = True
        self._transcript.add(*before, entry)
        self._show_phase()
        self._screen.run_worker(self._stream(events, self.live), group="chat")

    async def _stream(self, events: AsyncIterator[ChatEvent], live: LiveAnswer) -> None:
        tick = self._screen.set_interval(1.0, self._tick)
        try:
            async for event in events:
                live.take(event)
                self._paint_soon()
        finally:
            tick.stop()
            live.stopped()
            self._say_untaken(live.entry)
            if self.live is live:
                self.running = False
            self._paint()
            self._show_phase()
            self._ended()

    def _say_untaken(self, entry: Answer) -> None:
        """A setting that did not hold is said under the answer."""
        turn = self.session.turns[-1] if self.session.turns else None
        if turn is not None and turn.untaken:
            entry.notices.append(untaken_notice(turn.untaken))

    # Painting

    def _paint_soon(self) -> None:
        if self._paint_timer is None:
            self._paint_timer = self._screen.set_timer(max(0.001, self._pace.wait_s()), self._paint)

    def _paint(self) -> None:
        if self._paint_timer is not None:
            self._paint_timer.stop()
            self._paint_timer = None
        began_s = time.perf_counter()
        if self.live is not None:
            self.live.entry.waiting = "" if self.live.is_over else self.live.phase_text()[0]
            self.live.entry.changed()
        self._transcript.update()
        if began_s - self._phase_shown_s >= PHASE_INTERVAL_S or (self.live is not None and not self.live.has_speed):
            self._phase_shown_s = began_s
            self._show_phase()
        self._pace.painted(time.perf_counter() - began_s)

    def _tick(self) -> None:
        if self.live is not None and self.live.counts_seconds:
            self._paint()

    # Ending, taking back

    def stop(self) -> bool:
        """Stop the answer that is coming; what came stays."""
        if self.running:
            self.session.stop()
        return self.running

    def clear(self) -> bool:
        """Start anew."""
        if not self._transcript.entries:
            return False
        self.stop()
        self._keep_for_undo()
        self.session.clear()
        self._transcript.replace_all([])
        return True

    @property
    def can_undo(self) -> bool:
        """Whether something that was dropped may be brought back."""
        return bool(self._undo) and not self.running

    def undo(self) -> bool:
        """Bring back what the last clear, edit or retry dropped."""
        if not self.can_undo:
            return False
        self.session.turns, entries = self._undo.pop()
        self._transcript.replace_all(entries)
        return True

    def _keep_for_undo(self) -> None:
        self._undo.append((list(self.session.turns), list(self._transcript.entries)))
        del self._undo[:-UNDO_STEPS]

    def note(self, text: str, role: str = "muted", remedy: str = "") -> None:
        """A remark of ours in the transcript."""
        self._transcript.add(Note(text, role, remedy))

    def show_turns(self, turns: Sequence[Turn]) -> None:
        """Show a conversation that was kept."""
        self._transcript.replace_all([entry_of(turn, number, self._retry_key) for number, turn in enumerate(turns)])


def untaken_notice(names: Sequence[str]) -> Notice:
    """Settings that the engine has no counterpart for."""
    return Notice("warning", f"Without {', '.join(names)}: this server has no such setting")


def entry_of(turn: Turn, number: int, retry_key: str) -> Entry:
    """A kept turn as it stands in the transcript."""
    if turn.role == "user":
        return Question(turn.content, number)
    entry = Answer(turn.content, turn.thinking, closed=True)
    entry.thinking_s = turn.thinking_s
    if turn.cut is not None:
        entry.notices.append(cut_notice(turn.cut, retry_key))
    if turn.error is not None:
        entry.notices.append(failure_notice(turn.error, retry_key))
    if turn.untaken:
        entry.notices.append(untaken_notice(turn.untaken))
    if turn.state == "stopped":
        entry.notices.append(Notice("muted", "stopped by you"))
    if turn.stats is not None:
        entry.figures = figures_of(turn.stats, ending_words(turn.done_reason, turn.stop_text)[1])
    return entry
