"""Which characters Ollama's parser keeps; what Go's strconv.IsPrint said of them."""

from __future__ import annotations

import pytest

from aether_tui.core.modelfile import parse
from aether_tui.core.modelfile.printable import dropped_characters, is_kept


@pytest.mark.parametrize(
    "character", ["a", " ", "\t", "\n", "\r", "é", "中", "\u0301", "\ufe0f", "🙂", "\ufffd", "€", "\U0001fae8"]
)
def test_kept(character: str) -> None:
    assert is_kept(character)


# The last two are characters of Unicode 15.1 and 16, which Go (15.0) does not know and newer Pythons do.
@pytest.mark.parametrize(
    "character",
    [
        *("\0", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\u00a0", "\u00ad", "\u200b", "\u200c", "\u200d", "\u200e"),
        *("\u2028", "\u3000", "\ue000", "\ufeff", "\ufdd0", "\U0002ebf0", "\U0001fae9"),
    ],
)
def test_dropped(character: str) -> None:
    assert not is_kept(character)
    assert parse(f"FROM a\nSYSTEM x{character}y").commands[1].args == "xy"


def test_each_dropped_character_is_named_once() -> None:
    assert dropped_characters("b\u200c\x07a\u200c\n\t") == "\x07\u200c"
