"""Writes values so that Ollama's parser reads back the same value."""

from __future__ import annotations

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.modelfile.errors import ModelfileError
from aether_tui.core.modelfile.parser import Scanner
from aether_tui.core.modelfile.printable import dropped_characters
from aether_tui.core.modelfile.source import Encoding, sanitize

TRIPLE = '"""'
_PROBE = "SYSTEM "


def quote(value: str) -> str:
    """`value` as a Modelfile spells it, so that Ollama reads exactly it; raises where no spelling does."""
    if dropped := dropped_characters(value):
        raise AetherError(
            ErrorCode.MODELFILE_INVALID,
            f"Ollama's Modelfile parser would drop characters of this value: {code_points(dropped)}",
            "Take them out, or create the model here, which sends the value past that parser",
            {"dropped": list(dropped)},
        )
    return spell(value)


def spell(value: str, like: str = "") -> str:
    """`value` as a Modelfile spells it, with the quotes of `like` (an older spelling) where they serve.

    Characters that Ollama drops are written as they are. Raises where no spelling holds the value.
    """
    value = sanitize(value)
    dropped = dropped_characters(value)
    for candidate in _spellings(value, like):
        if _reads_as(candidate, value, dropped):
            return candidate
    raise AetherError(
        ErrorCode.MODELFILE_INVALID,
        "A Modelfile cannot hold this value: a line before its last ends in three quotes",
        "Put a character behind those quotes, or take them out",
    )


def code_points(characters: str) -> str:
    """The characters as U+200C, U+00A0, …"""
    return ", ".join(f"U+{ord(character):04X}" for character in characters)


def _spellings(value: str, like: str) -> tuple[str, ...]:
    """The possible spellings, the preferred one first."""
    single, triple = f'"{value}"', f"{TRIPLE}{value}{TRIPLE}"
    # An empty value reads as such without quotes too, but a trailing space is easily lost on the way.
    bare = () if value == "" or "\n" in value or "\r" in value else (value,)
    if like.startswith('"') and not like.startswith(TRIPLE):
        return single, triple, *bare
    if like.startswith(TRIPLE):
        return triple, single, *bare
    if '"' in value or (value and not bare):
        return *bare, triple, single
    return *bare, single, triple


def _reads_as(spelling: str, value: str, dropped: str) -> bool:
    """Whether a parser that keeps all characters reads `spelling` as `value`."""
    text = _PROBE + spelling
    try:
        node = next(Scanner(text, Encoding(), dropped).nodes())
    except ModelfileError:
        return False
    return len(node.raw) == len(text) and node.written == value
