"""The inference settings we know: what each is called, does, defaults to and conflicts with.

The facts are in `data/parameters.json`; a new parameter is an entry there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.messages import ParameterValue
from aether_tui.data import load_json

ParameterType = Literal["float", "int", "bool", "list", "enum", "string"]
Group = Literal["generation", "penalties", "mirostat", "context", "hardware", "output"]
Scope = Literal["load", "request"]

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INT64_MAX = 2**63 - 1
_FLOAT32_LIMIT = 3.4028235677973366e38


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another parameter that this one fights with, and why. `when` says under which values, in words.

    `this` and `that` are the same for the machine: what must hold of the parameter and of the other one.
    Empty means that it is set; see `holds` for the comparisons.
    """

    other: str
    why: str
    when: str = ""
    this: str = ""
    that: str = ""
    severity: Literal["note", "warning"] = "note"


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One inference setting (DESIGN.md, section 4). `id` is Ollama's name, else llama.cpp's.

    `names` maps "ollama", "llamacpp" (request field or load option), "llamacpp_flag", "embedded" (attribute of the
    embedded engine), "openai" and "gguf" (metadata key) to what each calls it; an engine that is missing there does
    not have it. `aliases` are further spellings that files use.
    `defaults` maps "ollama", "ollama<0.32.10", "llamacpp", "openai" to the value used when unset; `default_words`
    tells it where it is no fixed value. `ladder` lists the stops of a slider that does not move in even steps.
    `special` maps values to the words for them; `special_by_engine` those that hold for some engines only.
    """

    id: str
    type: ParameterType
    group: Group
    scope: Scope
    effect: str
    help: str
    source: str
    names: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    defaults: Mapping[str, ParameterValue] = field(default_factory=dict)
    default_words: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    options: tuple[str, ...] = ()
    ladder: tuple[int, ...] = ()
    special: Mapping[str, str] = field(default_factory=dict)
    special_by_engine: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    recommended: Mapping[str, str] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    retired: str = ""
    replaced_by: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActiveConflict:
    """A conflict that holds for the values in hand; `id` is the parameter that has it."""

    id: str
    conflict: Conflict


@cache
def all_specs() -> Mapping[str, ParameterSpec]:
    """Every known parameter by id, in the order of groups and within them of use."""
    return MappingProxyType({entry["id"]: _spec(entry) for entry in load_json("parameters.json")["parameters"]})


@cache
def group_titles() -> Mapping[str, str]:
    """The groups in order, with the titles that screens show."""
    return MappingProxyType({group["id"]: group["title"] for group in load_json("parameters.json")["groups"]})


def spec(parameter_id: str) -> ParameterSpec:
    """The parameter with this id; PARAMETER_INVALID when there is none."""
    found = all_specs().get(parameter_id)
    if found is None:
        raise AetherError(
            ErrorCode.PARAMETER_INVALID,
            f"There is no parameter {parameter_id!r}",
            "Run `aether params` for the list",
            {"parameter": parameter_id},
        )
    return found


def find(name: str, engine: str | None = None) -> ParameterSpec | None:
    """The parameter that some engine calls `name`: ids, engines' names, flags and other spellings.

    With `engine` that engine's own name wins over all others.
    """
    if engine is not None:
        for candidate in all_specs().values():
            if candidate.names.get(engine) == name:
                return candidate
    index = _index()
    return index.get(name) or index.get(name.strip().lstrip("-").replace("-", "_").lower())


def engine_name(parameter_id: str, engine: str) -> str | None:
    """What an engine calls a parameter; None when it has none. Engines as in `ParameterSpec.names`."""
    found = all_specs().get(parameter_id)
    return found.names.get(engine) if found else None


def parse_value(spec: ParameterSpec, text: str) -> ParameterValue:
    """The value that `text` means, read as Ollama reads a Modelfile; a list gives a tuple of one.

    Raises PARAMETER_INVALID. Ranges are not looked at here. Unlike Ollama, NaN and Inf are refused at once: they
    pass its parser and then fail to be sent.
    """
    match spec.type:
        case "int":
            return _parse_int(spec, text)
        case "float":
            return _parse_float(spec, text)
        case "bool":
            if text in _TRUE or text in _FALSE:
                return text in _TRUE
            raise _invalid(spec, text, "neither true nor false", "Write true or false")
        case "list":
            return (text,)
        case "enum":
            if text in spec.options:
                return text
            raise _invalid(spec, text, "not one of its values", f"Choose one of {', '.join(spec.options)}")
        case "string":
            return text


def typed_value(spec: ParameterSpec, value: object) -> ParameterValue:
    """A value decoded from YAML or JSON, as the parameter's type. Raises PARAMETER_INVALID."""
    if spec.type == "list":
        return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)
    if isinstance(value, list | tuple):
        raise AetherError(
            ErrorCode.PARAMETER_INVALID,
            f"{spec.id} takes one value, and this is a list",
            "Give a single value",
            {"parameter": spec.id},
        )
    # YAML reads a bare on and off as true and false, and llama.cpp's switches are called just that.
    if isinstance(value, bool) and spec.type == "enum" and "on" in spec.options:
        return "on" if value else "off"
    if isinstance(value, float) and spec.type == "int" and value.is_integer():
        return int(value)
    return parse_value(spec, value if isinstance(value, str) else format_value(spec, value))


def format_value(spec: ParameterSpec, value: object) -> str:
    """A value as one text, as a Modelfile or a screen writes it; several list items are joined by commas."""
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def format_values(spec: ParameterSpec, value: ParameterValue) -> tuple[str, ...]:
    """A value as the texts of PARAMETER lines: one for each list item, else a single one."""
    return value if isinstance(value, tuple) else (format_value(spec, value),)


