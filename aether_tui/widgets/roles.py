"""What is drawn, and in which style: the roles of the current theme, and the set of glyphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.filter import ANSIToTruecolor, LineFilter
from textual.widget import Widget

from aether_tui.widgets.themes import theme_data


class Roles:
    """One style for each role. All but the row styles stand on the ground."""

    ground: Style
    bar: Style
    text: Style
    muted: Style
    frame: Style
    track: Style
    accent: Style
    good: Style
    warning: Style
    error: Style
    added: Style
    removed: Style
    estimate: Style
    number: Style
    string: Style
    keyword: Style
    row: Style
    row_idle: Style
    row_muted: Style

    def __init__(self, styles: Mapping[str, Style], *, ansi: bool, dark: bool) -> None:
        self.__dict__.update(styles)
        self.ansi = ansi
        self.dark = dark
        self._on_rows: dict[tuple[Style, bool], Style] = {}

    def get(self, role: str) -> Style:
        """The style of a role by name; a leading `bold ` or `underline ` is taken too."""
        return _named(self, role)

    def on_row(self, style: Style, focused: bool = True) -> Style:
        """A style as it looks on the selected row; in 16 colours the row is one reversed bar."""
        key = (style, focused)
        found = self._on_rows.get(key)
        if found is None:
            found = self._on_rows[key] = self._row_style(style, focused)
        return found

    def on_bar(self, style: Style) -> Style:
        """A style as it looks on the top bar and the like."""
        return style + self.bar

    def _row_style(self, style: Style, focused: bool) -> Style:
        row = self.row if focused else self.row_idle
        if self.ansi:
            return Style(bold=style.bold) + row if focused else style + row
        if style.color == self.muted.color:
            style = style + Style(color=self.row_muted.color)
        return style + row


@cache
def _named(roles: Roles, role: str) -> Style:
    """`muted`, `bold accent`, `bold underline text`."""
    *attributes, name = role.split()
    style: Style = getattr(roles, name)
    return style + Style.parse(" ".join(attributes)) if attributes else style


@cache
def roles_of_theme(name: str) -> Roles:
    """The roles of a theme by its name."""
    data = theme_data()[name]
    values = data["roles"]
    ansi = data["ansi"]
    base = Style() if ansi else Style(bgcolor=values["ground"])
    backgrounds = ("ground", "bar", "row", "row_idle")
    styles: dict[str, Style] = {}
    for name, value in values.items():
        styles[name] = _background(value, ansi) if name in backgrounds else base + Style.parse(value)
    return Roles(styles, ansi=ansi, dark=data["dark"])


def _background(value: str, ansi: bool) -> Style:
    if not ansi:
        return Style(bgcolor=value)
    return Style() if value == "default" else Style.parse(value)


def roles_of(widget: Widget | App[object]) -> Roles:
    """The roles of the theme that a widget is drawn in."""
    app = widget if isinstance(widget, App) else widget.app
    name = app.theme
    return roles_of_theme(name if name in theme_data() else "dark")


class Glyphs(NamedTuple):
    """The marks and lines we draw with. A mark never stands without a word within sight."""

    set: str
    open: str
    closed: str
    good: str
    warning: str
    error: str
    running: str
    queued: str
    cancelled: str
    interrupted: str
    estimate: str
    line: str
    wall: str
    thumb: str
    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    tee_left: str
    tee_right: str
    track: str
    filled: str
    tick: str
    knob: str
    ellipsis: str
    at_most: str
    at_least: str
    left: str
    right: str
    up: str
    down: str
    dot: str
    gap: str


UNICODE = Glyphs(
    set="•", open="▾", closed="▸", good="✓", warning="▲", error="✗", running="▶", queued="◦", cancelled="■",
    interrupted="‖", estimate="~", line="─", wall="│", thumb="┃", top_left="╭", top_right="╮", bottom_left="╰",
    bottom_right="╯", tee_left="├", tee_right="┤", track="─", filled="━", tick="┼", knob="●", ellipsis="…",
    at_most="≤", at_least="≥", left="←", right="→", up="↑", down="↓", dot="·", gap="…",
)  # fmt: skip
ASCII = Glyphs(
    set="*", open="v", closed=">", good="+", warning="!", error="x", running=">", queued="o", cancelled="#",
    interrupted="=", estimate="~", line="-", wall="|", thumb="#", top_left="+", top_right="+", bottom_left="+",
    bottom_right="+", tee_left="+", tee_right="+", track="-", filled="=", tick="|", knob="O", ellipsis="..",
    at_most="<=", at_least=">=", left="<-", right="->", up="up", down="down", dot=".", gap="..",
)  # fmt: skip


def drawing_filters(widget: Widget) -> list[LineFilter]:
    """The filters for what we draw: all but the one for ANSI colours, of which our full-colour themes have none."""
    return [each for each in widget.get_line_filters() if not isinstance(each, ANSIToTruecolor)]


_TO_ASCII = str.maketrans("•▾▸✓▲✗▶◦■‖─━│┃╭╮╰╯├┤┼●…≤≥←→↑↓·", "*v>+!x>o#=--|#++++++|O.<><>^v.")


def in_ascii(segments: Iterable[Segment]) -> list[Segment]:
    """Segments with our marks and lines in ASCII, cell for cell: for words that have one in the middle."""
    return [Segment(text.translate(_TO_ASCII), style, control) for text, style, control in segments]


def glyphs_of(widget: Widget | App[object]) -> Glyphs:
    """The glyph set the user chose (settings: `glyphs`)."""
    app = widget if isinstance(widget, App) else widget.app
    return ASCII if getattr(app, "glyphs", "unicode") == "ascii" else UNICODE
