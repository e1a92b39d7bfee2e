"""The lines that two Modelfiles have in common, lost and won."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import repeat
from typing import Literal, NamedTuple

from aether_tui.core.modelfile.document import Modelfile, split_lines
from aether_tui.core.sequences import matches

Mark = Literal[" ", "+", "-"]


# A tuple, not a dataclass: a large SYSTEM makes tens of thousands of them at each key.
class DiffLine(NamedTuple):
    """One line. `number` counts in the new file, for a lost line in the old one."""

    mark: Mark
    number: int
    text: str


def diff(old: Modelfile | str | None, new: Modelfile | str) -> list[DiffLine]:
    """Every line of the new file, and where they stood those of the old one that are gone; None is an empty file."""
    before, after = _lines(old), _lines(new)
    result: list[DiffLine] = []
    next_old = next_new = 0
    for start_old, start_new, length in [*matches(before, after), (len(before), len(after), 0)]:
        result += _marked("-", next_old, before[next_old:start_old])
        result += _marked("+", next_new, after[next_new:start_new])
        if start_old == start_new and isinstance(old, Modelfile):
            result += _context(old)[start_old : start_old + length]
        else:
            result += _marked(" ", start_new, after[start_new : start_new + length])
        next_old, next_new = start_old + length, start_new + length
    return result


def counts(lines: Iterable[DiffLine]) -> tuple[int, int]:
    """How many lines were added and removed."""
    marks = [line.mark for line in lines]
    return marks.count("+"), marks.count("-")


def _lines(file: Modelfile | str | None) -> list[str]:
    if isinstance(file, Modelfile):
        return file.lines
    return split_lines(file or "")


@lru_cache(maxsize=2)
def _context(old: Modelfile) -> list[DiffLine]:
    """The lines of the old file as common ones: most of them are, at each key the same."""
    return list(_marked(" ", 0, old.lines))


def _marked(mark: Mark, first: int, lines: list[str]) -> Iterable[DiffLine]:
    return map(DiffLine._make, zip(repeat(mark), range(first + 1, first + 1 + len(lines)), lines))
