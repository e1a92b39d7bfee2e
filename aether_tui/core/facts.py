"""What is known of a model that its parameters depend on, from a server's answer or a file's header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError
from aether_tui.core.messages import ParameterValue
from aether_tui.core.parameters import ParameterSpec, all_specs, find, parse_value

if TYPE_CHECKING:
    from aether_tui.core.gguf import GgufHeader
    from aether_tui.core.inventory import ModelDetails


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model that parameters depend on.

    `sampling` (from the file) and `engine_parameters` (from Ollama) are keyed by parameter id. `metadata` are GGUF
    keys. `from_gguf` says that a file's header was read, not a server asked.
    """

    name: str = ""
    architecture: str = ""
    family: str = ""
    context_length_tokens: int | None = None
    block_count: int | None = None
    sampling: Mapping[str, ParameterValue] = field(default_factory=dict)
    engine_parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    chat_template: str = ""
    template: str = ""
    capabilities: tuple[str, ...] = ()
    from_gguf: bool = False
    path: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)


def facts_from_details(details: ModelDetails) -> ModelFacts:
    """The facts in what an engine says of a model."""
    metadata = details.metadata
    architecture = details.architecture or str(metadata.get("general.architecture", ""))
    return ModelFacts(
        name=details.name,
        architecture=architecture,
        family=details.summary.family,
        context_length_tokens=details.summary.context_length_tokens or _count(metadata, architecture, "context_length"),
        block_count=_count(metadata, architecture, "block_count"),
        sampling=_file_sampling(metadata),
        engine_parameters=_own_parameters(details.parameters),
        chat_template=details.chat_template,
        template=details.template,
        capabilities=details.summary.capabilities,
        path=details.summary.path,
        metadata=metadata,
    )


def facts_from_header(header: GgufHeader, name: str, path: str) -> ModelFacts:
    """The facts in the header of a GGUF file."""
    metadata = header.metadata
    architecture = str(metadata.get("general.architecture", ""))
    return ModelFacts(
        name=name,
        architecture=architecture,
        family=architecture,
        context_length_tokens=_count(metadata, architecture, "context_length"),
        block_count=_count(metadata, architecture, "block_count"),
        sampling=_file_sampling(metadata),
        chat_template=str(metadata.get("tokenizer.chat_template", "")),
        from_gguf=True,
        path=path,
        metadata=metadata,
    )


def _count(metadata: Mapping[str, object], architecture: str, key: str) -> int | None:
    value = metadata.get(f"{architecture}.{key}")
    return int(value) if isinstance(value, int | float) and value > 0 else None


def _file_sampling(metadata: Mapping[str, object]) -> dict[str, ParameterValue]:
    """The sampling values that a file carries (general.sampling.*), by parameter id."""
    if not any(key.startswith("general.sampling.") for key in metadata):
        return {}
    values: dict[str, ParameterValue] = {}
    for spec in all_specs().values():
        value = metadata.get(spec.names.get("gguf", ""))
        if isinstance(value, int | float) and not isinstance(value, bool):
            values[spec.id] = int(value) if spec.type == "int" else float(f"{value:.7g}")
    return values


def _own_parameters(parameters: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
    """Ollama's own params by id. Create stores them unchecked, so what is no value of its type stays as it is."""
    values: dict[str, ParameterValue] = {}
    for name, value in parameters.items():
        spec = find(name, "ollama")
        values[spec.id if spec else name] = _as_served(spec, value) if spec and isinstance(value, str) else value
    return values


def _as_served(spec: ParameterSpec, text: str) -> ParameterValue:
    """A text as Ollama's server reads it: it takes 1e6 for a whole number, and cuts 1.9 to 1."""
    try:
        if spec.type in ("int", "float"):
            number = float(text)
            return int(number) if spec.type == "int" else number
        return parse_value(spec, text)
    except (ValueError, OverflowError, AetherError):
        return text
