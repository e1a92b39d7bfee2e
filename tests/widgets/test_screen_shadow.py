from __future__ import annotations

import io

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from aether_tui.quirks import Shadow, cells_of

CONSOLE = Console(file=io.StringIO(), color_system="256", force_terminal=True)
STYLES = [Style(), Style(color="red"), Style(bold=True), Style(bgcolor="blue")]
WIDTH, HEIGHT = 24, 4

pieces = st.lists(st.tuples(st.text(alphabet="ab日é", max_size=6), st.sampled_from(STYLES)), max_size=6)


def line(parts: list[tuple[str, Style]]) -> list[Segment]:
    segments = [Segment(text, style) for text, style in parts]
    return Segment.adjust_line_length(segments, WIDTH, style=Style())


def picture(screen: pyte.Screen) -> list[list[tuple[str, str, str, bool]]]:
    rows = []
    for y in range(HEIGHT):
        cells = [screen.buffer[y][x] for x in range(WIDTH)]
        rows.append([(cell.data, cell.fg, cell.bg, cell.bold) for cell in cells])
    return rows


@given(st.lists(st.lists(pieces, min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=4))
def test_what_is_sent_in_parts_looks_like_what_is_sent_whole(frames: list[list[list[tuple[str, Style]]]]) -> None:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    shadow = Shadow()
    for frame in frames:
        stream.feed(shadow.whole([line(parts) for parts in frame], WIDTH, CONSOLE))
    fresh = pyte.Screen(WIDTH, HEIGHT)
    pyte.Stream(fresh).feed(Shadow().whole([line(parts) for parts in frames[-1]], WIDTH, CONSOLE))
    assert picture(screen) == picture(fresh)


def test_nothing_is_sent_when_nothing_changed() -> None:
    shadow = Shadow()
    lines = [line([("same", STYLES[1])])] * HEIGHT
    assert shadow.whole(lines, WIDTH, CONSOLE)
    assert shadow.whole(lines, WIDTH, CONSOLE) == ""


def test_only_what_changed_is_sent() -> None:
    shadow = Shadow()
    shadow.whole([line([("temperature 0.70 and more", STYLES[0])])], WIDTH, CONSOLE)
    sent = shadow.spans([(0, 0, line([("temperature 0.75 and more", STYLES[0])]))], CONSOLE)
    assert sent == "\x1b[1;16H5"


def test_after_forgetting_everything_is_sent() -> None:
    shadow = Shadow()
    lines = [line([("text", STYLES[0])])]
    first = shadow.whole(lines, WIDTH, CONSOLE)
    shadow.forget()
    assert shadow.whole(lines, WIDTH, CONSOLE) == first


def test_wide_and_combining_characters_take_their_cells() -> None:
    assert [text for text, _ in cells_of([Segment("日e\u0301x")])] == ["日", "", "e\u0301", "x"]
