"""`/api/show` read: parameters printed by Go, blob paths inside the Modelfile text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aether_tui.core.chat import Message, ParameterValue
from aether_tui.core.inventory import ModelDetails, ModelSummary

if TYPE_CHECKING:
    from aether_tui.engines.ollama_wire import ListedModel, Shown

_LINE = re.compile(r"^(\S+) +(.*)$")
_BLOB = re.compile(r"^(FROM|ADAPTER|DRAFT)\s+(?:.*[\\/])?sha256[-:]([0-9a-f]{64})\s*$", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_PLAIN_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
PLACEHOLDER_TEMPLATE = "{{ .Prompt }}"
_JINJA = re.compile(r"\{%|\{#")


def parse_parameters(text: str) -> dict[str, ParameterValue]:
    """The parameters of a model, by Ollama's names; `stop` and whatever comes twice is a tuple."""
    values: dict[str, ParameterValue] = {}
    for line in text.split("\n"):
        match = _LINE.match(line.strip())
        if match is None:
            continue
        name, value = match[1], go_value(match[2].strip())
        if name == "stop" or name in values:
            earlier = values.get(name, ())
            earlier = earlier if isinstance(earlier, tuple) else (str(earlier),)
            values[name] = (*earlier, str(value))
        else:
            values[name] = value
    return values


def go_value(text: str) -> bool | int | float | str:
    """A value as Go's %#v prints it: quoted text, true, a number (1.048576e+06 is the whole number 1048576)."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return unquote(text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and "e+" in text else number


def unquote(text: str) -> str:
    """The text inside a Go string literal. Bytes written as \\x or octal are read as UTF-8."""
    if "\\" not in text:
        return text
    parts = bytearray()
    place = 0
    for match in _ESCAPE.finditer(text):
        parts += text[place : match.start()].encode()
        place = match.end()
        plain, byte, short, long, octal = match.groups()
        if plain:
            parts += _PLAIN_ESCAPES.get(plain, plain).encode()
        elif byte or octal:
            parts.append(int(byte, 16) if byte else int(octal, 8) & 0xFF)
        else:
            parts += chr(int(short or long, 16)).encode("utf-8", "replace")
    parts += text[place:].encode()
    return parts.decode("utf-8", "replace")


def blob_digests(modelfile: str) -> dict[str, tuple[str, ...]]:
    """Digests ("sha256:…") of the blobs that FROM, ADAPTER and DRAFT lines name, by keyword."""
    found: dict[str, list[str]] = {"FROM": [], "ADAPTER": [], "DRAFT": []}
    for match in _BLOB.finditer(modelfile):
        found[match[1]].append(f"sha256:{match[2]}")
    return {keyword: tuple(digests) for keyword, digests in found.items()}


def summary_of(model: ListedModel) -> ModelSummary:
    """One entry of the list of models."""
    details = model.details
    return ModelSummary(
        name=model.name,
        size_bytes=model.size or None,
        digest=model.digest,
        modified_at=model.modified_at,
        family=details.family,
        parameter_size=details.parameter_size,
        quantization=details.quantization_level,
        context_length_tokens=details.context_length or None,
        capabilities=tuple(model.capabilities or ()),
    )


def details_of(name: str, shown: Shown, listed: ModelSummary | None) -> ModelDetails:
    """All of `/api/show`, with size and digest from the list."""
    metadata = dict(shown.model_info or {})
    architecture = str(metadata.get("general.architecture", ""))
    digests = blob_digests(shown.modelfile)
    jinja = bool(_JINJA.search(shown.template))
    return ModelDetails(
        name=name,
        summary=_summary(name, shown, listed, _context_length(metadata, architecture)),
        architecture=architecture,
        parent=shown.details.parent_model,
        parameters=parse_parameters(shown.parameters),
        # Since 0.30 the GGUF's own Jinja text stands in that place, also where a TEMPLATE is kept beside it.
        template=_kept_template(shown.modelfile) if jinja else shown.template,
        chat_template=shown.template if jinja else "",
        system=shown.system,
        license=shown.license,
        messages=tuple(_message(role=item.role, content=item.content) for item in shown.messages or ()),
        renderer=shown.renderer,
        parser=shown.parser,
        requires=shown.requires,
        modelfile=shown.modelfile,
        weights_digests=digests["FROM"],
        adapter_digests=digests["ADAPTER"],
        draft_digests=digests["DRAFT"],
        metadata=metadata,
    )


def _kept_template(modelfile: str) -> str:
    """The Go template in the Modelfile text; "" for the placeholder, and where Ollama's printer made it unreadable."""
    from aether_tui.core.errors import AetherError
    from aether_tui.core.modelfile.document import parse

    try:
        template = parse(modelfile).get("TEMPLATE") or ""
    except AetherError:
        return ""
    return "" if template == PLACEHOLDER_TEMPLATE else template


def _message(role: str, content: str) -> Message:
    if role == "system":
        return Message("system", content)
    return Message("assistant" if role == "assistant" else "user", content)


def _context_length(metadata: Mapping[str, object], architecture: str) -> int | None:
    value = metadata.get(f"{architecture}.context_length")
    return int(value) if isinstance(value, int | float) else None


def _summary(name: str, shown: Shown, listed: ModelSummary | None, context_length: int | None) -> ModelSummary:
    return ModelSummary(
        name=name,
        size_bytes=listed.size_bytes if listed else None,
        digest=listed.digest if listed else "",
        modified_at=shown.modified_at,
        family=shown.details.family,
        parameter_size=shown.details.parameter_size,
        quantization=shown.details.quantization_level,
        context_length_tokens=context_length,
        capabilities=tuple(shown.capabilities or ()),
    )
