from __future__ import annotations

import re

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style

from aether_tui.actions import all_actions, scope_titles, unknown_actions
from aether_tui.quirks import sgr_codes
from aether_tui.widgets.roles import ASCII, UNICODE, in_ascii, roles_of_theme
from aether_tui.widgets.themes import styles_folder, textual_theme, theme_data

FULL = [name for name, data in theme_data().items() if not data["ansi"]]
ON_GROUND = ["text", "muted", "accent", "good", "warning", "error", "added", "removed", "estimate", "number"]
ON_GROUND += ["string", "keyword"]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", FULL)
@pytest.mark.parametrize("role", ON_GROUND)
def test_text_is_readable_on_the_ground_and_the_bar(theme: str, role: str) -> None:
    roles = theme_data()[theme]["roles"]
    assert contrast(roles[role], roles["ground"]) >= 4.5
    if role in ("text", "muted", "accent", "good", "error"):
        assert contrast(roles[role], roles["bar"]) >= 4.5


@pytest.mark.parametrize("theme", FULL)
@pytest.mark.parametrize("role", ["text", "row_muted", "accent", "number", "string"])
def test_text_is_readable_on_the_selected_row(theme: str, role: str) -> None:
    roles = theme_data()[theme]["roles"]
    assert contrast(roles[role], roles["row"]) >= 4.5


@pytest.mark.parametrize("theme", FULL)
def test_every_colour_is_exact_in_256_colours(theme: str) -> None:
    for value in theme_data()[theme]["roles"].values():
        codes = sgr_codes(Style(color=value), ColorSystem.EIGHT_BIT)
        number = int(codes.removeprefix("38;5;"))
        assert Color.from_ansi(number).get_truecolor().hex == value


@pytest.mark.parametrize("theme", [name for name, data in theme_data().items() if data["ansi"]])
def test_sixteen_colours_keep_accent_and_good_apart_and_the_row_reversed(theme: str) -> None:
    roles = roles_of_theme(theme)
    assert roles.accent.color != roles.good.color
    row = roles.on_row(roles.accent)
    assert row.reverse and row.color is None
    assert textual_theme(theme).variables["ansi-background"]


@pytest.mark.parametrize("theme", list(theme_data()))
def test_all_themes_fill_the_same_roles(theme: str) -> None:
    assert set(theme_data()[theme]["roles"]) == set(theme_data()["dark"]["roles"])


def test_style_sheets_name_roles_and_no_colours() -> None:
    for sheet in styles_folder().glob("*.tcss"):
        assert not re.search(r"#[0-9a-fA-F]{6}|\bansi_|\brgb\(", sheet.read_text()), sheet


def test_the_ascii_marks_are_ascii_and_none_is_missing() -> None:
    assert all(mark.isascii() and mark for mark in ASCII)
    from rich.segment import Segment

    shown = "".join(segment.text for segment in in_ascii([Segment("".join(UNICODE))]))
    assert shown.isascii()
    assert len(shown) == len("".join(UNICODE))


def test_actions_are_named_once_and_their_scopes_are_known() -> None:
    names = [action.id for action in all_actions()]
    assert len(names) == len(set(names))
    for action in all_actions():
        assert action.scope in scope_titles()
        assert action.help and not action.help.endswith(".") and "!" not in action.help
        assert action.id.startswith(action.scope.split(".")[0] + ".")
    assert unknown_actions({"editor.save": "S", "editor.nonsense": "x"}) == ("editor.nonsense",)


FORBIDDEN = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+h", "ctrl+i", "ctrl+m"}
FORBIDDEN |= {"alt+enter", "shift+enter", "ctrl+enter"}


def test_no_key_is_bound_that_terminals_or_multiplexers_keep() -> None:
    for action in all_actions():
        assert not set(action.keys) & FORBIDDEN, action.id
        assert not any(key.startswith("ctrl+shift") for key in action.keys)
