"""Go's fmt.Sprint and fmt.Sprintf, and the escapes that templates can ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import quote_plus

from aether_tui.core.template.literals import is_printable
from aether_tui.core.template.values import NO_VALUE, Slice, Value, encode, printed, quoted, show, type_name

# flags, width, precision, verb
_VERB = re.compile(r"%([-+# 0]*)(\d+|\*)?(\.(?:\d+|\*)?)?(.?)", re.DOTALL)
# Go calls a bigger width bad.
_MAX_WIDTH: Final = 1_000_000
_JS_ESCAPES: Final = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
}  # fmt: skip
_HTML_ESCAPES: Final = str.maketrans(
    {'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
)

Charge = Callable[[str], str]
"""Counts a piece of text against a limit, and gives it back."""


def sprint(values: Sequence[Value], shown: Callable[[Value], str] = show) -> str:
    """Go's fmt.Sprint: a space between two values when neither is a string."""
    pieces: list[str] = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            pieces.append(" ")
        pieces.append(shown(value))
    return "".join(pieces)


def sprintln(values: Sequence[Value]) -> str:
    """Go's fmt.Sprintln: a space between all values, and a new line."""
    return " ".join(map(show, values)) + "\n"


def sprintf(template: str, values: Sequence[Value], charge: Charge) -> str:
    """Go's fmt.Sprintf, without explicit argument indexes."""
    arguments = _Arguments(values)
    pieces: list[str] = []
    end = 0
    for found in _VERB.finditer(template):
        pieces.append(template[end : found.start()])
        pieces.append(charge(_format(found, arguments)))
        end = found.end()
    pieces.append(template[end:])
    if arguments.left:
        extra = ", ".join(map(_with_type, arguments.left))
        pieces.append(f"%!(EXTRA {extra})")
    return "".join(pieces)


class _Arguments:
    """The values of a Sprintf that are still to be printed."""

    def __init__(self, values: Sequence[Value]) -> None:
        self.left = list(values)

    def take_number(self) -> int | None:
        value = self.left.pop(0) if self.left else None
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_WIDTH
        return value if fits and isinstance(value, int) else None


def _format(found: re.Match[str], arguments: _Arguments) -> str:
    flags, width_text, precision_text, verb = found[1], found[2], found[3], found[4]
    width: int | None = 0
    precision: int | None = None
    if width_text:
        width = arguments.take_number() if width_text == "*" else _number(width_text)
    if precision_text:
        precision = arguments.take_number() if precision_text == ".*" else _number(precision_text[1:])
    bad = "%!(BADWIDTH)" if width is None or abs(width) > _MAX_WIDTH else ""
    if bad or (precision or 0) > _MAX_WIDTH:
        width = precision = 0
    width = width or 0
    if not verb or verb == "%" or not arguments.left:
        return bad + ("%!(NOVERB)" if not verb else "%" if verb == "%" else f"%!{verb}(MISSING)")
    return bad + _padded(_format_value(arguments.left.pop(0), verb, flags, precision), flags, width)


def _padded(text: str, flags: str, width: int) -> str:
    if "-" in flags or width < 0:
        return text.ljust(abs(width))
    if "0" not in flags:
        return text.rjust(width)
    return text.zfill(width) if text[:1] in ("-", "+") else text.rjust(width, "0")


def _number(digits: str) -> int:
    # More digits than these are too wide anyway, and Python refuses to read thousands of them.
    return int(digits[:9] or 0)


def _format_value(value: Value, verb: str, flags: str, precision: int | None) -> str:
    if verb == "v":
        return show(value)
    if verb == "T":
        return type_name(value)
    if isinstance(value, Slice) and not value.speaks_json:
        return "[" + " ".join(_format_value(item, verb, flags, precision) for item in value.items) + "]"
    if isinstance(value, Slice):
        value = show(value)
    text = _plain(value, verb, precision)
    if text is None:
        return f"%!{verb}({_with_type(value)})"
    is_number = isinstance(value, int | float) and verb in "deEfFgG"
    return f"+{text}" if "+" in flags and is_number and not text.startswith("-") else text


def _with_type(value: Value) -> str:
    return "<nil>" if value is None else f"{type_name(value)}={show(value)}"


def _plain(value: Value, verb: str, precision: int | None) -> str | None:
    """The value under a verb that fits its type; None where the verb doesn't fit."""
    match value:
        case bool():
            return show(value) if verb == "t" else None
        case str():
            return _plain_text(value, verb, precision)
        case int():
            return _plain_int(value, verb)
        case float() if verb in "eEfFgG":
            return show(value) if verb in "gG" and precision is None else format(value, f".{_or(precision, 6)}{verb}")
        case _:
            return None


def _or(precision: int | None, default: int) -> int:
    return default if precision is None else precision


def _plain_text(text: str, verb: str, precision: int | None) -> str | None:
    text = text[:precision]
    match verb:
        case "s":
            return text
        case "q":
            return quoted(text)
        case "x":
            return encode(text).hex()
        case "X":
            return encode(text).hex().upper()
        case _:
            return None


def _plain_int(value: int, verb: str) -> str | None:
    if verb in "dboxX":
        return format(value, verb)
    is_character = 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF
    character = chr(value) if is_character else "\ufffd"
    match verb:
        case "c":
            return character
        case "q":
            return f"'{character}'"
        case "U":
            return f"U+{value:04X}"
        case _:
            return None


def _as_text(values: Sequence[Value]) -> str:
    """What the escapes below work on: the values as actions print them."""
    return sprint([NO_VALUE if value is None else value for value in values], printed)


def escape_html(values: Sequence[Value]) -> str:
    """Go's template.HTMLEscaper."""
    return _as_text(values).translate(_HTML_ESCAPES)


def escape_js(values: Sequence[Value]) -> str:
    """Go's template.JSEscaper."""
    return "".join(_js_escapes(_as_text(values)))


def _js_escapes(text: str) -> Iterator[str]:
    for character in text:
        if character in _JS_ESCAPES:
            yield _JS_ESCAPES[character]
        elif character < " " or (character > "~" and not is_printable(character) and not _is_byte(character)):
            yield f"\\u{ord(character):04X}"
        else:
            yield character


def _is_byte(character: str) -> bool:
    """Whether it stands for a byte that isn't UTF-8."""
    return "\udc80" <= character <= "\udcff"


def escape_query(values: Sequence[Value]) -> str:
    """Go's template.URLQueryEscaper."""
    return quote_plus(encode(_as_text(values)))
