"""The parameter list: one widget that draws every row, and in which values are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.segment import Segment

from aether_tui.actions import bindings
from aether_tui.core.parameters import format_value
from aether_tui.core.schema import EffectiveParameter
from aether_tui.widgets.controls import stepped
from aether_tui.widgets.frame import Parts, segments_of
from aether_tui.widgets.line_edit import escaped
from aether_tui.widgets.parameter_drawing import RowPainter
from aether_tui.widgets.parameter_field import TYPED_IN_ROW, FieldRows
from aether_tui.widgets.parameter_help import help_lines, topic_lines
from aether_tui.widgets.parameter_rows import ParameterSource, Row, Shown, build_rows
from aether_tui.widgets.roles import glyphs_of, roles_of
from aether_tui.widgets.text import wrap

OPEN_AT_START = frozenset({"generation", "context", "output"})


class ParameterList(FieldRows):
    """Groups, parameters and texts of a Modelfile, one row each, with the help of the selected one below.

    `on_change` is called at once with the subject that changed; `on_open` with the keyword of a text that needs a
    page of its own; `on_text` with the keyword and the value of one typed in its row (FROM, ADAPTER).
    """

    BINDINGS = bindings("parameters")

    def __init__(
        self,
        source: ParameterSource,
        *,
        title: str = "",
        shown: Shown | None = None,
        on_change: Callable[[str], object] = lambda subject: None,
        on_open: Callable[[str], object] = lambda keyword: None,
        on_text: Callable[[str, str], object] = lambda keyword, text: None,
        on_reset: Callable[[str], object] = lambda keyword: None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(title, id=id, classes=classes)
        self.source = source
        self.shown = shown or Shown(OPEN_AT_START)
        self.on_change = on_change
        self.on_open = on_open
        self.on_text = on_text
        self.on_reset = on_reset
        self.template_title = "the model's own"
        self.single = False
        self.rows: list[Row] = build_rows(source, self.shown)
        self._rows_for = self._rows_key()
        self.painter = RowPainter(self)
        self.cursor = self._first_parameter()
        self._set_foot_title()

    # What the pane draws

    @property
    def row_count(self) -> int:
        return len(self.rows)

    @property
    def row(self) -> Row:
        return self.rows[min(self.cursor, len(self.rows) - 1)]

    @property
    def foot_height(self) -> int:
        height = self.outer_size.height
        if self.single:
            return max(0, height - 4)
        return 0 if height < 12 else 3 if height < 26 else 4 if height < 34 else 5

    @property
    def body_height(self) -> int:
        return 1 if self.single and self.outer_size.height >= 3 else super().body_height

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        return self.painter.draw(self.rows[index], width, roles_of(self), glyphs_of(self), index == self.cursor)

    def foot_lines(self, width: int) -> Sequence[Iterable[Segment]]:
        roles = roles_of(self)
        if self.field_error:
            mark = f"{glyphs_of(self).error} "
            wrapped = enumerate(wrap(self.field_error, max(1, width - 2)))
            return [
                segments_of([("  " if number else mark, "error"), (line, "text")], roles) for number, line in wrapped
            ]
        lines = help_lines(self.source, self.row, width, self.foot_height)
        return [segments_of(line, roles) for line in lines]

    def help_topic(self) -> list[Parts]:
        """All that is known of the selected row, for the help page."""
        return topic_lines(self.source, self.row)

    # Showing

    def show(self, source: ParameterSource) -> None:
        """Show another source, from the top."""
        self.source = source
        self.field = None
        self.rebuild()
        self.redraw()

    def rebuild(self) -> None:
        """Make the rows again; the selection stays on the same thing where it is still there."""
        key = self.row.key if self.rows else ""
        self.rows = build_rows(self.source, self.shown)
        self._rows_for = self._rows_key()
        keys = [row.key for row in self.rows]
        self.cursor = keys.index(key) if key in keys else min(self.cursor, len(keys) - 1)
        self.scroll_row = max(0, min(self.scroll_row, self.furthest_row))
        self.painter.forget()
        self._set_foot_title()

    def refresh_values(self) -> None:
        """Draw what may have changed: all rows in sight, and the help."""
        self.painter.forget()
        if self._rows_stale():
            self.rebuild()
        self.refresh_body()
        self.refresh_foot()

    def _rows_stale(self) -> bool:
        """Whether rows may have come or gone: they follow from what is set and from the items of open lists."""
        key = self._rows_key()
        return key != self._rows_for

    def _rows_key(self) -> object:
        parameters = self.source.document.parameters
        lists = tuple(self.source.raw(name) for name in self.shown.open if name in self.source.schema)
        return (id(self.source.schema), self.shown, tuple(parameters), lists)

    def _first_parameter(self) -> int:
        return next((index for index, row in enumerate(self.rows) if row.kind == "parameter"), 0)

    def _set_foot_title(self) -> None:
        self.foot_title = self.row.title if self.row.kind != "more" else "not here"

    def select(self, subject: str) -> None:
        """Go to the row of a parameter or keyword, opening its group."""
        if not any(row.key == subject for row in self.rows):
            for group, _, parameters in self.source.schema.groups():
                if any(parameter.spec.id == subject for parameter in parameters):
                    more = {f"{group}/more"} if not self.source.is_set(subject) else set()
                    self._set_open(self.shown.open | {group} | more)
        for index, row in enumerate(self.rows):
            if row.key == subject:
                self.move_to(index)
                self.redraw()
                return

    def moved(self) -> None:
        self.field = None
        self.field_error = ""
        self._set_foot_title()
        if self.single:
            self.scroll_row = self.cursor
            self.redraw()
        else:
            self.refresh_foot()
        super().moved()

    def _set_open(self, groups: frozenset[str]) -> None:
        self.shown = self.shown._replace(open=groups)
        self.rebuild()
        self.show_row(self.cursor)
        self.redraw()

    def set_single(self, single: bool) -> None:
        """Show the selected row alone, above its help."""
        self.single = single
        self.scroll_row = self.cursor if single else max(0, min(self.scroll_row, self.furthest_row))
        if not single:
            self.show_row(self.cursor)
        self.redraw()

    # Changing

    def parameter(self, row: Row | None = None) -> EffectiveParameter | None:
        """The parameter of a row."""
        row = row or self.row
        return self.source.schema.get(row.identifier) if row.kind in ("parameter", "item", "add") else None

    def changed(self, subject: str) -> None:
        """A value was changed here: draw its row, then tell the screen, which shows it in the other panes."""
        if self._rows_stale():
            self.rebuild()
            self.refresh_body()
        else:
            marked = set(self.painter.problems)
            self.painter.forget()
            # The preset stands in the first row; a conflict marks the other parameter too.
            for subject_marked in marked ^ set(self.painter.problems):
                self._refresh_subject(subject_marked)
            self.refresh_row(0)
            self.refresh_row(self.cursor)
        self.refresh_foot()
        self.on_change(subject)

    def _refresh_subject(self, subject: str) -> None:
        for index, row in enumerate(self.rows):
            if row.key == subject:
                self.refresh_row(index)

    def action_change(self, steps: int) -> None:
        """Step the value of the row; on a group, close or open it."""
        row = self.row
        if row.kind in ("group", "more") or (row.kind == "parameter" and self._is_list(row)):
            self._open_group(row.key, steps > 0)
            return
        parameter = self.parameter()
        if parameter is None or row.kind != "parameter":
            return
        now = self.source.value(row.identifier)
        value = stepped(parameter, now if now is not None else parameter.default, steps)
        if value is not None and value != now:
            self.source.set_value(row.identifier, value)
            self.changed(row.identifier)

    def _is_list(self, row: Row) -> bool:
        parameter = self.parameter(row)
        return row.kind == "parameter" and parameter is not None and parameter.spec.type == "list"

    def _open_group(self, key: str, opened: bool) -> None:
        if opened != (key in self.shown.open):
            self._set_open(self.shown.open | {key} if opened else self.shown.open - {key})

    def action_set_or_unset(self) -> None:
        """Set the value that holds anyway, or take it out; take out an item of a list."""
        row = self.row
        if row.kind in ("group", "more"):
            self._open_group(row.key, row.key not in self.shown.open)
        elif row.kind == "item":
            self.set_items(row, [text for at, text in enumerate(self.source.raw(row.identifier)) if at != row.at])
        elif row.kind == "parameter" and self.source.is_set(row.identifier):
            self.source.unset(row.identifier)
            self.changed(row.identifier)
        elif row.kind == "parameter":
            self._set_default(row)

    def _set_default(self, row: Row) -> None:
        parameter = self.parameter(row)
        if parameter is None:
            return
        value = parameter.default
        if value is None:
            value = stepped(parameter, None, 1)
        if value is None or parameter.spec.type in ("list", "string"):
            self.action_choose()
            return
        self.source.set_value(row.identifier, value)
        self.changed(row.identifier)

    def action_reset(self) -> None:
        """Back to what was opened, this row alone."""
        row = self.row
        subject = row.identifier or row.key
        if row.kind in ("group", "more"):
            return
        if row.key in TYPED_IN_ROW or row.kind == "text":
            self.on_reset(row.key)
            return
        self.source.reset(subject)
        self.changed(subject)

    def action_choose(self) -> None:
        """Open the row: a group or list unfolds, a switch or choice steps, a value is typed, a text is opened."""
        row = self.row
        if row.kind in ("group", "more"):
            self._open_group(row.key, row.key not in self.shown.open)
        elif row.key in TYPED_IN_ROW:
            self.begin_field(row, self.source.document.get(row.key) or "")
        elif row.kind == "text":
            self.on_open(row.key)
        elif row.kind in ("item", "add"):
            self.begin_field(row, escaped(row.title) if row.kind == "item" else "")
        else:
            self._open_parameter(row)

    def _open_parameter(self, row: Row) -> None:
        parameter = self.parameter(row)
        if parameter is None:
            return
        if parameter.spec.type == "list":
            self._open_group(row.key, True)
            self.action_cursor(1)
        elif parameter.spec.type in ("bool", "enum"):
            self._next_choice(row, parameter)
        else:
            value = self.source.value(row.identifier)
            value = value if value is not None else parameter.default
            raw = self.source.raw(row.identifier)
            text = raw[-1] if raw else format_value(parameter.spec, value) if value is not None else ""
            self.begin_field(row, escaped(text))

    def _next_choice(self, row: Row, parameter: EffectiveParameter) -> None:
        now = self.source.value(row.identifier)
        held = now if now is not None else parameter.default
        steps = -1 if parameter.spec.type == "bool" and held else 1
        value = stepped(parameter, held, steps)
        if value is not None:
            self.source.set_value(row.identifier, value)
            self.changed(row.identifier)

    def set_items(self, row: Row, values: list[str]) -> None:
        self.source.set_value(row.identifier, tuple(values))
        self.changed(row.identifier)

    def text_typed(self, keyword: str, text: str) -> None:
        self.on_text(keyword, text)
