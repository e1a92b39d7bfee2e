"""The registry of actions: one list gives bindings, footer, palette, help and the user's own keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from textual.binding import Binding, BindingType

_LABELS = {
    "question_mark": "?",
    "colon": ":",
    "at": "@",
    "slash": "/",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "full_stop": ".",
    "comma": ",",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "escape": "esc",
    "pageup": "page up",
    "pagedown": "page down",
}


class Action(NamedTuple):
    """One thing the user can do. `keys` are Textual's names; `footer` 0 keeps it out of the key bar."""

    id: str
    scope: str
    keys: tuple[str, ...]
    action: str
    label: str
    help: str
    footer: int = 0
    pair: str = ""
    side: str = "left"
    priority: bool = False
    priority_keys: tuple[str, ...] = ()
    palette: bool = False


@cache
def _loaded() -> tuple[dict[str, str], tuple[Action, ...]]:
    data = json.loads((Path(__file__).parent / "data" / "actions.json").read_bytes())
    actions = []
    for entry in data["actions"]:
        entry["keys"] = tuple(entry["keys"])
        entry["priority_keys"] = tuple(entry.get("priority_keys", ()))
        actions.append(Action(**entry))
    return data["scopes"], tuple(actions)


def all_actions() -> tuple[Action, ...]:
    """Every action, in the order of the file, which is the order of the footer and the help."""
    return _loaded()[1]


def scope_titles() -> Mapping[str, str]:
    """What each scope is called in the help."""
    return _loaded()[0]


@cache
def actions_by_id() -> Mapping[str, Action]:
    """Every action by its id."""
    return {action.id: action for action in all_actions()}


def bindings(*scopes: str) -> list[BindingType]:
    """Textual bindings of some scopes; their ids are what the user's keys are given by."""
    return [binding for action in all_actions() if action.scope in scopes for binding in _bindings_of(action)]


def _bindings_of(action: Action) -> Iterable[Binding]:
    for key in action.keys:
        yield Binding(
            key,
            action.action,
            action.label,
            show=action.footer > 0,
            priority=action.priority or key in action.priority_keys,
            tooltip=action.help,
            id=action.id,
        )


def keymap(keys: Mapping[str, str]) -> dict[str, str]:
    """The user's keys by action id, those that name a known action."""
    known = actions_by_id()
    return {name: value for name, value in keys.items() if name in known}


def unknown_actions(keys: Mapping[str, str]) -> tuple[str, ...]:
    """Names in the user's keys that are no action."""
    known = actions_by_id()
    return tuple(name for name in keys if name not in known)


def keys_of(action: Action, remapped: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of an action, the user's own where there are any."""
    if action.id in remapped:
        return tuple(key.strip() for key in remapped[action.id].split(",") if key.strip())
    return action.keys


def key_label(key: str, ascii_only: bool = False) -> str:
    """How a key is written on the screen."""
    if ascii_only and key in ("left", "right", "up", "down"):
        return key
    *modifiers, name = key.split("+") if key != "+" else ["+"]
    label = _LABELS.get(name, name)
    if len(name) > 1 and name[0] == "f" and name[1:].isdigit():
        label = name.upper()
    return "+".join([*modifiers, label])
