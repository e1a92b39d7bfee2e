"""What Ollama answers, as models. Zero values are missing from its JSON, and newer versions add fields."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from aether_tui.engines.base_wire import Answer, AnswerT, checked


class Version(Answer):
    """`GET /api/version`."""

    version: str


class Details(Answer):
    """What a model is made of, as lists and `/api/show` tell it."""

    parent_model: str = ""
    format: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization_level: str = ""
    context_length: int | None = None


class ListedModel(Answer):
    """One entry of `/api/tags` and `/api/ps`; bytes."""

    name: str
    size: int = 0
    digest: str = ""
    modified_at: str = ""
    details: Details = Field(default_factory=Details)
    capabilities: list[str] | None = None
    size_vram: int = 0
    context_length: int | None = None
    expires_at: str = ""


class ModelList(Answer):
    """`GET /api/tags` and `GET /api/ps`."""

    models: list[ListedModel] | None = None


class ShownMessage(Answer):
    """A message that belongs to a model."""

    role: str = ""
    content: str = ""


class Shown(Answer):
    """`POST /api/show`."""

    license: str = ""
    modelfile: str = ""
    parameters: str = ""
    template: str = ""
    system: str = ""
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    details: Details = Field(default_factory=Details)
    messages: list[ShownMessage] | None = None
    model_info: dict[str, Any] | None = None
    capabilities: list[str] | None = None
    modified_at: str = ""


class LastLine(Answer):
    """The line of a chat or generate stream that has `done`; durations in nanoseconds."""

    done_reason: str = ""
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int = 0
    prompt_eval_cached_count: int | None = None
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0


class ProgressLine(Answer):
    """One line of pull, push and create; bytes."""

    status: str = ""
    total: int | None = None
    completed: int | None = None
    error: str = ""


class Embeddings(Answer):
    """`POST /api/embed`."""

    embeddings: list[list[float]] | None = None


class DebugInfo(Answer):
    """The prompt as the model would get it."""

    rendered_template: str = ""


class Rendered(Answer):
    """A chat with `_debug_render_only`."""

    debug_info: DebugInfo = Field(default_factory=DebugInfo, alias="_debug_info")


def read(model: type[AnswerT], value: object) -> AnswerT:
    """The answer as a model. Raises AetherError that names the field which isn't as expected."""
    return checked(model, value, "Ollama", "Check that the address is that of an Ollama server")
