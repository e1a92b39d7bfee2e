"""How one row of the parameter list is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment

from aether_tui.core.modelfile.check import Problem
from aether_tui.core.parameters import format_value
from aether_tui.core.schema import EffectiveParameter
from aether_tui.widgets.controls import draw_slider, draw_switch, fraction_of, has_slider
from aether_tui.widgets.line_edit import escaped
from aether_tui.widgets.parameter_rows import (
    VALUE_WIDTH,
    Row,
    default_words,
    group_summary,
    range_words,
    text_summary,
    value_words,
)
from aether_tui.widgets.roles import Glyphs, Roles
from aether_tui.widgets.text import clean, fit, right

if TYPE_CHECKING:
    from aether_tui.widgets.parameter_list import ParameterList

RANGE_WIDTH = 9
NAME_LEAST, NAME_MOST = 12, 17
SLIDER_MOST = 44


class RowPainter:
    """Draws the rows of a parameter list. What is costly to know is kept until `forget`."""

    def __init__(self, pane: ParameterList) -> None:
        self.pane = pane
        self._problems: dict[str, Problem] | None = None
        self._changed: frozenset[str] | None = None
        self._name_width = 0

    def forget(self) -> None:
        """Values or rows changed."""
        self._problems = None
        self._changed = None
        self._name_width = 0

    @property
    def changed(self) -> frozenset[str]:
        """What differs from what was opened."""
        if self._changed is None:
            self._changed = frozenset(self.pane.source.changed_subjects())
        return self._changed

    @property
    def problems(self) -> dict[str, Problem]:
        """The first problem of each subject."""
        if self._problems is None:
            self._problems = {}
            for problem in self.pane.source.problems():
                self._problems.setdefault(problem.subject, problem)
        return self._problems

    @property
    def name_width(self) -> int:
        """The cells of the names, the same in all rows."""
        if not self._name_width:
            longest = max((len(row.title) for row in self.pane.rows if row.kind == "parameter"), default=0)
            self._name_width = max(NAME_LEAST, min(longest, NAME_MOST))
        return self._name_width

    def draw(self, row: Row, width: int, roles: Roles, glyphs: Glyphs, selected: bool) -> list[Segment]:
        """One row."""
        if selected and self.pane.field is not None:
            return self._field(row, width, roles, glyphs)
        match row.kind:
            case "from":
                return self._from(width, roles, glyphs)
            case "group":
                return self._group(row, width, roles, glyphs)
            case "more":
                return self._more(row, roles, glyphs)
            case "item" | "add":
                return self._item(row, roles)
            case "text":
                return self._text(row, width, roles, glyphs, selected)
            case _:
                return self._parameter(row, width, roles, glyphs, selected)

    def _from(self, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        source = self.pane.source
        preset = source.preset_title
        tail = f"preset {preset}" if preset else ""
        room = width - 5 - (len(tail) + 2 if tail else 0)
        model = fit(clean(source.document.get("FROM") or "nothing yet"), max(8, room), glyphs.ellipsis)
        space = width - 5 - cell_len(model) - len(tail)
        if space < 1:
            return [Segment("from ", roles.muted), Segment(model, roles.text)]
        return [
            Segment("from ", roles.muted),
            Segment(model, roles.text),
            Segment(" " * space, roles.text),
            Segment(tail, roles.muted),
        ]

    def _group(self, row: Row, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        opened = row.key in self.pane.shown.open
        segments = [Segment(f"{glyphs.open if opened else glyphs.closed} ", roles.muted)]
        title = fit(row.title, width - 2)
        segments.append(Segment(title, roles.get("bold text")))
        if not opened:
            parameters = next((p for group, _, p in self.pane.source.schema.groups() if group == row.key), ())
            summary = group_summary(self.pane.source, parameters)
            space = max(2, self.name_width + 4 - cell_len(title))
            role = "accent" if summary[:1].isdigit() else "muted"
            segments.append(Segment(" " * space + summary, roles.get(role)))
        return segments

    def _more(self, row: Row, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        mark = glyphs.open if row.key in self.pane.shown.open else glyphs.closed
        return [Segment(f"  {mark} {row.title}", roles.muted)]

    def _item(self, row: Row, roles: Roles) -> list[Segment]:
        lead = " " * (self.name_width + 3)
        if row.kind == "add":
            return [Segment(f"{lead}{row.title}", roles.muted)]
        return [Segment(lead, roles.muted), Segment(clean(escaped(row.title)), roles.string)]

    def _text(self, row: Row, width: int, roles: Roles, glyphs: Glyphs, selected: bool) -> list[Segment]:
        summary = text_summary(self.pane.source.document, row.key, self.pane.template_title)
        problem = self.problems.get(row.key)
        mark, role = self._mark(problem, row.key in self.changed, glyphs)
        title = fit(row.title, self.name_width)
        space = " " * max(2, self.name_width + 2 - cell_len(title))
        name = roles.get("bold accent") if selected else roles.text
        lead = [Segment(f"{mark or glyphs.closed} ", roles.get(role) if mark else roles.muted)]
        shown = fit(clean(summary), max(0, width - self.name_width - 4), glyphs.ellipsis)
        return [*lead, Segment(title, name), Segment(space + shown, roles.muted)]

    @staticmethod
    def _mark(problem: Problem | None, is_set: bool, glyphs: Glyphs) -> tuple[str, str]:
        if problem is not None and problem.severity == "error":
            return glyphs.error, "error"
        if problem is not None and problem.severity == "warning":
            return glyphs.warning, "warning"
        return (glyphs.set, "accent") if is_set else ("", "muted")

    def _lead(self, row: Row, is_set: bool, selected: bool, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        mark, role = self._mark(self.problems.get(row.identifier) if is_set else None, is_set, glyphs)
        style = roles.get("bold accent") if selected else roles.text if is_set else roles.muted
        return [Segment(f"{mark or ' '} ", roles.get(role)), Segment(f"{row.title:<{self.name_width}} ", style)]

    def _parameter(self, row: Row, width: int, roles: Roles, glyphs: Glyphs, selected: bool) -> list[Segment]:
        parameter = self.pane.parameter(row)
        if parameter is None:
            return [Segment(row.title, roles.muted)]
        is_set = self.pane.source.is_set(row.identifier)
        lead = self._lead(row, is_set, selected, roles, glyphs)
        if parameter.spec.type == "list":
            return [*lead, *self._list(row, width, roles, glyphs)]
        # A long name takes from the blanks before the value.
        room = VALUE_WIDTH - max(0, len(row.title) - self.name_width)
        value = self._value(parameter, row, is_set, room, roles)
        rest = width - self.name_width - 3 - VALUE_WIDTH
        return [*lead, *value, *self._control(parameter, row, is_set, rest, roles, glyphs)]

    def _value(self, parameter: EffectiveParameter, row: Row, is_set: bool, room: int, roles: Roles) -> list[Segment]:
        source = self.pane.source
        value = source.value(row.identifier)
        style = roles.get("bold number") if is_set else roles.muted
        if is_set and value is None:
            text, style = clean(" ".join(source.raw(row.identifier))), roles.error
        else:
            text = value_words(parameter, value) if is_set else default_words(parameter)
        shown = value if is_set else parameter.default
        if len(text) > room and isinstance(shown, int | float):
            text = format_value(parameter.spec, shown)
        if parameter.spec.type in ("string", "enum") and is_set:
            style = roles.get("bold string")
        return [Segment(right(clean(escaped(text)), room), style)]

    def _control(
        self, parameter: EffectiveParameter, row: Row, is_set: bool, room: int, roles: Roles, glyphs: Glyphs
    ) -> list[Segment]:
        words = self._right_words(parameter, is_set, glyphs)
        value = self.pane.source.value(row.identifier) if is_set else parameter.default
        if parameter.spec.type == "bool":
            control = draw_switch(bool(value) if value is not None else None, is_set, roles, glyphs)
        elif parameter.spec.type == "enum":
            return self._options(parameter, value, room, roles)
        elif has_slider(parameter):
            cells = min(SLIDER_MOST, max(0, room - RANGE_WIDTH - 2))
            knob = fraction_of(parameter, value)
            control = draw_slider(cells, knob, fraction_of(parameter, parameter.default), is_set, roles, glyphs)
        else:
            control = []
        used = sum(len(segment.text) for segment in control)
        wide = min(SLIDER_MOST, max(0, room - RANGE_WIDTH - 2))
        space = " " * (1 + max(0, wide - used) + (1 if words else 0))
        return [Segment(" ", roles.text), *control, Segment(space[1:] + words, roles.muted)]

    def _right_words(self, parameter: EffectiveParameter, is_set: bool, glyphs: Glyphs) -> str:
        if parameter.spec.retired and not parameter.supported:
            return "retired"
        if not parameter.supported:
            return "not here"
        return range_words(parameter, glyphs.gap, glyphs.at_most, glyphs.at_least, RANGE_WIDTH)

    @staticmethod
    def _options(parameter: EffectiveParameter, value: object, room: int, roles: Roles) -> list[Segment]:
        others = [option for option in parameter.spec.options if option != value]
        return [Segment(" or " + fit(" ".join(others), max(0, room - 4)), roles.muted)] if others else []

    def _list(self, row: Row, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        values = self.pane.source.raw(row.identifier)
        if row.key in self.pane.shown.open:
            return [Segment(f"{len(values)}" if values else "none", roles.muted)]
        if not values:
            return [Segment("none", roles.muted)]
        more = f"  +{len(values) - 1}" if len(values) > 1 else ""
        room = width - self.name_width - 3 - len(more)
        return [
            Segment(fit(clean(escaped(values[0])), max(4, room), glyphs.ellipsis), roles.string),
            Segment(more, roles.muted),
        ]

    def _field(self, row: Row, width: int, roles: Roles, glyphs: Glyphs) -> list[Segment]:
        field = self.pane.field
        assert field is not None
        if row.kind in ("item", "add"):
            lead = [Segment(" " * (self.name_width + 3), roles.muted)]
        elif row.kind == "from":
            lead = [Segment("from ", roles.muted)]
        else:
            lead = self._lead(row, self.pane.source.is_set(row.identifier), True, roles, glyphs)
        used = sum(cell_len(segment.text) for segment in lead)
        return [*lead, *field.draw(max(4, width - used), roles.get("bold text"))]
