"""The transcript: what is laid out, what stays in place, how much is sent to the terminal."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Offset, Size
from textual.selection import Selection
from textual.strip import Strip

from aether_tui.widgets.chat_roll import Roll
from aether_tui.widgets.message import Answer, Entry, Question
from aether_tui.widgets.roles import Roles
from aether_tui.widgets.themes import textual_theme
from aether_tui.widgets.transcript import Transcript


def conversation(count: int) -> list[Entry]:
    """Questions and answers of different heights."""
    entries: list[Entry] = []
    for number in range(count // 2):
        entries.append(Question(f"question {number}", 2 * number))
        entries.append(Answer(f"answer {number} " + "word " * (7 * number % 60) + "\n\n- item\n- item", closed=True))
    return entries


def roll_of(count: int, width: int = 40, height: int = 20) -> Roll:
    roll = Roll()
    roll.entries = conversation(count)
    roll.resize(width, height)
    return roll


def in_sight(roll: Roll) -> list[str]:
    rows = []
    for row in range(roll.top, min(roll.row_count, roll.top + roll.height)):
        index, offset = roll.place_of(row)
        rows.append(roll.entries[index].rows(roll.width)[offset].text)
    return rows


def laid_out(roll: Roll) -> int:
    return sum(entry.is_laid_out(roll.width) for entry in roll.entries)


def test_only_what_is_in_sight_is_laid_out() -> None:
    roll = roll_of(500)
    assert laid_out(roll) < 20
    roll.scroll_to(roll.top - 15)
    assert laid_out(roll) < 30


def test_scrolling_up_moves_exactly_so_far_although_heights_were_guesses() -> None:
    roll = roll_of(300)
    for _ in range(60):
        before = in_sight(roll)
        roll.scroll_to(roll.top - 7)
        assert in_sight(roll)[7:] == before[:-7]


def test_scrolling_down_again_comes_to_the_end_and_follows() -> None:
    roll = roll_of(100)
    end = in_sight(roll)
    roll.scroll_to(0)
    assert in_sight(roll)[0] == "question 0"
    assert not roll.follows
    for _ in range(200):
        roll.scroll_to(roll.top + 19)
    assert roll.follows
    assert in_sight(roll) == end


def test_what_the_reader_sees_stays_while_more_comes_and_while_the_width_changes() -> None:
    roll = roll_of(100)
    roll.scroll_to(roll.top - 30)
    before = in_sight(roll)
    live = Answer()
    roll.entries.append(live)
    for _ in range(50):
        live.add_text("more\n\n")
        live.changed()
        roll.changed()
        roll.settle()
    assert in_sight(roll) == before
    first = roll.place_of(roll.top)[0]
    roll.resize(70, 30)
    assert roll.place_of(roll.top)[0] == first


def test_an_answer_that_is_not_seen_is_not_read_while_it_streams() -> None:
    roll = roll_of(100)
    roll.scroll_to(0)
    live = Answer()
    roll.entries.append(live)
    for _ in range(20):
        live.add_text("text ")
        live.changed()
        roll.changed()
        roll.settle()
    assert not live.is_laid_out(roll.width)


class TranscriptApp(App[None]):
    """A transcript, and the bytes that would go to a terminal."""

    glyphs = "unicode"

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(textual_theme("dark"))
        self.theme = "dark"
        self.transcript = Transcript("model")

    def compose(self) -> ComposeResult:
        yield self.transcript

    def on_mount(self) -> None:
        self.transcript.styles.height = "1fr"
        self.transcript.focus()


def lines(app: TranscriptApp) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def test_the_arrows_go_from_part_to_part_and_through_long_ones() -> None:
    app = TranscriptApp()
    async with app.run_test(size=(60, 14)) as pilot:
        long = Answer("\n\n".join(f"Paragraph {number}" for number in range(20)), "I thought", closed=True)
        app.transcript.add(Question("first", 0), long, Question("last", 2))
        app.transcript.choose_last()
        await pilot.press("g")
        chosen = app.transcript.chosen_part
        assert chosen is not None
        assert chosen.text == "first"
        kinds = []
        for _ in range(4):
            await pilot.press("j")
            assert app.transcript.chosen_part is not None
            kinds.append(app.transcript.chosen_part.kind)
        assert kinds == ["thought", "message", "message", "message"]
        assert "Paragraph 7" in "".join(lines(app))
        for _ in range(60):
            await pilot.press("j")
        assert app.transcript.chosen_part.text == "last"


async def test_a_selection_copies_the_text_as_it_was_written() -> None:
    app = TranscriptApp()
    async with app.run_test(size=(40, 20)) as pilot:
        text = "one two three four five six seven eight nine ten"
        app.transcript.add(Answer(f"{text}\n\n```sh\nls -l\n```", closed=True))
        await pilot.pause()
        start = app.transcript._text_start
        whole = app.transcript.get_selection(Selection(None, None))
        assert whole is not None
        assert whole[0].startswith(f"{text}\n\nls -l")
        part = app.transcript.get_selection(Selection(Offset(start + 4, 0), Offset(start + 7, 0)))
        assert part == ("two", "\n")


async def test_the_mouse_selects_text() -> None:
    app = TranscriptApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.transcript.add(Answer("one two three", closed=True))
        await pilot.pause()
        start = app.transcript._text_start
        await pilot.mouse_down(offset=(start + 4, 1))
        await pilot.hover(offset=(start + 6, 1))
        await pilot.mouse_up(offset=(start + 6, 1))
        assert app.screen.get_selected_text() == "two"


@pytest.mark.parametrize("following", [True, False])
async def test_a_stream_repaints_only_lines_that_changed(following: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    app = TranscriptApp()
    async with app.run_test(size=(60, 30)) as pilot:
        app.transcript.add(*conversation(60))
        live = Answer()
        app.transcript.add(live)
        await pilot.pause()
        if not following:
            app.transcript.scroll_rows_to(10)
        await pilot.pause()
        drawn: list[int] = []
        line = Transcript._line

        def counted(self: Transcript, y: int, size: Size, roles: Roles) -> Strip:
            drawn.append(y)
            return line(self, y, size, roles)

        monkeypatch.setattr(Transcript, "_line", counted)
        for _ in range(100):
            live.add_text("tok ")
            live.changed()
            app.transcript.update()
            await pilot.pause()
        # A token changes one line; each of the eight new lines moves all of them.
        assert len(drawn) <= (100 + 9 * 30 if following else 40)


async def test_only_the_chosen_part_is_marked() -> None:
    app = TranscriptApp()
    async with app.run_test(size=(60, 30)) as pilot:
        app.transcript.add(*conversation(8))
        app.transcript.choose_last()
        for key in "kkkkkjjkjk":
            await pilot.press(key)
            await pilot.pause()
            part = app.transcript.chosen_part
            assert part is not None
            assert sum("▌" in line for line in lines(app)) == part.end - part.start
        app.set_focus(None)
        await pilot.pause()
        assert not any("▌" in line for line in lines(app))
