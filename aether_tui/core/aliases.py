"""Aliases: named configurations of a model, as YAML data and as Modelfiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.messages import Message, ParameterValue
from aether_tui.core.parameters import engine_name, find, format_value, parse_value, typed_value

if TYPE_CHECKING:
    from aether_tui.core.modelfile.document import Modelfile


@dataclass(frozen=True, slots=True)
class Alias:
    """One alias. Parameters are keyed as written; `extras` are keys that we don't use and never drop."""

    alias: str
    model: str = ""
    context_params: Mapping[str, ParameterValue] = field(default_factory=dict)
    request_params: Mapping[str, ParameterValue] = field(default_factory=dict)
    system: str = ""
    template: str = ""
    adapter: str = ""
    messages: Sequence[Message] = ()
    extras: Mapping[str, object] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, ParameterValue]:
        """Load and request parameters together, keyed by our ids where we know the name."""
        both = {**self.context_params, **self.request_params}
        return {(spec.id if (spec := find(name)) else name): value for name, value in both.items()}


def alias_from_data(data: object) -> Alias:
    """Check decoded YAML. Raises AetherError ALIAS_INVALID that names the key."""
    from pydantic import ValidationError

    from aether_tui.core.alias_file import AliasFile

    try:
        shape = AliasFile.model_validate(data)
    except ValidationError as error:
        raise _wrong_shape([str(part) for part in error.errors()[0]["loc"]], error.errors()[0]["msg"]) from error
    return Alias(
        alias=shape.alias,
        model=shape.model,
        context_params=_typed("context_params", shape.context_params),
        request_params=_typed("request_params", shape.request_params),
        system=shape.system,
        template=shape.template,
        adapter=shape.adapter,
        messages=tuple(Message(message.role, message.content) for message in shape.messages),
        extras=shape.model_extra or {},
    )


def _wrong_shape(place: list[str], reason: str) -> AetherError:
    if place and place[0] in ("context_params", "request_params") and len(place) > 1:
        # What follows the name are the types that were tried one after the other.
        place, reason = place[:2], "must be a number, a text, true, false, or a list"
    where = ".".join(place) or "the file"
    return AetherError(
        ErrorCode.ALIAS_INVALID, f"{where}: {reason[:1].lower()}{reason[1:]}", "Mend that key", {"key": where}
    )


def _typed(place: str, values: Mapping[str, object]) -> dict[str, ParameterValue]:
    """Decoded values as their parameters' types; those of unknown parameters as they are."""
    typed: dict[str, ParameterValue] = {}
    for name, value in values.items():
        spec = find(name)
        try:
            typed[name] = typed_value(spec, value) if spec is not None else _plain(value)
        except AetherError as error:
            details = {**error.details, "key": f"{place}.{name}"}
            raise AetherError(
                ErrorCode.ALIAS_INVALID, f"{place}.{name}: {error.message}", error.remedy, details
            ) from error
    return typed


def _plain(value: object) -> ParameterValue:
    if isinstance(value, bool | int | float | str):
        return value
    return tuple(str(item) for item in value) if isinstance(value, list) else str(value)


def alias_to_data(alias: Alias) -> dict[str, object]:
    """The YAML mapping of an alias; empty keys are left out, unknown ones come last."""
    data: dict[str, object] = {"alias": alias.alias}
    if alias.model:
        data["model"] = alias.model
    for key, values in (("context_params", alias.context_params), ("request_params", alias.request_params)):
        if values:
            data[key] = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    for key, text in (("system", alias.system), ("template", alias.template), ("adapter", alias.adapter)):
        if text:
            data[key] = text
    if alias.messages:
        data["messages"] = [{"role": message.role, "content": message.content} for message in alias.messages]
    return {**data, **alias.extras}


def alias_from_document(document: Modelfile, name: str, model: str) -> Alias:
    """The alias that says what a Modelfile says. Raises AetherError on a value that doesn't parse."""
    context: dict[str, ParameterValue] = {}
    request: dict[str, ParameterValue] = {}
    for written, values in document.parameters.items():
        spec = find(written)
        if spec is None:
            request[written] = values[-1]
            continue
        target = context if spec.scope == "load" else request
        target[spec.id] = tuple(values) if spec.type == "list" else parse_value(spec, values[-1])
    return Alias(
        alias=name,
        model=model,
        context_params=context,
        request_params=request,
        system=document.get("SYSTEM") or "",
        template=document.get("TEMPLATE") or "",
        adapter=document.get("ADAPTER") or "",
        messages=tuple(document.messages),
    )


def document_from_alias(alias: Alias) -> Modelfile:
    """The Modelfile that says what an alias says."""
    from aether_tui.core.modelfile.document import new_document

    document = new_document(alias.model)
    for name, value in alias.parameters.items():
        spec = find(name)
        written = engine_name(spec.id, "ollama") or spec.id if spec else name
        values = value if isinstance(value, tuple) else (format_value(spec, value) if spec else str(value),)
        document = document.with_parameter(written, values)
    for keyword, text in (("SYSTEM", alias.system), ("TEMPLATE", alias.template), ("ADAPTER", alias.adapter)):
        if text:
            document = document.with_instruction(keyword, text)
    return document.with_messages(alias.messages) if alias.messages else document


def merged(old: Alias | None, new: Alias) -> Alias:
    """`new`, with the keys of `old` that we don't use kept."""
    return new if old is None else replace(new, extras={**old.extras, **new.extras})
