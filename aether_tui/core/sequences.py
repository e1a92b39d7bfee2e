"""Which elements of two sequences belong together."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

_EXACT_LIMIT = 2_500
_CHUNK = 128


def common_ends(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int]:
    """How many elements are the same at the start of both, and how many of the others at the end."""
    limit = min(len(old), len(new))
    head = 0
    # Slices are compared in C, which is what makes long sequences quick.
    while head + _CHUNK <= limit and old[head : head + _CHUNK] == new[head : head + _CHUNK]:
        head += _CHUNK
    while head < limit and old[head] == new[head]:
        head += 1
    limit -= head
    tail, old_end, new_end = 0, len(old), len(new)
    while tail + _CHUNK <= limit and (
        old[old_end - tail - _CHUNK : old_end - tail] == new[new_end - tail - _CHUNK : new_end - tail]
    ):
        tail += _CHUNK
    while tail < limit and old[old_end - tail - 1] == new[new_end - tail - 1]:
        tail += 1
    return head, tail


class Block(NamedTuple):
    """`length` elements from `old` on in one sequence that equal those from `new` on in the other."""

    old: int
    new: int
    length: int


def matches(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Block]:
    """Equal stretches, rising in both sequences; together a longest such run wherever the sequences are short.

    The time grows with the length, not with its square: long stretches are matched by the elements that each side has
    once, and short ones between those exactly.
    """
    blocks: list[Block] = []
    stack = [(0, len(old), 0, len(new))]
    while stack:
        first_old, last_old, first_new, last_new = stack.pop()
        head, tail = common_ends(old[first_old:last_old], new[first_new:last_new])
        blocks.append(Block(first_old, first_new, head))
        blocks.append(Block(last_old - tail, last_new - tail, tail))
        bounds = (first_old + head, last_old - tail, first_new + head, last_new - tail)
        size = (bounds[1] - bounds[0]) * (bounds[3] - bounds[2])
        if 0 < size <= _EXACT_LIMIT:
            blocks += _runs(_longest(old, new, *bounds))
        elif size and (in_place := _in_place(old, new, *bounds)):
            blocks += in_place
        elif size and (anchors := _runs(_anchors(old, new, *bounds))):
            blocks += anchors
            stack += _between(anchors, bounds)
    return sorted(block for block in blocks if block.length)


def _runs(pairs: list[tuple[int, int]]) -> list[Block]:
    """Pairs of positions, those that follow each other in both sequences put together."""
    runs: list[Block] = []
    start = 0
    for index, (pair_old, pair_new) in enumerate(pairs, 1):
        if index == len(pairs) or pairs[index] != (pair_old + 1, pair_new + 1):
            runs.append(Block(*pairs[start], index - start))
            start = index
    return runs


def _in_place(
    old: Sequence[Hashable], new: Sequence[Hashable], first_old: int, last_old: int, first_new: int, last_new: int
) -> list[Block]:
    """The equal stretches where nearly all elements have kept their place, as after changed values; else nothing."""
    length = last_old - first_old
    if last_new - first_new != length:
        return []
    runs: list[Block] = []
    for start in range(0, length, _CHUNK):
        stop = min(start + _CHUNK, length)
        if old[first_old + start : first_old + stop] == new[first_new + start : first_new + stop]:
            runs.append(Block(first_old + start, first_new + start, stop - start))
            continue
        same = [
            (first_old + index, first_new + index)
            for index in range(start, stop)
            if old[first_old + index] == new[first_new + index]
        ]
        runs += _runs(same)
    return runs if sum(run.length for run in runs) * 8 >= length * 7 else []


def _between(anchors: list[Block], bounds: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """The stretches before, between and behind the anchors that are empty on neither side."""
    first_old, last_old, first_new, last_new = bounds
    stretches = []
    for anchor in [*anchors, Block(last_old, last_new, 0)]:
        if anchor.old > first_old and anchor.new > first_new:
            stretches.append((first_old, anchor.old, first_new, anchor.new))
        first_old, first_new = anchor.old + anchor.length, anchor.new + anchor.length
    return stretches


def _anchors(
    old: Sequence[Hashable], new: Sequence[Hashable], first_old: int, last_old: int, first_new: int, last_new: int
) -> list[tuple[int, int]]:
    """The longest rising run of elements that each side has exactly once."""
    once_old = Counter(old[first_old:last_old])
    once_new = Counter(new[first_new:last_new])
    place = {old[index]: index for index in range(first_old, last_old) if once_old[old[index]] == 1}
    candidates = [
        (place[new[index]], index)
        for index in range(first_new, last_new)
        if once_new[new[index]] == 1 and new[index] in place
    ]
    ends: list[int] = []
    lasts: list[int] = []
    before: list[int] = []
    for position, (index, _) in enumerate(candidates):
        length = bisect_left(ends, index)
        before.append(lasts[length - 1] if length else -1)
        ends[length : length + 1] = [index]
        lasts[length : length + 1] = [position]
    chain, position = [], lasts[-1] if lasts else -1
    while position >= 0:
        chain.append(candidates[position])
        position = before[position]
    return chain[::-1]


def _longest(
    old: Sequence[Hashable], new: Sequence[Hashable], first_old: int, last_old: int, first_new: int, last_new: int
) -> list[tuple[int, int]]:
    """A longest common subsequence, by the table of lengths."""
    rows, columns = last_old - first_old, last_new - first_new
    lengths = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows - 1, -1, -1):
        here, below, element = lengths[row], lengths[row + 1], old[first_old + row]
        for column in range(columns - 1, -1, -1):
            if element == new[first_new + column]:
                here[column] = below[column + 1] + 1
            else:
                here[column] = max(below[column], here[column + 1])
    pairs, row, column = [], 0, 0
    while row < rows and column < columns:
        if old[first_old + row] == new[first_new + column]:
            pairs.append((first_old + row, first_new + column))
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            row += 1
        else:
            column += 1
    return pairs
