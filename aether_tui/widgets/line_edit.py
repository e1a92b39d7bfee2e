"""A text field of one line without a widget: the state, the keys as in a shell, and how it is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from aether_tui.widgets.text import clean

PASTE_LIMIT = 65_536
"""Characters taken from one paste: a field of one line is not for more."""

_WORD_BEFORE = re.compile(r"\S*\s*$")


def is_printable(character: str | None) -> bool:
    """Whether a key types something. Textual gives tab and escape a character too."""
    return character is not None and character.isprintable()


class LineEdit:
    """The text and the cursor of a field. `key` answers whether it took the key."""

    def __init__(self, text: str = "", *, selected: bool = False) -> None:
        self.text = text
        self.cursor = len(text)
        self.replace_all = selected and bool(text)
        self._keys: dict[str, Callable[[], None]] = {
            "backspace": self._backspace,
            "ctrl+h": self._backspace,
            "delete": self._delete,
            "left": lambda: self._go(self.cursor - 1),
            "right": lambda: self._go(self.cursor + 1),
            "home": lambda: self._go(0),
            "end": lambda: self._go(len(self.text)),
            "ctrl+e": lambda: self._go(len(self.text)),
            "ctrl+left": lambda: self._go(self._word_start()),
            "ctrl+u": lambda: self._cut(0, self.cursor),
            "ctrl+k": lambda: self._cut(self.cursor, len(self.text)),
            "ctrl+w": lambda: self._cut(self._word_start(), self.cursor),
            "ctrl+d": self._delete,
        }

    def key(self, key: str, character: str | None) -> bool:
        """Handle one key; printable characters are inserted."""
        if character is not None and is_printable(character):
            self.insert(character)
            return True
        call = self._keys.get(key)
        if call is None:
            return False
        call()
        self.replace_all = False
        return True

    def insert(self, text: str) -> None:
        """Insert typed or pasted text at the cursor; the first typing replaces a value that was there."""
        text = text[:PASTE_LIMIT].replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
        if self.replace_all:
            self.text, self.cursor, self.replace_all = "", 0, False
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def _go(self, place: int) -> None:
        self.cursor = max(0, min(place, len(self.text)))

    def _cut(self, start: int, end: int) -> None:
        if self.replace_all:
            start, end = 0, len(self.text)
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _backspace(self) -> None:
        self._cut(max(0, self.cursor - 1), self.cursor)

    def _delete(self) -> None:
        self._cut(self.cursor, self.cursor + 1)

    def _word_start(self) -> int:
        match = _WORD_BEFORE.search(self.text[: self.cursor])
        return match.start() if match else 0

    def draw(self, width: int, style: Style) -> list[Segment]:
        """The field in exactly `width` cells, moved so that the cursor is seen."""
        under = style + Style(reverse=True)
        before, after = clean(self.text[: self.cursor]), clean(self.text[self.cursor :])
        at, rest = (after[:1] or " "), after[1:]
        room = max(1, width - cell_len(at))
        while before and cell_len(before) > room:
            before = before[1:]
        shown = style + Style(reverse=True) if self.replace_all else style
        segments = [Segment(before, shown), Segment(at, under)]
        left = width - cell_len(before) - cell_len(at)
        tail = ""
        for character in rest:
            if cell_len(tail) + cell_len(character) > left:
                break
            tail += character
        segments.append(Segment(tail + " " * max(0, left - cell_len(tail)), style))
        return [segment for segment in segments if segment.text]


def escaped(text: str) -> str:
    r"""A value as a field of one line shows it: a newline is `\n`."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def unescaped(text: str) -> str:
    """The value that a field's text means."""
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), text)
