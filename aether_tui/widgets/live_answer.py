"""The answer that is coming in: its phase in words, its speed, when to paint again, and how it ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from aether_tui.core.chat import (
    ChatEvent,
    ChatStats,
    Failed,
    Finished,
    LogprobsDelta,
    Phase,
    PhaseChanged,
    PromptCut,
    TextDelta,
    ThinkingDelta,
)
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.units import speed
from aether_tui.widgets.chat_rows import clean_lines
from aether_tui.widgets.message import Answer, Notice, figures_of

__all__ = ["LiveAnswer", "Notice", "Pace", "cut_notice", "ending_words", "failure_notice"]

SPEED_WINDOW_S = 3.0
MIN_SPEED_SPAN_S = 0.4
BUSY_SHARE = 0.1
"""The part of the time that painting an answer may take: a long one is painted less often."""


class Pace:
    """When to paint next: not before an interval has gone, nor so often that painting is all that is done."""

    def __init__(self, interval_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._next_s = 0.0

    def wait_s(self) -> float:
        """Seconds until the next painting may start; 0 for at once."""
        return max(0.0, self._next_s - self._clock())

    def painted(self, took_s: float) -> None:
        """A painting is done."""
        self._next_s = self._clock() + max(self._interval_s, took_s / BUSY_SHARE)


class LiveAnswer:
    """Follows the events of one answer and keeps its entry up to date."""

    def __init__(self, entry: Answer, retry_key: str = "r", clock: Callable[[], float] = time.monotonic) -> None:
        self.entry = entry
        self.phase: Phase | None = None
        self.ending = ""
        self.ending_role = "muted"
        self.stats: ChatStats | None = None
        self.suggested_num_ctx: int | None = None
        self.failure: AetherError | None = None
        self._retry_key = retry_key
        self._clock = clock
        self._phase_since_s = clock()
        self._read: tuple[int | None, int | None] = (None, None)
        self._pieces: deque[float] = deque()
        self._thought_since_s: float | None = None
        self._cut_at_limit = False

    @property
    def is_over(self) -> bool:
        """Whether the last event came."""
        return bool(self.ending)

    def take(self, event: ChatEvent) -> None:
        """Note one event."""
        match event:
            case TextDelta(text):
                self._enter(Phase.ANSWERING)
                self._count(1)
                self.entry.add_text(text)
            case ThinkingDelta(text):
                self._enter(Phase.THINKING)
                self._count(1)
                self.entry.add_thinking(text)
            case PhaseChanged(phase, done, total):
                self._enter(phase)
                self._read = (done, total)
            case PromptCut():
                self._cut(event)
            case Finished(stats, reason, stop_text):
                self._finish(stats, reason, stop_text)
            case Failed(error):
                self._fail(error)
            case LogprobsDelta():
                pass

    def stopped(self) -> None:
        """The user stopped it, or it ended without a last event; what came stays."""
        if self.is_over:
            return
        self._end("stopped", "muted")
        self.entry.notices.append(Notice("muted", "stopped by you"))
        self.entry.close()

    def phase_text(self) -> tuple[str, str]:
        """What the title says, and the role it is drawn in."""
        if self.ending:
            return self.ending, self.ending_role
        match self.phase:
            case None | Phase.LOADING:
                word = "loading" if self.phase else "waiting"
                waited_s = int(self._clock() - self._phase_since_s)
                return (f"{word} {waited_s} s" if waited_s else word), "text"
            case Phase.READING:
                return self._reading_text(), "text"
            case Phase.THINKING:
                return f"thinking {self.speed_text()}".rstrip(), "text"
            case Phase.ANSWERING:
                return f"answering {self.speed_text()}".rstrip(), "text"

    @property
    def counts_seconds(self) -> bool:
        """Whether the title changes by itself once a second."""
        return not self.ending and self.phase in (None, Phase.LOADING)

    @property
    def has_speed(self) -> bool:
        """Whether the title changes with every token."""
        return not self.ending and self.phase in (Phase.THINKING, Phase.ANSWERING) and len(self._pieces) > 1

    def speed_text(self) -> str:
        """Tokens per second of the last moments; "" as long as there is too little to tell."""
        if self.stats is not None and self.stats.tokens_per_s is not None:
            return speed(self.stats.tokens_per_s)
        if len(self._pieces) < 2:
            return ""
        span_s = self._pieces[-1] - self._pieces[0]
        return speed((len(self._pieces) - 1) / span_s) if span_s >= MIN_SPEED_SPAN_S else ""

    def _reading_text(self) -> str:
        done, total = self._read
        if not total:
            return "reading"
        share = f" {100 * (done or 0) // total} %" if done is not None else ""
        return f"reading {total:,} tokens{share}"

    def _enter(self, phase: Phase) -> None:
        if phase is self.phase:
            return
        now = self._clock()
        if phase is Phase.THINKING and self._thought_since_s is None:
            self._thought_since_s = now
        if self.phase is Phase.THINKING:
            self._thought_over(now)
        self.phase, self._phase_since_s = phase, now
        self._pieces.clear()

    def _thought_over(self, now: float) -> None:
        if self._thought_since_s is not None:
            self.entry.thinking_s = now - self._thought_since_s
            self.entry.is_thinking = False

    def _count(self, tokens: int) -> None:
        now = self._clock()
        self._pieces.extend([now] * tokens)
        while self._pieces[0] < now - SPEED_WINDOW_S:
            self._pieces.popleft()

    def _cut(self, cut: PromptCut) -> None:
        self.suggested_num_ctx = cut.suggested_num_ctx
        self.entry.notices.append(cut_notice(cut, self._retry_key))
        self._cut_at_limit = True

    def _finish(self, stats: ChatStats, reason: str, stop_text: str) -> None:
        self.stats = stats
        word, ending = ending_words(reason, stop_text)
        if self._cut_at_limit or reason == "length":
            self._end("cut off", "warning")
        else:
            self._end(word, "muted")
        self.entry.figures = figures_of(stats, ending)
        self.entry.close()

    def _fail(self, error: AetherError) -> None:
        self.failure = error
        self._end("failed", "error")
        suggested = error.details.get("suggested_num_ctx")
        if error.code is ErrorCode.CONTEXT_EXCEEDED and isinstance(suggested, int):
            self.suggested_num_ctx = suggested
        self.entry.notices.append(failure_notice(error, self._retry_key))
        self.entry.close()

    def _end(self, word: str, role: str) -> None:
        if self.phase is Phase.THINKING:
            self._thought_over(self._clock())
        self.ending, self.ending_role = word, role


def ending_words(reason: str, stop_text: str) -> tuple[str, str]:
    """The word in the title and the last figure of an answer that ended."""
    if reason == "stop":
        shown = clean_lines(stop_text).replace("\n", "⏎")
        return "done", f"stopped at {shown}" if shown else ""
    words = {"length": "cut off at the length limit", "repetition": "stopped: it repeated itself", "": ""}
    return "done", words.get(reason, f"ended: {reason}")


def cut_notice(cut: PromptCut, retry_key: str) -> Notice:
    """The alarm of a prompt that the engine shortened unasked."""
    sent = f"{cut.sent_tokens:,} tokens sent, " if cut.sent_tokens is not None else ""
    limit = f" (num_ctx {cut.num_ctx})" if cut.num_ctx else ""
    text = f"The prompt was cut: {sent}{cut.kept_tokens:,} kept{limit}"
    if cut.suggested_num_ctx is None:
        return Notice("warning", text, "Raise num_ctx, or shorten the conversation")
    return Notice("warning", text, widen_offer(cut.suggested_num_ctx, retry_key))


def failure_notice(error: AetherError, retry_key: str) -> Notice:
    """A failure in the transcript: what, what to do, and the key that tries again."""
    suggested = error.details.get("suggested_num_ctx")
    if error.code is ErrorCode.CONTEXT_EXCEEDED and isinstance(suggested, int):
        return Notice("error", error.message, widen_offer(suggested, retry_key))
    again = f"{retry_key} sends it again"
    if error.remedy.endswith("send again"):
        return Notice("error", error.message, f"{error.remedy} ({retry_key})")
    return Notice("error", error.message, f"{error.remedy}; {again}" if error.remedy else again)


def widen_offer(num_ctx: int, retry_key: str) -> str:
    """The way out of a context that is too small."""
    return f"{retry_key} sets num_ctx to {num_ctx}, which would hold it, and sends again"
