"""Go values as the templates see them: truth, printing as Go's fmt does, and JSON as Go's encoding/json does.

A Python str stands for a Go string; bytes in it that aren't UTF-8 are surrogates (PEP 383).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aether_tui.core.template.literals import go_quote

NO_VALUE = "<no value>"
_HTML_IN_JSON = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_HTML_IN_JSON_PATTERN = re.compile("[<>&\u2028\u2029]")
# Go prints a nested pointer as its address; any will do, as no template can use it.
_ADDRESS = "0xc000010000"
# Powers of ten that Go writes without an exponent.
_LOWEST_PLAIN = -4
_HIGHEST_PLAIN = 6


@dataclass(slots=True, eq=False)
class Struct:
    """A pointer to a Go struct; `type` is its name as Go prints it."""

    type: str
    fields: Mapping[str, Value]


@dataclass(slots=True, eq=False)
class Slice:
    """A Go slice. One that is nil has no items, and is `null` in JSON; `speaks_json` prints itself as JSON."""

    type: str
    items: Sequence[Value]
    is_nil: bool = False
    speaks_json: bool = False


Value = None | bool | int | float | complex | str | Struct | Slice | Mapping[str, "Value"]


def encode(text: str) -> bytes:
    """The bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """A Go string from its bytes."""
    return data.decode("utf-8", "surrogateescape")


def sound(text: str) -> str:
    """The text without the lone surrogates that JSON can smuggle in; Go has U+FFFD in their place."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def is_true(value: Value) -> bool:
    """Whether `if` takes the value as true."""
    if isinstance(value, Struct):
        return True
    if isinstance(value, Slice):
        return bool(value.items)
    return bool(value)


def type_name(value: Value) -> str:
    """The Go type, as error messages name it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case complex():
            return "complex128"
        case str():
            return "string"
        case Struct(type=name) | Slice(type=name):
            return name
        case _:
            return "map[string]interface {}"


def show(value: Value, depth: int = 0) -> str:
    """The value as Go's %v prints it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case float():
            return show_float(value)
        case complex():
            imaginary = show_float(value.imag)
            sign = "" if imaginary[0] in "+-" else "+"
            return f"({show_float(value.real)}{sign}{imaginary}i)"
        case Struct():
            return _ADDRESS if depth else "&" + _show_struct(value)
        case Slice():
            return to_json(value) if value.speaks_json else _show_items(value.items, depth)
        case Mapping():
            return "map[" + " ".join(f"{key}:{show(value[key], depth + 1)}" for key in sorted(value)) + "]"
        case _:
            return str(value)


def printed(value: Value) -> str:
    """The value as an action prints it: the struct itself, and not nil."""
    if value is None:
        return NO_VALUE
    return _show_struct(value) if isinstance(value, Struct) else show(value)


def _show_struct(value: Struct) -> str:
    return "{" + " ".join(show(field, 1) for field in value.fields.values()) + "}"


def _show_items(items: Sequence[Value], depth: int) -> str:
    return "[" + " ".join(show(item, depth + 1) for item in items) + "]"


def show_float(value: float) -> str:
    """A float64 as Go's %v prints it: the shortest digits that read back as the same number."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    digits, point = _digits(abs(value))
    sign = "-" if str(value).startswith("-") else ""
    if not _LOWEST_PLAIN <= point - 1 < _HIGHEST_PLAIN:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    padded = "0" * (1 - point) + digits + "0" * (point - len(digits))
    point = max(point, 1)
    return sign + padded[:point] + ("." + padded[point:] if padded[point:] else "")


def _digits(value: float) -> tuple[str, int]:
    """The significant digits, and where the decimal point stands in them."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    return (digits.rstrip("0"), point) if digits else ("0", 1)


def to_json(value: Value) -> str:
    """The value as Go's json.Marshal writes it; "" for what it can't write."""
    try:
        text = json.dumps(_plain_data(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        return ""
    return _HTML_IN_JSON_PATTERN.sub(lambda found: _HTML_IN_JSON[found[0]], text)


def _plain_data(value: Value) -> object:
    match value:
        case Struct(fields=fields):
            return {name: _plain_data(field) for name, field in fields.items()}
        case Slice():
            return None if value.is_nil else [_plain_data(item) for item in value.items]
        case Mapping():
            return {key: _plain_data(value[key]) for key in sorted(value)}
        case float():
            return int(value) if value.is_integer() and abs(value) < 1e21 else value
        case str():
            return encode(value).decode("utf-8", "replace")
        case _:
            return value


def quoted(value: Value) -> str:
    """The value as %q prints it, strings inside slices too."""
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, Slice):
        return "[" + " ".join(map(quoted, value.items)) + "]"
    return show(value)
