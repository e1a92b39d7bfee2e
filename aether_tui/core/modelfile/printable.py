"""Which characters Ollama's Modelfile parser keeps; it drops all others from values without a word."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from aether_tui.data import load_json

WHITESPACE = " \t\r\n"


@lru_cache(maxsize=1)
def _ranges() -> tuple[list[int], list[int]]:
    """First and last code points of the kept ranges beyond ASCII."""
    # Python's own tables are of another Unicode version than Go's, so str.isprintable() would answer differently.
    starts, ends = [], []
    for row in load_json("go_printable.json")["ranges"]:
        for item in row.split():
            first, _, last = item.partition("-")
            starts.append(int(first, 16))
            ends.append(int(last or first, 16))
    return starts, ends


@lru_cache(maxsize=4096)
def is_kept(character: str) -> bool:
    """Whether the parser keeps this character inside a value."""
    code = ord(character)
    if code < 0x7F:
        return code >= 0x20 or character in WHITESPACE
    if 0xD800 <= code <= 0xDFFF:
        return True  # An undecodable byte: the parser sees U+FFFD, which is printable.
    starts, ends = _ranges()
    index = bisect_right(starts, code) - 1
    return index >= 0 and code <= ends[index]


def dropped_characters(text: str) -> str:
    """The distinct characters of `text` that the parser would drop, in code point order."""
    if text.isascii() and text.isprintable():
        return ""
    return "".join(sorted(character for character in set(text) if not is_kept(character)))


@lru_cache(maxsize=64)
def _deletions(dropped: str) -> dict[int, None]:
    return dict.fromkeys(map(ord, dropped))


def without(text: str, dropped: str) -> str:
    """`text` without the characters named in `dropped`."""
    return text.translate(_deletions(dropped)) if dropped else text
