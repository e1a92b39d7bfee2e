from __future__ import annotations

import asyncio
from collections.abc import Iterable

from rich.segment import Segment
from textual.app import App, ComposeResult

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.modelfile.diff import diff
from aether_tui.core.modelfile.highlight import highlight
from aether_tui.widgets.code_pane import CodePane
from aether_tui.widgets.list_pane import ListPane
from aether_tui.widgets.pick_list import PickItem, PickList, Section
from aether_tui.widgets.roles import roles_of
from aether_tui.widgets.text_pane import TextPane
from aether_tui.widgets.themes import textual_theme


class Numbers(ListPane):
    def __init__(self, count: int) -> None:
        super().__init__("Numbers")
        self.count = count
        self.drawn = 0

    @property
    def row_count(self) -> int:
        return self.count

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        self.drawn += 1
        return [Segment(f"row {index} " + "日" * 60, roles_of(self).text)]

    def selectable(self, index: int) -> bool:
        return index % 10 != 3


class Host(App[None]):
    def __init__(self, *panes: ListPane | CodePane | TextPane) -> None:
        super().__init__()
        self.panes = panes
        self.register_theme(textual_theme("dark"))

    def on_mount(self) -> None:
        self.theme = "dark"

    def compose(self) -> ComposeResult:
        yield from self.panes


def shown(app: Host) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def test_a_list_draws_only_what_is_in_sight() -> None:
    pane = Numbers(100_000)
    async with Host(pane).run_test(size=(40, 12)) as pilot:
        await pilot.press("G")
        assert pane.cursor == 99_999
        assert pane.drawn < 200
        assert "row 99999" in "\n".join(shown(pilot.app))  # type: ignore[arg-type]


async def test_rows_never_reach_over_the_frame() -> None:
    async with Host(Numbers(30)).run_test(size=(40, 12)) as pilot:
        lines = shown(pilot.app)  # type: ignore[arg-type]
        assert lines[0].startswith("╭─ Numbers ─") and lines[0].endswith("╮")
        assert all(line[0] == "│" and line[-1] in "│┃" for line in lines[1:-1])


async def test_the_selection_steps_over_rows_that_are_no_choice() -> None:
    pane = Numbers(30)
    async with Host(pane).run_test(size=(40, 12)) as pilot:
        await pilot.press("j", "j", "j")
        assert pane.cursor == 4
        await pilot.press("k")
        assert pane.cursor == 2


async def test_a_click_selects_and_a_second_one_opens() -> None:
    pane = Numbers(30)
    chosen: list[int] = []
    app = Host(pane)
    async with app.run_test(size=(40, 12)) as pilot:
        pane.action_choose = lambda: chosen.append(pane.cursor)  # type: ignore[method-assign]
        await pilot.click(offset=(5, 3))
        assert pane.cursor == 2
        await pilot.click(offset=(5, 3))
        assert chosen == [2]


async def test_a_changed_line_comes_into_sight_and_long_lines_wrap() -> None:
    pane = CodePane("Modelfile")
    async with Host(pane).run_test(size=(40, 10)) as pilot:
        before = "FROM x\n" + "# line\n" * 50
        after = before + "PARAMETER temperature 0.3\n" + "SYSTEM " + "word " * 40 + "\n"
        pane.show(diff(before, before), highlight(before))
        pane.show(diff(before, after), highlight(after))
        await pilot.pause()
        text = "\n".join(shown(pilot.app))  # type: ignore[arg-type]
        assert "PARAMETER temperature 0.3" in text
        assert pane.row_count > 54


async def test_a_line_of_a_megabyte_is_cut_and_said() -> None:
    pane = CodePane("Modelfile")
    async with Host(pane).run_test(size=(60, 10)) as pilot:
        text = "SYSTEM " + "x" * 1_000_000 + "\n"
        pane.show(diff(None, text), highlight(text), follow=False)
        pane.action_scroll_edge(1)
        await pilot.pause()
        assert "more" in "\n".join(shown(pilot.app))  # type: ignore[arg-type]


def picks(*titles: str) -> list[PickItem]:
    return [PickItem(title, title, "detail") for title in titles]


async def test_a_picker_tells_each_state_and_the_rest_works() -> None:
    pane = PickList("Open")
    broken = AetherError(ErrorCode.ENGINE_UNREACHABLE, "127.0.0.1:1 refuses", "start the server")
    async with Host(pane).run_test(size=(60, 16)) as pilot:
        pane.show(
            [
                Section("Waiting", state="loading", waiting="asking local"),
                Section("Broken", state="error", error=broken),
                Section("Empty", empty="nothing yet; n adds one"),
                Section("Here", picks("one", "two")),
            ]
        )
        await pilot.pause()
        text = "\n".join(shown(pilot.app))  # type: ignore[arg-type]
        for words in ("asking local", "127.0.0.1:1 refuses", "start the server", "nothing yet", "one", "two"):
            assert words in text
        assert pane.item is not None and pane.item.id == "one"


async def test_typing_filters_and_a_refresh_keeps_the_selection() -> None:
    pane = PickList("Open")
    chosen: list[str] = []
    pane.on_choose = lambda item: chosen.append(item.id)
    async with Host(pane).run_test(size=(60, 16)) as pilot:
        pane.show([Section("", picks("alpha", "beta", "gamma"))])
        await pilot.press("down", "down")
        pane.show([Section("", picks("new", "alpha", "beta", "gamma"))])
        assert pane.item is not None and pane.item.id == "gamma"
        await pilot.press("b", "e", "t")
        assert pane.item.id == "beta"
        await pilot.press("enter")
        await pilot.press("x")
        assert "nothing here matches betx" in "\n".join(shown(pilot.app))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert chosen == ["beta"]


async def test_a_title_too_long_is_cut_before_the_frame() -> None:
    pane = TextPane("a very long title " * 10)
    async with Host(pane).run_test(size=(40, 6)) as pilot:
        pane.set_status([("status", "muted")])
        await pilot.pause()
        assert len(shown(pilot.app)[0]) == 40  # type: ignore[arg-type]
