"""Rows of styled text that know nothing of a screen: spans, word wrap, and the cleaning of foreign text.

A span's style is named as `Roles.get` takes it: a colour role, attributes before it (`bold keyword`). Roles become
colours only when a row is drawn, so a theme change costs no layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from rich.cells import cell_len

Span = tuple[str, str]
"""A piece of text and the name of its style."""

TAB_CELLS = 4
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_WORD = re.compile(r"[ \t]+|[^ \t]+")


@cache
def _piece() -> re.Pattern[str]:
    """Spaces, or one character of a script that breaks anywhere, or a word."""
    wide = r"\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60"
    return re.compile(rf"[ \t]+|[{wide}]|[^ \t{wide}]+")


class Row(NamedTuple):
    """One row of a transcript.

    `joint` is what stands between the row before and this one in the text that is copied; the first `skip`
    characters are decoration and are left out of it. `fill` is the style of the rest of the row.
    """

    spans: tuple[Span, ...]
    joint: str = "\n"
    skip: int = 0
    fill: str = ""

    @property
    def text(self) -> str:
        """The row as characters, decoration included."""
        return "".join([text for text, _ in self.spans])


BLANK = Row(())


def clean_lines(text: str) -> str:
    """Make foreign text harmless: one kind of line end, control characters shown instead of obeyed."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub(_visible, _LINE_END.sub("\n", text))


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(0x2400 + code) if code < 0x20 else "\N{REPLACEMENT CHARACTER}"


def expand_tabs(text: str) -> str:
    """Replace tabs by spaces up to the next stop."""
    return text.expandtabs(TAB_CELLS) if "\t" in text else text


def width_of(text: str) -> int:
    """Cells that a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def _fitting(text: str, start: int, width: int) -> int:
    """The end of the longest piece from `start` that fits into `width` cells."""
    if text.isascii():
        return min(len(text), start + width)
    cells = 0
    for index in range(start, len(text)):
        cells += cell_len(text[index])
        if cells > width:
            return index
    return len(text)


def breaks(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Cut one line of text into (start, end) pieces of at most `width` cells, at spaces where there are any."""
    width = max(1, width)
    if width_of(text) <= width:
        yield 0, len(text)
        return
    start = end = used = 0
    for match in (_WORD if text.isascii() else _piece()).finditer(text):
        piece_start, piece_end = match.span()
        piece = match.group()
        cells = width_of(piece)
        if piece[0] in " \t":
            used += cells
            continue
        if used + cells > width:
            if end > start:
                yield start, end
                start, used = piece_start, 0
            elif start < piece_start and cells <= width:
                start, used = piece_start, 0
            while used + cells > width:
                cut = max(_fitting(text, piece_start, width - used), piece_start + 1)
                yield start, cut
                start = piece_start = cut
                used, cells = 0, width_of(text[cut:piece_end])
        used += cells
        end = piece_end
    if start < len(text) and (end > start or start == 0):
        yield start, end if end > start else len(text)


def cells_of(spans: Sequence[Span]) -> int:
    """Cells that a span list takes."""
    return sum([width_of(text) for text, _ in spans])


def length_of(spans: Sequence[Span]) -> int:
    """Characters of a span list."""
    return sum([len(text) for text, _ in spans])


def cut_spans(spans: Sequence[Span], pieces: Iterable[tuple[int, int]]) -> Iterator[list[Span]]:
    """The parts of a span list at ascending (start, end) positions."""
    remaining = iter(spans)
    text, style = next(remaining, ("", ""))
    position = 0
    for start, end in pieces:
        found: list[Span] = []
        while text and position < end:
            if position + len(text) > start:
                found.append((text[max(0, start - position) : end - position], style))
            if position + len(text) > end:
                break
            position += len(text)
            text, style = next(remaining, ("", ""))
        yield found


def split_lines(spans: Iterable[Span]) -> list[list[Span]]:
    """Split a span list at its line feeds."""
    lines: list[list[Span]] = [[]]
    for text, style in spans:
        first, *others = text.split("\n")
        if first:
            lines[-1].append((first, style))
        for other in others:
            lines.append([(other, style)] if other else [])
    return lines


def wrap(
    spans: Sequence[Span], width: int, *, first: Sequence[Span] = (), rest: Sequence[Span] = (), fill: str = ""
) -> list[Row]:
    """Wrap a paragraph (line feeds are kept) into rows; the leads of first and other rows are of one width."""
    rows: list[Row] = []
    lead, following = tuple(first), tuple(rest)
    skip, skip_following = length_of(lead), length_of(following)
    inner = width - cells_of(following)
    for line in split_lines(spans):
        text = "".join([piece for piece, _ in line])
        pieces = list(breaks(text, inner))
        before = 0
        for (start, end), body in zip(pieces, cut_spans(line, pieces), strict=True):
            joint = "\n" if start == 0 else text[before:start]
            rows.append(Row((*lead, *body), joint, skip, fill))
            lead, skip, before = following, skip_following, end
    return rows


def wrap_hard(spans: Sequence[Span], width: int, *, lead: Sequence[Span] = (), fill: str = "") -> list[Row]:
    """Wrap one line of code at the width exactly, every space kept."""
    text = "".join([piece for piece, _ in spans])
    skip = length_of(lead)
    inner = max(1, width - cells_of(lead))
    if width_of(text) <= inner:
        return [Row((*lead, *spans), skip=skip, fill=fill)]
    pieces: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = max(_fitting(text, start, inner), start + 1)
        pieces.append((start, end))
        start = end
    bodies = cut_spans(spans, pieces)
    return [Row((*lead, *body), "" if number else "\n", skip, fill) for number, body in enumerate(bodies)]