def active_conflicts(
    values: Mapping[str, ParameterValue], defaults: Mapping[str, ParameterValue | None] | None = None
) -> list[ActiveConflict]:
    """The conflicts among the set `values` (by id); `defaults` are what holds for those not set.

    Two parameters that conflict the same way both ways are told once.
    """
    fallback = defaults or {}
    found: dict[tuple[frozenset[str], str], ActiveConflict] = {}
    for parameter_id in values:
        known = all_specs().get(parameter_id)
        for conflict in known.conflicts if known else ():
            key = (frozenset((parameter_id, conflict.other)), conflict.why)
            if key not in found and _conflict_holds(parameter_id, conflict, values, fallback):
                found[key] = ActiveConflict(parameter_id, conflict)
    return list(found.values())


def holds(
    condition: str, value: ParameterValue | None, default: ParameterValue | None, other: ParameterValue | None
) -> bool:
    """Whether a comparison of the data holds: `=x`, `!=x`, `>x`, `in a|b`; x may be `default` or `other`."""
    if value is None:
        return False
    if condition.startswith("in "):
        return str(value) in condition[3:].split("|")
    operator = condition.rstrip("abcdefghijklmnopqrstuvwxyz0123456789._-")
    word = condition[len(operator) :]
    wanted: object = default if word == "default" else other if word == "other" else word
    if wanted is None:
        return False
    left, right = _comparable(value), _comparable(wanted)
    if operator == ">":
        return isinstance(left, float) and isinstance(right, float) and left > right
    return (left == right) == (operator == "=")


def _conflict_holds(
    parameter_id: str,
    conflict: Conflict,
    values: Mapping[str, ParameterValue],
    defaults: Mapping[str, ParameterValue | None],
) -> bool:
    here, there = values[parameter_id], values.get(conflict.other)
    if conflict.this and not holds(conflict.this, here, defaults.get(parameter_id), there):
        return False
    if not conflict.that:
        return there is not None
    default = defaults.get(conflict.other)
    return holds(conflict.that, there if there is not None else default, default, here)


def _comparable(value: object) -> float | str:
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)


def _spec(entry: Mapping[str, Any]) -> ParameterSpec:
    values = dict(entry)
    for key in ("aliases", "options", "ladder"):
        if key in values:
            values[key] = tuple(values[key])
    if "conflicts" in values:
        values["conflicts"] = tuple(Conflict(**conflict) for conflict in values["conflicts"])
    if "defaults" in values:
        values["defaults"] = {
            engine: tuple(value) if isinstance(value, list) else value for engine, value in values["defaults"].items()
        }
    return ParameterSpec(**values)


@cache
def _index() -> Mapping[str, ParameterSpec]:
    """Every spelling of every parameter. Ids win, then engines' names, then other spellings."""
    specs = all_specs()
    index: dict[str, ParameterSpec] = dict(specs)
    for known in specs.values():
        for engine, name in known.names.items():
            index.setdefault(name, known)
            if engine == "llamacpp_flag":
                index.setdefault(name.lstrip("-").replace("-", "_"), known)
    for known in specs.values():
        for name in known.aliases:
            index.setdefault(name, known)
            if len(name) > 3:
                index.setdefault(name.replace("-", "_"), known)
    return index


def _parse_int(spec: ParameterSpec, text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if digits.isascii() and digits.isdigit():
        value = int(text)
        if -_INT64_MAX - 1 <= value <= _INT64_MAX:
            return value
    raise _invalid(spec, text, "not a whole number", _whole_number_hint(text))


def _whole_number_hint(text: str) -> str:
    """What to write instead of 4k, 4096.0 or 1e6."""
    number, factor = text.strip().lower(), 1
    if number[-1:] in ("k", "m"):
        factor = 1024 if number[-1] == "k" else 1024 * 1024
        number = number[:-1]
    try:
        value = float(number) * factor
    except ValueError:
        return "Write digits only, as 4096"
    if value.is_integer() and abs(value) < 2**53:
        return f"Write {int(value)}"
    return "Write digits only, as 4096"


def _parse_float(spec: ParameterSpec, text: str) -> float:
    value = _go_float(text)
    if value is None:
        hint = f"Write {text.replace(',', '.')}" if _go_float(text.replace(",", ".")) is not None else ""
        raise _invalid(spec, text, "not a number", hint or "Write a number, as 0.7")
    if value != value or abs(value) > _FLOAT32_LIMIT:
        raise _invalid(spec, text, "not a number that can be sent", "Write a number, as 0.7")
    return value


def _go_float(text: str) -> float | None:
    """The number that Go's strconv.ParseFloat reads, or None. It takes 7e-1, 1_0.5, 0x1p-2, inf and nan."""
    body = text[1:] if text[:1] in ("+", "-") else text
    if not text.isascii() or text != text.strip():
        return None
    lowered = body.lower()
    try:
        if lowered.startswith("0x"):
            return float.fromhex(text.replace("_", "")) if "p" in lowered and "__" not in lowered else None
        if lowered == "nan" and body != text:
            return None
        return float(text)
    except (ValueError, OverflowError):
        return None


def _invalid(spec: ParameterSpec, text: str, reason: str, remedy: str) -> AetherError:
    shown = text if len(text) <= 40 else text[:37] + "..."
    return AetherError(
        ErrorCode.PARAMETER_INVALID,
        f"{spec.id} takes {_TYPE_WORDS[spec.type]}, and {shown!r} is {reason}",
        remedy,
        {"parameter": spec.id, "value": text},
    )


_TYPE_WORDS: Mapping[str, str] = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "list": "a list of texts",
    "enum": "one of a few words",
    "string": "a text",
}
