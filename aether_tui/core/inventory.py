"""What engines report: their state, the models they have, and what is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aether_tui.core.kinds import EngineKind as EngineKind
from aether_tui.core.messages import Message, ParameterValue


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Whether an engine answers, and what it is. `version` is "" where the engine has none."""

    kind: EngineKind
    address: str
    reachable: bool
    version: str = ""
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One model that an engine can serve. `name` is what the engine takes; `path` only for files."""

    name: str
    size_bytes: int | None = None
    digest: str = ""
    modified_at: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization: str = ""
    context_length_tokens: int | None = None
    capabilities: tuple[str, ...] = ()
    path: str = ""


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """All that is known of one model: from `/api/show`, or from a GGUF header.

    `parameters` keep the engine's own names and text values (stop is a tuple). `metadata` are GGUF keys.
    """

    name: str
    summary: ModelSummary
    architecture: str = ""
    parent: str = ""
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    template: str = ""
    chat_template: str = ""
    system: str = ""
    license: str = ""
    messages: Sequence[Message] = ()
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    modelfile: str = ""
    weights_digests: tuple[str, ...] = ()
    adapter_digests: tuple[str, ...] = ()
    draft_digests: tuple[str, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """One model in memory; bytes as the engine tells them."""

    name: str
    size_bytes: int | None = None
    vram_bytes: int | None = None
    context_length_tokens: int | None = None
    expires_at: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a long action. `total_bytes` None where there is nothing to count."""

    text: str
    done_bytes: int | None = None
    total_bytes: int | None = None
