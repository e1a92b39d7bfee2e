"""Where Textual 8.2.8 and terminals need help; each quirk in one place, with its reason.

`install()` is called once, before the app is made.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import repeat
from typing import Any

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer

from aether_tui import lost_terminal
from aether_tui.lost_terminal import TerminalDecoder

Cell = tuple[str, Style | None]
GAP = 6
"""Unchanged cells between two changes that are sent rather than jumped over: a jump costs about as much."""


_SINGLE = re.compile("[ -~\u00a1-\u02ff\u2010-\u2027\u2190-\u2199\u2260-\u2265\u2500-\u259f\u25a0-\u25e6\u2713\u2717]*")
"""Texts in which each character is one cell: ASCII, accented letters, and the marks and lines we draw with."""


class Shadow:
    """What the terminal shows, cell by cell, so that only cells that changed are sent.

    Textual sends dirty regions whole: of a focus change it would repaint both panes (23 KB instead of 4).
    """

    def __init__(self) -> None:
        self.rows: list[list[Cell]] = []

    def forget(self) -> None:
        """Nothing is known of the terminal any more: the next update is sent whole."""
        self.rows = []

    def whole(self, lines: list[list[Segment]], width: int, console: Console) -> str:
        """The update for the whole screen."""
        if len(self.rows) != len(lines) or any(len(row) > width for row in self.rows):
            self.rows = [[] for _ in lines]
        out: list[str] = []
        for y, segments in enumerate(lines):
            self._line(y, 0, cells_of(segments), console, out)
        return "".join(out)

    def spans(self, spans: Iterable[tuple[int, int, list[Segment]]], console: Console) -> str:
        """The update for some spans (y, x, segments)."""
        out: list[str] = []
        for y, x, segments in spans:
            if y >= len(self.rows):
                self.rows.extend([] for _ in range(y + 1 - len(self.rows)))
            self._line(y, x, cells_of(segments), console, out)
        return "".join(out)

    def _line(self, y: int, x: int, cells: list[Cell], console: Console, out: list[str]) -> None:
        row = self.rows[y]
        end = x + len(cells)
        if len(row) < end:
            if x > len(row):
                row.extend([("", None)] * (x - len(row)))
            _emit(out, y, x, cells, console)
            row[x:end] = cells
            return
        before = row[x:end]
        if before == cells:
            return
        for start, stop in _runs(before, cells):
            _emit(out, y, x + start, cells[start:stop], console)
        row[x:end] = cells


def cells_of(segments: Iterable[Segment]) -> list[Cell]:
    """One entry for each cell; a character of two cells is followed by an empty one."""
    cells: list[Cell] = []
    extend = cells.extend
    for text, style, control in segments:
        if control or not text:
            continue
        if text.isascii() or _SINGLE.fullmatch(text):
            extend(zip(text, repeat(style), strict=False))
            continue
        for character in text:
            width = cell_len(character)
            if width == 0 and cells:
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
                continue
            extend(((character, style), *[("", style)] * (width - 1)))
    return cells


def _runs(before: list[Cell], after: list[Cell]) -> Iterable[tuple[int, int]]:
    """Where two lines differ, near differences joined; a run begins and ends with whole characters."""
    length = len(after)
    index = 0
    while index < length:
        if before[index] == after[index]:
            index += 1
            continue
        start = index
        stop = index + 1
        scan = stop
        while scan < length and scan - stop < GAP:
            if before[scan] != after[scan]:
                stop = scan + 1
            scan += 1
        while start > 0 and (not after[start][0] or not before[start][0]):
            start -= 1
        while stop < length and (not after[stop][0] or not before[stop][0]):
            stop += 1
        yield start, stop
        index = max(scan, stop)


def _emit(out: list[str], y: int, x: int, cells: list[Cell], console: Console) -> None:
    """Move there and write the cells, characters of one style together."""
    out.append(f"\x1b[{y + 1};{x + 1}H")
    system = console._color_system or ColorSystem.TRUECOLOR
    index = 0
    length = len(cells)
    dirty = False
    while index < length:
        style = cells[index][1]
        stop = index + 1
        while stop < length and (cells[stop][1] is style or cells[stop][1] == style):
            stop += 1
        text = "".join([character for character, _ in cells[index:stop]])
        codes = "" if style is None else sgr_codes(style, system)
        if codes:
            out.append(f"\x1b[0;{codes}m{text}" if dirty else f"\x1b[{codes}m{text}")
        else:
            out.append(f"\x1b[m{text}" if dirty else text)
        dirty = bool(codes)
        index = stop
    if dirty:
        out.append("\x1b[m")


@lru_cache(4096)
def sgr_codes(style: Style, system: ColorSystem) -> str:
    """The codes of a style. A colour that the 256 have is sent as itself: Rich makes light greys one step darker."""
    if system is ColorSystem.EIGHT_BIT:
        style = style + Style(color=_exact(style.color), bgcolor=_exact(style.bgcolor))
    return Strip.render_ansi(style, system)


def _exact(color: Color | None) -> Color | None:
    if color is None or color.triplet is None:
        return color
    red, green, blue = color.triplet
    if red == green == blue and 8 <= red <= 238 and (red - 8) % 10 == 0:
        return Color.from_ansi(232 + (red - 8) // 10)
    return color


_shadow = Shadow()


def forget_screen() -> None:
    """The terminal was cleared or resized by someone else: send everything next time."""
    _shadow.forget()


def _chops_segments(update: ChopsUpdate) -> Iterable[tuple[int, int, list[Segment]]]:
    """The segments of a partial update, cropped to its spans on both sides.

    Textual crops a span on the right only: a change in column 60 would send columns 0-60.
    """
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= x2 or end <= x1:
                continue
            if x < x1 or end > x2:
                start, stop = max(x1, x), min(x2, end)
                yield y, start, strip.crop(start - x, stop - x)._segments
            else:
                yield y, x, strip._segments


def _render_chops(self: ChopsUpdate, console: Console) -> str:
    return _shadow.spans(_chops_segments(self), console)


def _render_layout(self: LayoutUpdate, console: Console) -> str:
    lines = [[segment for strip in line for segment in strip._segments] for line in self.strips]
    if self.region.x or self.region.y:
        _shadow.forget()
        out: list[str] = []
        for y, segments in enumerate(lines):
            _emit(out, self.region.y + y, self.region.x, cells_of(segments), console)
        return "".join(out)
    return _shadow.whole(lines, self.region.width, console)


def _guard_input() -> None:
    """Bytes that are not UTF-8 must not end the app.

    After a tmux reattach a terminal may send mouse reports in the old form, with bytes above 127 past
    column 95 (Textual issue 6668).
    """
    from textual.drivers import linux_driver

    def decoder(encoding: str) -> Any:
        return TerminalDecoder if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)

    linux_driver.getincrementaldecoder = decoder  # type: ignore[attr-defined]


def _paint_at_once() -> None:
    """Paint what a key changed as soon as it is done with.

    A screen's timer that was paused counts on by one frame too many (`Timer._run`): after each painting the next
    one waits 17 to 33 ms. Without skipping it comes at once, and still only when nothing else is to be done.
    """
    timer_of = Screen._update_timer.fget  # type: ignore[attr-defined]

    def update_timer(screen: Screen[Any]) -> Timer:
        timer: Timer = timer_of(screen)
        timer._skip = False
        return timer

    Screen._update_timer = property(update_timer)  # type: ignore[assignment, method-assign]


def install() -> None:
    """Put the replacements in place."""
    _paint_at_once()
    ChopsUpdate.render_segments = _render_chops  # type: ignore[method-assign]
    LayoutUpdate.render_segments = _render_layout  # type: ignore[method-assign]
    _guard_input()
    lost_terminal.install()
