"""The pages that any screen can open: palette, help, hosts, themes, calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aether_tui.actions import Action, actions_by_id, all_actions, key_label, keys_of, scope_titles
from aether_tui.engines.base import as_curl
from aether_tui.screens.dialogs import Page, PickerPage, ReadPage, Source
from aether_tui.widgets.frame import Parts
from aether_tui.widgets.pick_list import PickItem
from aether_tui.widgets.themes import theme_data

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from aether_tui.app import AetherApp

MOVING = ("pane", "list")
"""Scopes whose actions only move the selection: the palette leaves them out."""

THEME_WORDS = {
    "dark": "256 colours on a dark ground",
    "light": "256 colours on a light ground",
    "ansi-dark": "the terminal's own 16 colours, dark ground",
    "ansi-light": "the terminal's own 16 colours, light ground",
}


def _push(app: AetherApp, page: Page[Any], chosen: Callable[[Any], object] = lambda result: None) -> None:
    page.of_app = True

    def left(result: Any) -> None:
        chosen(result)

    app.push_screen(page, left)


def _keys_words(app: AetherApp, action: Action) -> str:
    ascii_only = app.glyphs == "ascii"
    return " ".join(key_label(key, ascii_only) for key in keys_of(action, app.settings.keys))


def active_actions(app: AetherApp) -> dict[str, tuple[DOMNode, str]]:
    """The actions that can be run where the focus is: id to (node, Textual action)."""
    known = actions_by_id()
    found: dict[str, tuple[DOMNode, str]] = {}
    for active in app.screen.active_bindings.values():
        name = active.binding.id
        if name is not None and name in known and active.enabled:
            found.setdefault(name, (active.node, active.binding.action))
    return found


# Palette


def open_palette(app: AetherApp) -> None:
    """Every action by name: first those that work where the focus is."""
    active = active_actions(app)
    items: dict[str, list[PickItem]] = {}
    for action in all_actions():
        if action.scope in MOVING or not (action.id in active or (action.palette and action.scope == "app")):
            continue
        title = f"{action.label:<16} {action.help}"
        items.setdefault(action.scope, []).append(PickItem(action.id, title, _keys_words(app, action)))
    titles = scope_titles()
    # What the screen does comes first; then its panes, then what works everywhere.
    order = sorted(items, key=lambda scope: (scope == "app", scope != app.current_mode))
    sources = [Source(titles[scope], None, items[scope]) for scope in order]
    page = PickerPage("Palette", sources)
    _push(app, page, lambda choice: run_action(app, choice, active))


def run_action(app: AetherApp, choice: str | None, active: dict[str, tuple[DOMNode, str]]) -> None:
    """Run what was chosen, on the node it belongs to."""
    if choice is None:
        return
    node, action = active.get(choice, (app, actions_by_id()[choice].action))
    app.run_worker(app.run_action(action, node), group="palette", exit_on_error=True)


# Help


def open_help(app: AetherApp) -> None:
    """What the focused thing is, the keys that work there, then all others."""
    active = active_actions(app)
    lines: list[Parts] = []
    topic = getattr(app.focused, "help_topic", None)
    if topic is not None:
        lines += [*topic(), []]
    # The binding chain goes from the focused widget outwards: the nearest keys come first.
    here = list(dict.fromkeys(actions_by_id()[name].scope for name in active))
    titles = scope_titles()
    for scope in (*here, *(name for name in titles if name not in here)):
        actions = [action for action in all_actions() if action.scope == scope]
        if actions:
            lines.append([(titles[scope], "bold text"), ("  works here" if scope in here else "", "muted")])
            lines += [_help_line(app, action) for action in actions]
            lines.append([])
    lines += _help_foot(app)
    _push(app, ReadPage("Keys and help", lines))


def _help_line(app: AetherApp, action: Action) -> Parts:
    keys = _keys_words(app, action) or "in the palette"
    return [(f"  {keys:<18} ", "accent"), (f"{action.id:<22} ", "muted"), (action.help, "text")]


def _help_foot(app: AetherApp) -> list[Parts]:
    return [
        [("Your own keys", "bold text")],
        [(f"  in {app.settings.file}, under keys, by the name in the middle: ", "muted"), ("editor.save: S", "string")],
    ]


# Hosts, themes, calls


def open_hosts(app: AetherApp) -> None:
    """Choose another inference server."""
    hosts = app.services.hosts
    items = [
        PickItem(
            host.name,
            host.name,
            f"{host.kind}  {host.address or 'starts with the app'}",
            mark="•" if host.name == hosts.current.name else "",
            mark_role="accent",
        )
        for host in hosts.hosts
    ]
    note = [
        Source("", None, items),
        Source("", None, (), empty=f"others are added in {app.settings.file}, under hosts"),
    ]
    _push(app, PickerPage("Switch host", note, select=hosts.current.name), app.switch_host)


def open_themes(app: AetherApp) -> None:
    """Choose the colours; they change as the selection moves."""
    before = app.theme
    items = [PickItem(name, name, THEME_WORDS.get(name, "")) for name in theme_data()]

    def preview(item: PickItem | None) -> None:
        if item is not None and app.theme != item.id:
            app.theme = item.id

    def chosen(choice: str | None) -> None:
        app.keep_theme(choice, before)

    _push(app, PickerPage("Theme", [Source("", None, items)], select=before, on_highlight=preview), chosen)


def open_calls(app: AetherApp) -> None:
    """The exact calls made to the current server, newest first."""
    log = app.services.hosts.engine().log
    calls = list(reversed(log.calls))
    lines: list[Parts] = []
    for call in calls:
        status = f"{call.status}" if call.status is not None else "no answer"
        took = f"  {call.took_s:.2f} s" if call.took_s is not None else ""
        good = call.status is not None and call.status < 400
        lines.append([(f"{call.at}  ", "muted"), (f"{call.method} ", "keyword"), (call.url, "text")])
        lines.append([("          ", "muted"), (status, "good" if good else "error"), (took, "muted")])
        lines += [[("          ", "muted"), (call.body, "string")]] if call.body else []
    if not lines:
        lines = [[("No call was made to this server yet.", "muted")]]
    _push(app, ReadPage("Calls", lines, copy=lambda: "\n".join(as_curl(call) for call in log.calls)))
