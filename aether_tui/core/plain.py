"""Text from files and servers, made safe to show on a terminal."""

from __future__ import annotations

# Control characters but tab and newline; those that turn the direction of what follows; halves of a character.
_CODES = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000))
_UNSAFE = {code: "\ufffd" for code in _CODES if chr(code) not in "\t\n"}


def printable(text: str) -> str:
    """The text with a mark in the place of every character that could drive the terminal."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\r\n", "\n").translate(_UNSAFE)


def one_line(text: str) -> str:
    """The same in one line, for rows and messages."""
    return " ".join(printable(text).split())
