"""The last line: the keys that work where the focus is."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.segment import Segment
from textual.screen import Screen

from aether_tui.actions import Action, actions_by_id, all_actions, key_label
from aether_tui.widgets.line import Line
from aether_tui.widgets.roles import Glyphs, Roles

Item = tuple[str, str, Action]


class KeyBar(Line):
    """Keys and labels from the registry, for the bindings that are active; the least important go first."""

    def __init__(self) -> None:
        super().__init__(id="key-bar")
        self.items: tuple[tuple[str, Action], ...] = ()

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed, immediate=True)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        # With the terminal in the background nothing has the focus: the keys that will work again stay.
        if self.app.app_focus and (screen.is_current or not self.items):
            items = footer_items(screen)
            if items != self.items:
                self.items = items
                self.redraw()

    def draw(self, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        if not self.items:
            self.items = footer_items(self.screen)
        ascii_only = glyphs.set == "*"
        keys = {action.id: key for key, action in self.items}
        shown = [
            (_keys_text(key, action, keys, ascii_only), action.label, action)
            for key, action in self.items
            if action.footer
        ]
        while shown and _width(shown) > width - 2:
            shown.remove(min(shown, key=lambda item: item[2].footer))
        left = [item for item in shown if item[2].side == "left"]
        rest = [item for item in shown if item[2].side != "left"]
        segments = [Segment(" ", roles.text), *_drawn(left, roles)]
        if rest:
            space = width - 1 - sum(cell_len(text) for text, _, _ in (*segments, *_drawn(rest, roles)))
            segments += [Segment(" " * max(1, space), roles.text), *_drawn(rest, roles)]
        return segments


def _keys_text(key: str, action: Action, keys: Mapping[str, str], ascii_only: bool) -> str:
    text = key_label(key, ascii_only)
    if action.pair and action.pair in keys:
        other = key_label(keys[action.pair], ascii_only)
        return text + other if len(text) == 1 and len(other) == 1 else f"{text}/{other}"
    return text


def _width(items: list[Item]) -> int:
    return sum(cell_len(keys) + 1 + cell_len(label) + 2 for keys, label, _ in items)


def _drawn(items: list[Item], roles: Roles) -> list[Segment]:
    segments: list[Segment] = []
    for number, (keys, label, _) in enumerate(items):
        if number:
            segments.append(Segment("  ", roles.text))
        segments += [Segment(keys, roles.accent), Segment(" " + label, roles.muted)]
    return segments


def footer_items(screen: Screen[object]) -> tuple[tuple[str, Action], ...]:
    """(key, action) of the active bindings that the registry knows, in its order, the first key of each."""
    known = actions_by_id()
    found: dict[str, str] = {}
    for key, active in screen.active_bindings.items():
        name = active.binding.id
        if name is not None and name in known and active.enabled:
            preferred = known[name].keys[:1] == (key,)
            if preferred or name not in found:
                found[name] = key
    return tuple((found[action.id], action) for action in all_actions() if action.id in found)
