"""Typing a value in its row: one field at a time, drawn by the list itself."""

from __future__ import annotations

from textual import events

from aether_tui.core.errors import AetherError
from aether_tui.core.messages import ParameterValue
from aether_tui.core.parameters import parse_value
from aether_tui.core.schema import EffectiveParameter
from aether_tui.widgets.line_edit import LineEdit, escaped, is_printable, unescaped
from aether_tui.widgets.list_pane import ListPane
from aether_tui.widgets.parameter_rows import ParameterSource, Row

TYPED_IN_ROW = ("FROM", "ADAPTER")
"""Texts of one line that need no page. They are taken as typed; in values `\\n` means a newline."""


class FieldRows(ListPane):
    """A list in whose rows values are typed. The subclass has the rows and says what a change means."""

    source: ParameterSource

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(title, id=id, classes=classes)
        self.field: LineEdit | None = None
        self.field_error = ""

    # What the subclass gives

    @property
    def row(self) -> Row:
        """The selected row."""
        raise NotImplementedError

    def parameter(self, row: Row | None = None) -> EffectiveParameter | None:
        """The parameter of a row."""
        raise NotImplementedError

    def changed(self, subject: str) -> None:
        """A value was changed."""
        raise NotImplementedError

    def set_items(self, row: Row, values: list[str]) -> None:
        """Set the items of a list."""
        raise NotImplementedError

    def text_typed(self, keyword: str, text: str) -> None:
        """A text of one line was typed."""
        raise NotImplementedError

    # Opening and closing

    def begin_field(self, row: Row, text: str) -> None:
        """Open the field; the first letter replaces a value."""
        self.field = LineEdit(text, selected=row.kind == "parameter")
        self.field_error = ""
        self.refresh_row(self.cursor)
        self.screen.refresh_bindings()

    def leave_field(self) -> None:
        """Close the field; the old value stays."""
        if self.field is None:
            return
        self.field = None
        self.field_error = ""
        self.refresh_row(self.cursor)
        self.refresh_foot()
        self.screen.refresh_bindings()

    def take_field(self) -> bool:
        """Take what was typed; False where it is no value, which the help then says."""
        if self.field is None:
            return True
        try:
            self._take(self.row, self.field.text)
        except AetherError as error:
            self.field_error = error.text
            self.refresh_foot()
            return False
        self.leave_field()
        self.screen.refresh_bindings()
        return True

    def _take(self, row: Row, typed: str) -> None:
        if row.key in TYPED_IN_ROW:
            self.field = None
            self.text_typed(row.key, typed.strip())
        elif row.kind in ("item", "add"):
            self.field = None
            values = list(self.source.raw(row.identifier))
            text = unescaped(typed)
            values[row.at : row.at + 1] = [text] if text else []
            self.set_items(row, values)
        elif (parameter := self.parameter(row)) is not None:
            self._take_value(row, parameter, unescaped(typed))

    def _take_value(self, row: Row, parameter: EffectiveParameter, text: str) -> None:
        is_text = parameter.spec.type == "string"
        value: ParameterValue = text if is_text or not text.strip() else parse_value(parameter.spec, text.strip())
        self.field = None
        if isinstance(value, str) and not value.strip():
            self.source.unset(row.identifier)
        else:
            self.source.set_value(row.identifier, value)
        self.changed(row.identifier)

    def next_field(self, step: int) -> bool:
        """Tab in a field: take it and open the next row's; False when there is no field to leave."""
        if self.field is None:
            return False
        if self.take_field():
            self.action_cursor(step)
            parameter = self.parameter()
            if self.row.kind in ("item", "add") or (parameter and parameter.spec.type in ("int", "float", "string")):
                self.action_choose()
        return True

    # Keys

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """While a field is open its keys are no actions."""
        return self.field is not None and (is_printable(character) or key in ("enter", "escape", "left", "right"))

    def on_key(self, event: events.Key) -> None:
        """Keys of the open field."""
        field = self.field
        if field is None:
            return
        if event.key == "enter":
            self.take_field()
        elif event.key == "escape":
            self.leave_field()
        elif event.key in ("up", "down"):
            if self.take_field():
                self.action_cursor(1 if event.key == "down" else -1)
        elif field.key(event.key, event.character):
            self.field_error = ""
            self.refresh_row(self.cursor)
            self.refresh_foot()
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text goes into the open field."""
        if self.field is not None:
            self.field.insert(event.text.strip() if self.row.key in TYPED_IN_ROW else escaped(event.text))
            self.refresh_row(self.cursor)
            event.stop()

    def on_blur(self) -> None:
        """Leaving the pane leaves the field."""
        if not self.active:
            self.leave_field()
