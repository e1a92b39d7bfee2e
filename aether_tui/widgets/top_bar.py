"""The first line: the host, what is loaded, how fast it answers."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.message import Message

from aether_tui.widgets.frame import Parts, parts_width, segments_of
from aether_tui.widgets.line import Line
from aether_tui.widgets.roles import Glyphs, Roles


class TopState(NamedTuple):
    """What the top bar shows. `reachable` None: not known yet; `loaded` and `speed` are ready to print."""

    host: str = ""
    engine: str = ""
    reachable: bool | None = None
    loaded: str = ""
    speed: str = ""


class TopBar(Line):
    """Host and engine, the loaded model, tokens per second; whole items go when the line is too short."""

    class Clicked(Message):
        """The bar was clicked: the user wants another host."""

    def __init__(self, state: TopState | None = None) -> None:
        super().__init__(id="top-bar")
        self.state = state or TopState()

    def show(self, state: TopState) -> None:
        """Change what is shown."""
        if state != self.state:
            self.state = state
            self.redraw()

    def blank(self, roles: Roles) -> Style:
        return roles.on_bar(roles.text)

    def draw(self, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        items = self._items(glyphs)
        for drop in ("engine", "loaded", "speed", "word"):
            if self._room(items, width) >= 0:
                break
            items.pop(drop, None)
        left: list[tuple[str, str]] = [(" ", "text")]
        for name in ("brand", "host", "engine", "mark", "word", "loaded"):
            left += items.get(name, ())
        speed = items.get("speed", ())
        gap = width - parts_width(left) - parts_width(speed) - 1
        parts = [*left, (" " * max(1, gap), "text"), *speed, (" ", "text")]
        return [Segment(text, roles.on_bar(style or roles.text)) for text, style, _ in segments_of(parts, roles)]

    def _items(self, glyphs: Glyphs) -> dict[str, Parts]:
        state = self.state
        items: dict[str, Parts] = {"brand": [("aether", "bold accent")]}
        if state.host:
            items["host"] = [("  " + state.host, "text")]
        if state.engine:
            items["engine"] = [(" " + state.engine, "muted")]
        if state.host:
            mark, role, word = self._reach(glyphs)
            items["mark"] = [(" " + mark, role)] if mark else []
            items["word"] = [(" " + word, role)] if word else []
        if state.loaded:
            items["loaded"] = [("   " + state.loaded, "text")]
        if state.speed:
            number, _, unit = state.speed.partition(" ")
            items["speed"] = [(number, "text"), (" " + unit, "muted")]
        return items

    def _reach(self, glyphs: Glyphs) -> tuple[str, str, str]:
        if self.state.reachable is None:
            return "", "muted", "asking"
        if self.state.reachable:
            return glyphs.good, "good", ""
        return glyphs.error, "error", "not reached"

    @staticmethod
    def _room(items: dict[str, Parts], width: int) -> int:
        return width - 3 - sum(cell_len(text) for parts in items.values() for text, _ in parts)

    def on_click(self) -> None:
        """Clicking the bar asks for another host."""
        self.post_message(self.Clicked())
