"""The functions that Ollama's templates can call, on Go values.

Facts from https://go.dev/src/text/template/funcs.go and Ollama's template/template.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from aether_tui.core.template.printing import (
    Charge,
    escape_html,
    escape_js,
    escape_query,
    sprint,
    sprintf,
    sprintln,
)
from aether_tui.core.template.values import Slice, Struct, Value, decode, encode, is_true, to_json, type_name

_UNLIMITED: Final = 1_000_000


class CallFault(Exception):
    """A call that Go refuses while the template runs; the text is Go's."""


@dataclass(frozen=True, slots=True)
class Context:
    """What functions need beside their arguments."""

    today: date | None
    charge: Charge


@dataclass(frozen=True, slots=True)
class Function:
    """A function, how many arguments it takes, and how many of the first, or all, must be strings."""

    run: Callable[[Sequence[Value], Context], Value]
    least: int
    most: int = _UNLIMITED
    strings: int = 0


def _index(arguments: Sequence[Value], _: Context) -> Value:
    item = arguments[0]
    if item is None:
        raise CallFault("index of untyped nil")
    for position in arguments[1:]:
        item = _element(item, position)
    return item


def _element(item: Value, position: Value) -> Value:
    match item:
        case str():
            data = encode(item)
            return data[_place(position, len(data))]
        case Slice(items=items):
            return items[_place(position, len(items))]
        case Mapping():
            if not isinstance(position, str):
                raise CallFault(f"value has type {type_name(position)}; should be string")
            return item.get(position)
        case _:
            raise CallFault(f"can't index item of type {type_name(item)}")


def _offset(position: Value, most: int) -> int:
    if position is None:
        raise CallFault("cannot index slice/array with nil")
    if isinstance(position, bool) or not isinstance(position, int):
        raise CallFault(f"cannot index slice/array with type {type_name(position)}")
    if not 0 <= position <= most:
        raise CallFault(f"index out of range: {position}")
    return position


def _place(position: Value, length: int) -> int:
    place = _offset(position, length)
    if place == length:
        raise CallFault("reflect: slice index out of range")
    return place


def _slice(arguments: Sequence[Value], _: Context) -> Value:
    item, positions = arguments[0], arguments[1:]
    if item is None:
        raise CallFault("slice of untyped nil")
    if len(positions) > 3:
        raise CallFault(f"too many slice indexes: {len(positions)}")
    if not isinstance(item, str | Slice):
        raise CallFault(f"can't slice item of type {type_name(item)}")
    if isinstance(item, str) and len(positions) == 3:
        raise CallFault("cannot 3-index slice a string")
    whole = encode(item) if isinstance(item, str) else item.items
    bounds = [0, len(whole)]
    for index, position in enumerate(positions):
        bounds[index : index + 1] = [_offset(position, len(whole))]
    for low, high in pairwise(bounds):
        if low > high:
            raise CallFault(f"invalid slice index: {low} > {high}")
    part = whole[bounds[0] : bounds[1]]
    if isinstance(part, bytes):
        return decode(part)
    assert isinstance(item, Slice)
    return Slice(item.type, part, item.is_nil, item.speaks_json)


def _length(arguments: Sequence[Value], _: Context) -> Value:
    match arguments[0]:
        case None:
            raise CallFault("len of nil pointer")
        case str() as text:
            return len(encode(text))
        case Slice(items=items):
            return len(items)
        case Mapping() as mapping:
            return len(mapping)
        case other:
            raise CallFault(f"len of type {type_name(other).removeprefix('*')}")


def _kind(value: Value) -> str:
    """The kind that comparisons go by; "" for what has no order and no plain equality."""
    match value:
        case bool():
            return "bool"
        case int() | float() | complex() | str():
            return type(value).__name__
        case _:
            return ""


def _is_nil(value: Value) -> bool:
    return value is None or (isinstance(value, Slice) and value.is_nil)


def _equal(first: Value, second: Value) -> bool:
    if _kind(first) != _kind(second):
        if first is not None and second is not None:
            raise CallFault(f"incompatible types for comparison: {type_name(first)} and {type_name(second)}")
        return False
    if _kind(first):
        return first == second
    if _is_nil(first) or _is_nil(second):
        return _is_nil(first) == _is_nil(second)
    if type(first) is not type(second):
        raise CallFault(f"non-comparable types {type_name(first)}, {type_name(second)}")
    if not isinstance(first, Struct):
        raise CallFault(f"non-comparable type {type_name(second)}")
    return first is second


def _any_equal(arguments: Sequence[Value], _: Context) -> Value:
    if len(arguments) < 2:
        raise CallFault("missing argument for comparison")
    return any(_equal(arguments[0], other) for other in arguments[1:])


def _less(first: Value, second: Value) -> bool:
    kinds = (_kind(first), _kind(second))
    if not all(kinds):
        raise CallFault("invalid type for comparison")
    if kinds[0] != kinds[1]:
        raise CallFault(f"incompatible types for comparison: {type_name(first)} and {type_name(second)}")
    match first, second:
        case (str(), str()):
            return encode(first) < encode(second)
        case (int() | float(), int() | float()) if kinds[0] != "bool":
            return first < second
        case _:
            raise CallFault("invalid type for comparison")


def _compare(test: Callable[[Value, Value], bool]) -> Function:
    return Function(lambda arguments, _: test(arguments[0], arguments[1]), 2, 2)


def _call(arguments: Sequence[Value], _: Context) -> Value:
    value = arguments[0]
    raise CallFault("call of nil" if value is None else f"non-function of type {type_name(value)}")


def _days_ago(days: int) -> Callable[[Sequence[Value], Context], Value]:
    def run(_: Sequence[Value], context: Context) -> Value:
        if context.today is None:
            raise CallFault("the date of today isn't known here")
        return (context.today - timedelta(days=days)).isoformat()

    return run


# `and` and `or` stop early, so the evaluator runs them itself.
FUNCTIONS: Final[Mapping[str, Function]] = {
    "call": Function(_call, 1),
    "html": Function(lambda arguments, _: escape_html(arguments), 0),
    "index": Function(_index, 1),
    "slice": Function(_slice, 1),
    "js": Function(lambda arguments, _: escape_js(arguments), 0),
    "len": Function(_length, 1, 1),
    "not": Function(lambda arguments, _: not is_true(arguments[0]), 1, 1),
    "print": Function(lambda arguments, _: sprint(arguments), 0),
    "printf": Function(lambda arguments, to: sprintf(str(arguments[0]), arguments[1:], to.charge), 1, strings=1),
    "println": Function(lambda arguments, _: sprintln(arguments), 0),
    "urlquery": Function(lambda arguments, _: escape_query(arguments), 0),
    "eq": Function(_any_equal, 1),
    "ne": _compare(lambda first, second: not _equal(first, second)),
    "lt": _compare(_less),
    "le": _compare(lambda first, second: _less(first, second) or _equal(first, second)),
    "gt": _compare(lambda first, second: not (_less(first, second) or _equal(first, second))),
    "ge": _compare(lambda first, second: not _less(first, second)),
    "json": Function(lambda arguments, _: to_json(arguments[0]), 1, 1),
    "currentDate": Function(_days_ago(0), 0, strings=_UNLIMITED),
    "yesterdayDate": Function(_days_ago(1), 0, strings=_UNLIMITED),
    # Nothing that we give a template is a tool property.
    "toTypeScriptType": Function(lambda _arguments, _: "any", 1, 1),
}
