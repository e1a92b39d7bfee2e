"""What llama-server and OpenAI-compatible servers answer, as models; each server leaves out what it likes."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from aether_tui.engines.base_wire import Answer, AnswerT, checked


class PromptTokens(Answer):
    """Of which part of the prompt came from a cache."""

    cached_tokens: int | None = None


class Usage(Answer):
    """Token counts of one answer."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptTokens | None = None


class Timings(Answer):
    """llama-server's own figures; milliseconds."""

    cache_n: int | None = None
    prompt_n: int = 0
    prompt_ms: float = 0.0
    predicted_n: int = 0
    predicted_ms: float = 0.0


class ModelMeta(Answer):
    """What llama-server adds to a listed model; bytes."""

    n_ctx: int | None = None
    n_ctx_train: int | None = None
    n_params: int | None = None
    size: int | None = None
    ftype: str = ""


class ListedModel(Answer):
    """One entry of `/v1/models`."""

    id: str
    meta: ModelMeta | None = None
    context_window: int | None = None
    max_model_len: int | None = None


class ModelList(Answer):
    """`GET /v1/models`."""

    data: list[ListedModel]


class GenerationSettings(Answer):
    """The part of `/props` that tells the context of one slot."""

    n_ctx: int | None = None


class Props(Answer):
    """llama-server's `GET /props`."""

    default_generation_settings: GenerationSettings = Field(default_factory=GenerationSettings)
    total_slots: int = 1
    model_path: str = ""
    model_ftype: str = ""
    chat_template: str = ""
    build_info: str = ""
    modalities: dict[str, Any] = Field(default_factory=dict)


class Prompt(Answer):
    """llama-server's `POST /apply-template`."""

    prompt: str


class Tokens(Answer):
    """llama-server's `POST /tokenize`."""

    tokens: list[int]


def read(model: type[AnswerT], value: object) -> AnswerT:
    """The answer as a model. Raises AetherError that names the field which isn't as expected."""
    return checked(model, value, "The server", "Check host and port, and the kind of this host")
