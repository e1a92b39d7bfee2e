"""An installed model written as a Modelfile that can be edited and created from again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from aether_tui.core.errors import AetherError
from aether_tui.core.inventory import ModelDetails
from aether_tui.core.messages import ParameterValue
from aether_tui.core.modelfile.document import Modelfile, parse
from aether_tui.core.modelfile.quoting import spell
from aether_tui.core.parameters import all_specs

# What Ollama shows for a model without a template: since 0.30 the GGUF's own one is used then.
_NO_TEMPLATE = "{{ .Prompt }}"
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE]\+\d+")


def document_from_details(details: ModelDetails, base: ModelDetails | None) -> Modelfile:
    """The Modelfile of an installed model. FROM is `base`, where that has the same weights, else the model itself.

    What the base has just the same is left out where writing it again would do harm (LICENSE adds up) or only take
    room (TEMPLATE, RENDERER, PARSER, REQUIRES).
    """
    if base is not None and not _same_weights(details, base):
        base = None
    lines, unwritable = _lines(details, base)
    if unwritable and base is not None:
        # What no file can hold must come from the model itself.
        base = None
        lines, unwritable = _lines(details, None)
    notes = [f"# {what} stays as it is in {details.name}: a Modelfile cannot hold this text" for what in unwritable]
    source = spell(base.name if base is not None else details.name)
    return parse("\n".join([*notes, f"FROM {source}", *lines, ""]))


def _same_weights(details: ModelDetails, base: ModelDetails) -> bool:
    """Whether creating from the base gives the same weights; a quantized or merged child has other ones."""
    return details.weights_digests == base.weights_digests and details.adapter_digests == base.adapter_digests


def _lines(details: ModelDetails, base: ModelDetails | None) -> tuple[list[str], list[str]]:
    """The instructions behind FROM, and what could not be written."""
    lines: list[str] = []
    unwritable: list[str] = []
    for head, value in _entries(details, base):
        try:
            lines.append(f"{head} {spell(value)}")
        except AetherError:
            unwritable.append(head)
    return lines, unwritable


def _entries(details: ModelDetails, base: ModelDetails | None) -> Iterator[tuple[str, str]]:
    for name in sorted(details.parameters, key=_place):
        for value in _texts(name, details.parameters[name]):
            yield f"PARAMETER {name}", value
    if details.template not in ("", _NO_TEMPLATE) and (base is None or details.template != base.template):
        yield "TEMPLATE", details.template
    if details.system:
        yield "SYSTEM", details.system
    for keyword in ("renderer", "parser", "requires"):
        value = getattr(details, keyword)
        if value and (base is None or value != getattr(base, keyword)):
            yield keyword.upper(), value
    for message in details.messages:
        yield f"MESSAGE {message.role}", message.content
    # Licences of the file are added to those of FROM, so only what the base has not is written.
    if base is not None and (own := details.license.removeprefix(base.license).strip("\n")):
        yield "LICENSE", own


def _place(name: str) -> tuple[int, str]:
    """Where a parameter stands: in the order of our data, what that does not know behind it."""
    for place, spec in enumerate(all_specs().values()):
        if spec.names.get("ollama") == name:
            return place, name
    return len(all_specs()), name


def _texts(name: str, value: ParameterValue) -> tuple[str, ...]:
    """A value as PARAMETER lines hold it."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return ("true" if value else "false",)
    text = str(value)
    # Ollama shows whole numbers from a million on as 1.234567e+06, and then does not take them so.
    if _SCIENTIFIC.fullmatch(text) and (number := Decimal(text)) == number.to_integral_value():
        return (str(int(number)),)
    return (text,)
