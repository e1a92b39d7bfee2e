"""What a conversation is made of: messages, a request, and the typed events of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aether_tui.core.errors import AetherError
from aether_tui.core.messages import Message as Message
from aether_tui.core.messages import ParameterValue as ParameterValue
from aether_tui.core.messages import Role as Role


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to an engine. `parameters` are keyed by our ids (DESIGN.md, section 4).

    `think` None leaves it to the engine. `template` is Jinja text, `adapter` the path of a LoRA in GGUF form; only an
    engine that loads the model itself takes these two.
    """

    model: str
    messages: Sequence[Message]
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    think: bool | None = None
    template: str | None = None
    adapter: str = ""
    output_schema: Mapping[str, object] | None = None
    keep_alive_s: int | None = None
    top_logprobs: int = 0
    guard_context: bool = True


class Phase(StrEnum):
    """Where an answer stands; the words are what the screen shows."""

    LOADING = "loading"
    READING = "reading"
    THINKING = "thinking"
    ANSWERING = "answering"


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """The answer entered a phase; token counts only where the engine tells them."""

    phase: Phase
    done_tokens: int | None = None
    total_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of thought."""

    text: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of answer."""

    text: str


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token, its log probability, and the runners-up."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class LogprobsDelta:
    """Log probabilities of the tokens just sent."""

    tokens: tuple[TokenLogprob, ...]


@dataclass(frozen=True, slots=True)
class ChatStats:
    """Figures of one answer; None where the engine does not tell. Speeds come from engine nanoseconds."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    answer_tokens: int | None = None
    tokens_per_s: float | None = None
    prompt_tokens_per_s: float | None = None
    time_to_first_token_s: float | None = None
    load_s: float | None = None
    total_s: float | None = None


@dataclass(frozen=True, slots=True)
class PromptCut:
    """The engine dropped part of the prompt. Counts in tokens; `suggested_num_ctx` would hold it all."""

    sent_tokens: int | None
    kept_tokens: int
    num_ctx: int | None
    suggested_num_ctx: int | None


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of an answer that ended. `done_reason`: stop, length, repetition, load, unload, ..."""

    stats: ChatStats
    done_reason: str
    stop_text: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of an answer that broke; what came before stays valid."""

    error: AetherError


ChatEvent = PhaseChanged | ThinkingDelta | TextDelta | LogprobsDelta | PromptCut | Finished | Failed
