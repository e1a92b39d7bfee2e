"""The text of a message being written: cursor, selection, keys as in a shell, undo, and long pastes kept folded.

A long paste stands in the text as one character of a private range; deleting it deletes the paste whole, sending
puts the paste in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len

from aether_tui.core.units import file_size
from aether_tui.widgets.text import clean

FOLD_CHARS = 1_500
FOLD_LINES = 12
UNDO_STEPS = 200
_FIRST_CHIP = 0xF0000
_WORD_BEFORE = re.compile(r"\S*\s*$")
_WORD_AFTER = re.compile(r"\s*\S*")


class _State(NamedTuple):
    text: str
    cursor: int


class EditBuffer:
    """The state of the field. `key` answers whether it took the key."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self.anchor: int | None = None
        self._pastes: dict[str, str] = {}
        self._undo: list[_State] = []
        self._redo: list[_State] = []
        self._last_kind = ""
        self._killed = ""
        self._lines: tuple[str, int, list[tuple[int, int]]] = ("", 0, [(0, 0)])
        self._keys = self._key_table()

    def _key_table(self) -> dict[str, Callable[[], None]]:
        moves: dict[str, Callable[[], int]] = {
            "left": lambda: self.cursor - 1,
            "right": lambda: self.cursor + 1,
            "ctrl+left": self._word_start,
            "ctrl+right": self._word_end,
            "home": self._line_start,
            "end": self._line_end,
        }
        table: dict[str, Callable[[], None]] = {}
        for key, target in moves.items():
            table[key] = lambda target=target: self.move_to(target())  # type: ignore[misc]
            table[_with_shift(key)] = lambda target=target: self.move_to(target(), selecting=True)  # type: ignore[misc]
        table |= {
            "ctrl+a": table["home"],
            "ctrl+e": table["end"],
            "backspace": lambda: self._delete(self.cursor - 1, self.cursor),
            "ctrl+h": lambda: self._delete(self.cursor - 1, self.cursor),
            "delete": lambda: self._delete(self.cursor, self.cursor + 1),
            "ctrl+d": lambda: self._delete(self.cursor, self.cursor + 1),
            "ctrl+u": lambda: self._kill(self._line_start() if self.cursor > self._line_start() else self.cursor - 1),
            "ctrl+k": lambda: self._kill(self._line_end() if self.cursor < self._line_end() else self.cursor + 1),
            "ctrl+w": lambda: self._kill(self._word_start()),
            "ctrl+y": lambda: self.insert(self._killed),
            "ctrl+underscore": self.undo,
            "ctrl+j": lambda: self.insert("\n"),
        }
        return table

    def key(self, key: str, character: str | None) -> bool:
        """Handle one key; printable characters are inserted."""
        if character is not None and character.isprintable():
            self._replace(*self._span(), character, "type")
            return True
        call = self._keys.get(key)
        if call is not None:
            call()
        return call is not None

    # The text

    @property
    def value(self) -> str:
        """The text as it is sent, pastes whole."""
        return self._expanded(self.text)

    @property
    def selected(self) -> str:
        """The selected text, pastes whole."""
        start, end = self._span()
        return self._expanded(self.text[start:end])

    def _expanded(self, text: str) -> str:
        return "".join([self._pastes.get(character, character) for character in text]) if self._pastes else text

    def set(self, text: str) -> None:
        """Put another text in its place, the cursor at its end; undo brings back the one before."""
        self.anchor = None
        self._replace(0, len(self.text), self._folded(text), "set")

    def insert(self, text: str) -> None:
        """Insert a paste at the cursor; a long one is folded."""
        self._replace(*self._span(), self._folded(text), "paste")

    def _folded(self, text: str) -> str:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) <= FOLD_CHARS and text.count("\n", 0, FOLD_CHARS) < FOLD_LINES:
            return text
        chip = chr(_FIRST_CHIP + len(self._pastes))
        self._pastes[chip] = text
        return chip

    def _span(self) -> tuple[int, int]:
        """The selection, or nothing at the cursor."""
        anchor = self.cursor if self.anchor is None else self.anchor
        return min(anchor, self.cursor), max(anchor, self.cursor)

    @property
    def span(self) -> tuple[int, int]:
        """Start and end of the selection."""
        return self._span()

    def _replace(self, start: int, end: int, text: str, kind: str) -> None:
        start, end = max(0, start), min(len(self.text), end)
        self.anchor = None
        if start == end and not text:
            return
        if kind != "type" or self._last_kind != "type" or text == " ":
            self._undo.append(_State(self.text, self.cursor))
            del self._undo[:-UNDO_STEPS]
        self._redo.clear()
        self._last_kind = kind
        self.text = self.text[:start] + text + self.text[end:]
        self.cursor = start + len(text)

    def _delete(self, start: int, end: int) -> None:
        if self.anchor is not None and self.anchor != self.cursor:
            start, end = self._span()
        self._replace(start, end, "", "delete")

    def _kill(self, to: int) -> None:
        start, end = self._span() if self.anchor is not None else (min(to, self.cursor), max(to, self.cursor))
        start = max(0, start)
        self._killed = self._expanded(self.text[start:end]) or self._killed
        self._replace(start, end, "", "delete")

    def undo(self) -> None:
        """Take back the last change."""
        if self._undo:
            self._redo.append(_State(self.text, self.cursor))
            state = self._undo.pop()
            self.text, self.cursor, self.anchor, self._last_kind = state.text, state.cursor, None, ""

    # Moving

    def move_to(self, place: int, selecting: bool = False) -> None:
        """Put the cursor somewhere, selecting on the way or not."""
        if selecting and self.anchor is None:
            self.anchor = self.cursor
        elif not selecting:
            self.anchor = None
        self._last_kind = ""
        self.cursor = max(0, min(place, len(self.text)))

    def move_line(self, step: int, width: int, selecting: bool = False) -> bool:
        """Move by rows as they are shown; False at the first or the last one."""
        lines = self.lines(width)
        row, column = self.place(width)
        target = row + step
        if not 0 <= target < len(lines):
            return False
        self.move_to(self.at(target, column, width), selecting)
        return True

    def _line_start(self) -> int:
        return self.text.rfind("\n", 0, self.cursor) + 1

    def _line_end(self) -> int:
        end = self.text.find("\n", self.cursor)
        return len(self.text) if end < 0 else end

    def _word_start(self) -> int:
        match = _WORD_BEFORE.search(self.text[: self.cursor])
        return match.start() if match else 0

    def _word_end(self) -> int:
        match = _WORD_AFTER.match(self.text, self.cursor)
        return match.end() if match else len(self.text)

    # As it is shown

    def shown(self, character: str) -> str:
        """What a character looks like: a folded paste is named by its size."""
        if character in self._pastes:
            return f"[pasted {file_size(len(self._pastes[character].encode('utf-8', 'surrogatepass')))}]"
        return clean(character)

    def lines(self, width: int) -> list[tuple[int, int]]:
        """(start, end) of each row, wrapped after spaces where there are any."""
        text, for_width, lines = self._lines
        if text != self.text or for_width != width:
            lines = list(self._wrapped(max(1, width)))
            self._lines = (self.text, width, lines)
        return lines

    def _wrapped(self, width: int) -> list[tuple[int, int]]:
        lines: list[tuple[int, int]] = []
        start = 0
        for logical in self.text.split("\n"):
            stop = start + len(logical)
            while (end := self._fitting(start, stop, width)) < stop:
                space = self.text.rfind(" ", start, end + 1)
                end = space + 1 if space >= start else end
                lines.append((start, end))
                start = end
            lines.append((start, stop))
            start = stop + 1
        return lines

    def _fitting(self, start: int, stop: int, width: int) -> int:
        cells = 0
        for index in range(start, stop):
            cells += cell_len(self.shown(self.text[index]))
            if cells > width:
                return max(index, start + 1)
        return stop

    def place(self, width: int) -> tuple[int, int]:
        """Row and column (in cells) of the cursor."""
        lines = self.lines(width)
        row = max(index for index, (start, _) in enumerate(lines) if start <= self.cursor)
        return row, sum([cell_len(self.shown(character)) for character in self.text[lines[row][0] : self.cursor]])

    def at(self, row: int, column: int, width: int) -> int:
        """The position at a row and column."""
        lines = self.lines(width)
        start, end = lines[max(0, min(row, len(lines) - 1))]
        last = end if end == len(self.text) or self.text[end : end + 1] == "\n" else max(start, end - 1)
        cells = 0
        for index in range(start, last):
            cells += cell_len(self.shown(self.text[index]))
            if cells > column:
                return index
        return last


def _with_shift(key: str) -> str:
    *modifiers, name = key.split("+")
    return "+".join([*modifiers, "shift", name])
