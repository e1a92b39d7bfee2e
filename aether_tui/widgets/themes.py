"""The colour themes: read from `styles/themes.json`, handed to Textual, and drawn from by role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypedDict

from textual.theme import Theme


class ThemeData(TypedDict):
    """One theme as the file has it."""

    dark: bool
    ansi: bool
    roles: dict[str, str]


@cache
def styles_folder() -> Path:
    """Where the style sheets are: inside the package when installed, beside it in a working tree."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "styles"
    return inside if inside.is_dir() else package.parent / "styles"


def style_sheet(name: str) -> Path:
    """The path of one style sheet, for a screen's CSS_PATH (absolute, so that a subclass finds it too)."""
    return styles_folder() / f"{name}.tcss"


@cache
def theme_data() -> Mapping[str, ThemeData]:
    """All themes by name, in the order of the file."""
    loaded: dict[str, ThemeData] = json.loads((styles_folder() / "themes.json").read_bytes())["themes"]
    return loaded


def css_colour(role: str) -> str:
    """A role's colour as Textual's style sheets write it."""
    if role.startswith("#"):
        return role
    name = role.split()[-1]
    return "ansi_default" if name in ("reverse", "underline", "default") else f"ansi_{name}"


def textual_theme(name: str) -> Theme:
    """The Textual theme of one of ours; every role is a variable of its style sheets (`$muted`, `$row-muted`)."""
    data = theme_data()[name]
    colours = {role.replace("_", "-"): css_colour(value) for role, value in data["roles"].items()}
    return Theme(
        name=name,
        primary=colours["accent"],
        secondary=colours["keyword"],
        warning=colours["warning"],
        error=colours["error"],
        success=colours["good"],
        accent=colours["accent"],
        foreground=colours["text"],
        background=colours["ground"],
        surface=colours["ground"],
        panel=colours["bar"],
        boost=colours["bar"],
        dark=data["dark"],
        ansi=data["ansi"],
        variables=_variables(colours, data["ansi"], data["dark"]),
    )


def _variables(colours: Mapping[str, str], ansi: bool, dark: bool) -> dict[str, str]:
    """The variables that Textual's own widgets draw from, and our roles."""
    own = {name: colour for name, colour in colours.items() if name not in ("accent", "warning", "error")}
    shared = {
        **own,
        "border": colours["accent"],
        "border-blurred": colours["frame"],
        "scrollbar": colours["frame"],
        "scrollbar-hover": colours["muted"],
        "scrollbar-active": colours["accent"],
        "scrollbar-background": colours["ground"],
        "scrollbar-background-hover": colours["ground"],
        "scrollbar-background-active": colours["ground"],
        "scrollbar-corner-color": colours["ground"],
        "block-cursor-text-style": "bold",
    }
    if ansi:
        # Textual fails at start on an ansi theme without the first two.
        ground, ink = ("ansi_black", "ansi_white") if dark else ("ansi_white", "ansi_black")
        return {
            **shared,
            "ansi-background": ground,
            "ansi-foreground": ink,
            "block-cursor-background": ink,
            "block-cursor-foreground": ground,
            "input-cursor-text-style": "reverse",
            "input-selection-background": "ansi_bright_blue",
            "input-selection-foreground": ground,
            "screen-selection-background": "ansi_bright_blue",
            "screen-selection-foreground": ground,
        }
    return {
        **shared,
        "block-cursor-background": colours["row"],
        "block-cursor-foreground": colours["text"],
        "block-cursor-blurred-background": colours["row-idle"],
        "block-cursor-blurred-foreground": colours["text"],
        "input-cursor-background": colours["text"],
        "input-cursor-foreground": colours["ground"],
        "input-selection-background": colours["row"],
    }
