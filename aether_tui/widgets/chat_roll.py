"""Where the messages of a transcript stand: only those in sight are laid out, the heights of others are guesses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from aether_tui.widgets.chat_rows import BLANK, Row
from aether_tui.widgets.message import Entry, Part

FAR_PAGES = 3

Stop = tuple[Entry, str, int]
"""A part that can be chosen: its message, its kind, and the how-manieth of that kind it is."""


class Roll:
    """Messages one below the other, seen through a window of `height` rows that starts at row `top`.

    While it `follows`, the window stays at the end. What the reader looks at stays where it is while guesses
    become figures.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.width = 1
        self.height = 0
        self.top = 0
        self.follows = True
        self._tops: list[int] | None = None

    def changed(self) -> None:
        """A message was added, removed, or is not as high as before."""
        self._tops = None

    def resize(self, width: int, height: int) -> None:
        """Set the window; the message at its top stays there."""
        if width != self.width and self.entries and not self.follows:
            index, _ = self.place_of(self.top)
            self.width, self.height, self._tops = width, height, None
            self.top = self.tops[index]
        self.width, self.height, self._tops = width, height, None
        self.settle()

    @property
    def tops(self) -> list[int]:
        """The row each message starts at, and the number of all rows."""
        if self._tops is None:
            self._tops = [0, *accumulate([entry.height(self.width) for entry in self.entries])]
        return self._tops

    @property
    def row_count(self) -> int:
        """The number of rows, guesses included."""
        return self.tops[-1]

    @property
    def furthest(self) -> int:
        """The largest `top`."""
        return max(0, self.row_count - self.height)

    def place_of(self, row: int) -> tuple[int, int]:
        """The message on a row, and which of its rows that is."""
        index = min(bisect_right(self.tops, row) - 1, len(self.entries) - 1)
        return index, row - self.tops[index]

    def row(self, number: int) -> tuple[Entry, int, Row]:
        """The message on a row, which of its rows that is, and the row."""
        index, offset = self.place_of(number)
        entry = self.entries[index]
        rows = entry.rows(self.width)
        return entry, offset, rows[offset] if offset < len(rows) else BLANK

    def settle(self) -> None:
        """Lay out what is in sight."""
        while self.entries and self.height:
            self.top = self.furthest if self.follows else max(0, min(self.top, self.furthest))
            first, offset = self.place_of(self.top)
            if not self._lay_out(first, self.top + self.height):
                return
            if not self.follows:
                self.top = self.tops[first] + min(offset, self.entries[first].height(self.width) - 1)

    def _lay_out(self, first: int, end_row: int) -> bool:
        """Lay out the messages from `first` to the one before a row; whether there was anything to do."""
        tops = self.tops
        missing = [
            entry
            for entry, top in zip(self.entries[first:], tops[first:], strict=False)
            if top < end_row and not entry.is_laid_out(self.width)
        ]
        for entry in missing:
            entry.rows(self.width)
            self._tops = None
        return bool(missing)

    def scroll_to(self, row: int) -> None:
        """Move the window; it follows again once it is at the end."""
        if not self.entries:
            return
        self.settle()
        up = self.top - row
        if 0 < up <= FAR_PAGES * max(1, self.height):
            row = self._lay_out_above(up)
        self.top = max(0, min(row, self.furthest))
        self.follows = self.top >= self.furthest
        self.settle()

    def _lay_out_above(self, up: int) -> int:
        """Lay out what comes into sight above; the row to scroll to, so that the step is exactly `up` rows."""
        anchor, offset = self.place_of(self.top)
        while True:
            row = self.tops[anchor] + offset - up
            first, _ = self.place_of(max(0, row))
            if not self._lay_out(first, self.tops[anchor] + 1):
                return row

    # Parts

    def stops_of(self, index: int) -> list[Stop]:
        """The parts of a message from top to bottom."""
        if not 0 <= index < len(self.entries):
            return []
        entry = self.entries[index]
        entry.rows(self.width)
        counts: dict[str, int] = {}
        stops: list[Stop] = []
        for part in sorted(entry.parts, key=lambda part: (part.start, -part.end)):
            stops.append((entry, part.kind, counts.setdefault(part.kind, 0)))
            counts[part.kind] += 1
        return stops

    def next_stop(self, stop: Stop, step: int) -> Stop | None:
        """The part after one (before it for -1), in whichever message that is."""
        index = self.entries.index(stop[0])
        stops = self.stops_of(index)
        place = stops.index(stop) + step if stop in stops else 0
        while not 0 <= place < len(stops):
            index += step
            if not 0 <= index < len(self.entries):
                return None
            stops = self.stops_of(index)
            place = 0 if step > 0 else len(stops) - 1
        self.changed()
        return stops[place]

    def span_of(self, stop: Stop) -> tuple[int, int] | None:
        """The rows of a part."""
        part = part_of(stop)
        if part is None or stop[0] not in self.entries:
            return None
        top = self.tops[self.entries.index(stop[0])]
        return top + part.start, top + part.end

    def first_in_sight(self) -> Stop | None:
        """The first part that starts in the window."""
        index = self.place_of(self.top)[0] if self.entries else 0
        while index < len(self.entries) and self.tops[index] < self.top + self.height:
            for stop in self.stops_of(index):
                span = self.span_of(stop)
                if span is not None and span[0] >= self.top:
                    return stop
            index += 1
        return None

    def stop_at(self, row: int) -> Stop | None:
        """The innermost part on a row."""
        if not 0 <= row < self.row_count or not self.entries:
            return None
        index, offset = self.place_of(row)
        inside = [stop for stop in self.stops_of(index) if holds(part_of(stop), offset)]
        return inside[-1] if inside else None


def part_of(stop: Stop) -> Part | None:
    """The part that a stop means; the last of its kind where it is gone."""
    entry, kind, number = stop
    parts: Sequence[Part] = [part for part in entry.parts if part.kind == kind]
    return parts[min(number, len(parts) - 1)] if parts else None


def holds(part: Part | None, offset: int) -> bool:
    """Whether a row of a message is in a part."""
    return part is not None and part.start <= offset < part.end
