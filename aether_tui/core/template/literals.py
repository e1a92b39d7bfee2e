"""Go's string, character and number literals: reading them, and quoting a string as Go's %q does.

Facts from https://go.dev/src/strconv and https://go.dev/src/text/template/parse/node.go.
"""

from __future__ import annotations

import re

Number = int | float | complex

_ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}
_SHORT_QUOTES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    '"': '\\"', "\\": "\\\\",
}  # fmt: skip
_HEX_ESCAPE_DIGITS = {"x": 2, "u": 4, "U": 8}
_INTEGER = re.compile(
    r"[+-]?(?:0[xX](?P<x>(?:_?[0-9a-fA-F])+)|0[oO](?P<o>(?:_?[0-7])+)|0[bB](?P<b>(?:_?[01])+)"
    r"|0(?P<old>(?:_?[0-7])*)|(?P<d>[1-9](?:_?[0-9])*))"
)
_BASES = {"x": 16, "o": 8, "b": 2, "old": 8, "d": 10}
_DIGITS = r"[0-9](?:_?[0-9])*"
_DECIMAL_FLOAT = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_HEX_DIGITS = r"[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_HEX_FLOAT = re.compile(rf"[+-]?0[xX](?:_?{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})[pP][+-]?{_DIGITS}")
# What fmt.Sscan takes as one part of a complex number, before it looks at it closely.
_PART = r"(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)"
_COMPLEX = re.compile(rf"([+-]?{_PART})([+-](?!i){_PART})i")
_INT64 = range(-(2**63), 2**63)
_UINT64_LIMIT = 2**64
_UINT64_DIGITS = 20


class LiteralError(ValueError):
    """A literal that Go refuses; the text is Go's."""


def is_printable(character: str) -> bool:
    """Go's strconv.IsPrint, up to the Unicode version."""
    return character == " " or (character.isprintable() and not character.isspace())


def go_quote(text: str) -> str:
    """The text in double quotes, as Go's %q prints it."""
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(character: str) -> str:
    if character in _SHORT_QUOTES:
        return _SHORT_QUOTES[character]
    if is_printable(character):
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:  # a byte that isn't UTF-8, kept as Python's surrogateescape does
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquote(literal: str) -> str:
    """The value of a double-quoted or back-quoted string literal. Bytes that aren't UTF-8 become surrogates."""
    inside = literal[1:-1]
    if literal[0] == "`":
        return inside.replace("\r", "")
    if "\\" not in inside:
        return inside
    value = bytearray()
    pos = 0
    while pos < len(inside):
        code, is_byte, pos = _read_character(inside, pos, '"')
        value += bytes([code]) if is_byte else chr(code).encode("utf-8", "surrogatepass")
    return value.decode("utf-8", "surrogateescape")


def unquote_character(literal: str) -> int:
    """The code point of a character constant, given with its quotes."""
    if literal == "''":
        raise LiteralError("invalid syntax")
    code, _, end = _read_character(literal, 1, "'")
    if literal[end:] != "'":
        raise LiteralError(f"malformed character constant: {literal}")
    return code


def _read_character(text: str, pos: int, quote: str) -> tuple[int, bool, int]:
    """One character of a literal: its code, whether it stands for a single byte, and where the next begins."""
    if text[pos] != "\\":
        return ord(text[pos]), False, pos + 1
    escape = text[pos + 1 : pos + 2]
    if escape in _ESCAPES:
        return _ESCAPES[escape], False, pos + 2
    if escape == quote:
        return ord(quote), False, pos + 2
    if escape in _HEX_ESCAPE_DIGITS:
        end = pos + 2 + _HEX_ESCAPE_DIGITS[escape]
        code = _digits(text[pos + 2 : end], 16, end - pos - 2)
        if escape != "x" and (code > 0x10FFFF or 0xD800 <= code <= 0xDFFF):
            raise LiteralError("invalid syntax")
        return code, escape == "x", end
    code = _digits(text[pos + 1 : pos + 4], 8, 3)
    if code > 255:
        raise LiteralError("invalid syntax")
    return code, True, pos + 4


def _digits(text: str, base: int, count: int) -> int:
    alphabet = "01234567" if base == 8 else "0123456789abcdefABCDEF"
    if len(text) != count or not all(character in alphabet for character in text):
        raise LiteralError("invalid syntax")
    return int(text, base)


def read_number(text: str) -> Number | None:
    """The value Go gives a number that stands alone; None for one that only fits an unsigned integer."""
    if text.endswith("i") and (part := _read_float(text[:-1])) is not None:
        return complex(0, part)
    integer = _read_integer(text)
    looks_like_float = any(character in ".eEpP" for character in text)
    if integer is not None:
        # Go asks the text, not the value, so a signed hexadecimal with an e in it comes out as a float.
        plain_hex = text[:2] in ("0x", "0X")
        return float(integer) if looks_like_float and not plain_hex else integer if integer in _INT64 else None
    value = _read_float(text)
    if value is None:
        raise LiteralError(f"illegal number syntax: {go_quote(text)}")
    if not looks_like_float:
        raise LiteralError(f"integer overflow: {go_quote(text)}")
    return value


def read_complex(text: str) -> complex:
    """The value of a constant like `1+2i`."""
    found = _COMPLEX.fullmatch(text)
    if found is None:
        raise LiteralError("syntax error scanning complex number")
    parts = []
    for part in found.groups():
        value = _read_float(part)
        if value is None:
            raise LiteralError(f"strconv.ParseFloat: parsing {go_quote(part)}: invalid syntax")
        parts.append(value)
    return complex(*parts)


def _read_integer(text: str) -> int | None:
    found = _INTEGER.fullmatch(text)
    if found is None or found.lastgroup is None:
        return None
    digits = found[found.lastgroup].replace("_", "") or "0"
    if found.lastgroup == "d" and len(digits) > _UINT64_DIGITS:
        return None
    value = int(digits, _BASES[found.lastgroup])
    if text[0] in "+-":
        value = -value if text[0] == "-" else value
        return value if value in _INT64 else None
    return value if value < _UINT64_LIMIT else None


def _read_float(text: str) -> float | None:
    plain = text.replace("_", "")
    if _DECIMAL_FLOAT.fullmatch(text):
        value = float(plain)
    elif _HEX_FLOAT.fullmatch(text):
        try:
            value = float.fromhex(plain)
        except OverflowError:
            return None
    else:
        return None
    return None if value in (float("inf"), float("-inf")) else value
