"""What every streamed answer needs: when it entered which phase, and what to say of a prompt too long."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from aether_tui.core.chat import ChatEvent, ParameterValue, Phase, PhaseChanged, PromptCut, TextDelta, ThinkingDelta
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.parameters import all_specs
from aether_tui.engines.think_tags import ThinkSplitter

ANSWER_ROOM_TOKENS = 512
MAX_ANSWER_ROOM_TOKENS = 4096
STEP_TOKENS = 4096


class Answer:
    """One answer while it comes in: turns pieces into events and measures by the clock of this machine."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.first_piece_s: float | None = None
        self.last_piece_s: float | None = None
        self.pieces = 0
        self._phase: Phase | None = None
        self._splitter: ThinkSplitter | None = ThinkSplitter()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the question was asked."""
        return time.monotonic() - self.started

    def enter(self, phase: Phase) -> Iterator[ChatEvent]:
        """The event of a phase that is new."""
        if phase is not self._phase:
            self._phase = phase
            yield PhaseChanged(phase)

    def reading(self, done_tokens: int, total_tokens: int) -> PhaseChanged:
        """How far the prompt is read."""
        self._phase = Phase.READING
        return PhaseChanged(Phase.READING, done_tokens, total_tokens)

    def take(self, thinking: str, text: str) -> Iterator[ChatEvent]:
        """The events of one piece. A thought that the server left in the text, in its tags, is told apart."""
        if not thinking and not text:
            return
        self._note_time()
        if thinking:
            # The server tells thoughts apart itself.
            self._splitter = None
            yield from self._thought(thinking)
        if self._splitter is None:
            yield from self._text(text)
            return
        for is_thought, part in self._splitter.feed(text):
            yield from self._thought(part) if is_thought else self._text(part)

    def end(self) -> Iterator[ChatEvent]:
        """What was held back because it could have become a tag."""
        if self._splitter is not None:
            for is_thought, part in self._splitter.end():
                yield from self._thought(part) if is_thought else self._text(part)

    def _thought(self, text: str) -> Iterator[ChatEvent]:
        if text:
            yield from self.enter(Phase.THINKING)
            yield ThinkingDelta(text)

    def _text(self, text: str) -> Iterator[ChatEvent]:
        if text:
            yield from self.enter(Phase.ANSWERING)
            yield TextDelta(text)

    def _note_time(self) -> None:
        now = self.elapsed_s
        if self.first_piece_s is None:
            self.first_piece_s = now
        self.last_piece_s = now
        self.pieces += 1


def per_second(count: int | None, nanoseconds: int) -> float | None:
    """Tokens per second; None where one of the two is missing or zero."""
    return count / nanoseconds * 1e9 if count and nanoseconds > 0 else None


def suggested_num_ctx(prompt_tokens: int, parameters: Mapping[str, ParameterValue]) -> int:
    """The next step of num_ctx that holds the prompt and some answer."""
    wanted = parameters.get("num_predict")
    room = ANSWER_ROOM_TOKENS
    if isinstance(wanted, int) and wanted > 0:
        room = min(wanted, MAX_ANSWER_ROOM_TOKENS)
    needed = prompt_tokens + room
    ladder = all_specs()["num_ctx"].ladder
    return next((step for step in ladder if step >= needed), -(-needed // STEP_TOKENS) * STEP_TOKENS)


def pushed_out(
    prompt_tokens: int, answer_tokens: int, num_ctx: int | None, parameters: Mapping[str, ParameterValue]
) -> PromptCut | None:
    """The alarm for an answer so long that the beginning of the conversation left the context."""
    whole = prompt_tokens + answer_tokens
    if not num_ctx or whole <= num_ctx:
        return None
    return PromptCut(whole, num_ctx, num_ctx, suggested_num_ctx(whole, parameters))


def context_exceeded(
    sent_tokens: int | None,
    num_ctx: int | None,
    parameters: Mapping[str, ParameterValue],
    *,
    estimated: bool = False,
    remedy: str = "Set num_ctx to {suggested}, or shorten the conversation",
) -> AetherError:
    """A prompt that does not fit; nothing of it was answered. Details hold the figures and the num_ctx to take.

    `remedy` may name that num_ctx as {suggested}.
    """
    details: dict[str, object] = {"sent_tokens": sent_tokens, "num_ctx": num_ctx, "sent_estimated": estimated}
    if sent_tokens is None:
        message = "The prompt is longer than the context"
        return AetherError(ErrorCode.CONTEXT_EXCEEDED, message, "Raise num_ctx, or shorten it", details)
    suggested = suggested_num_ctx(sent_tokens, parameters)
    details["suggested_num_ctx"] = suggested
    size = f"{'~' if estimated else ''}{sent_tokens:,} tokens"
    limit = f", the context holds {num_ctx:,}" if num_ctx else ", more than the context holds"
    return AetherError(
        ErrorCode.CONTEXT_EXCEEDED,
        f"The prompt has {size}{limit}; nothing was cut and nothing answered",
        remedy.format(suggested=suggested),
        details,
    )
