"""A list to choose from: sections in their four states, and a filter that is typed into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events

from aether_tui.core.errors import AetherError
from aether_tui.widgets.frame import Parts, segments_of
from aether_tui.widgets.line_edit import LineEdit, is_printable
from aether_tui.widgets.list_pane import ListPane
from aether_tui.widgets.roles import glyphs_of, roles_of
from aether_tui.widgets.text import clean, fit, wrap

_REVERSED = Style(reverse=True)
State = Literal["loading", "data", "error"]


@dataclass(frozen=True, slots=True)
class PickItem:
    """One choice. `detail` stands at the right, `mark` before the title; `search` is matched besides both."""

    id: str
    title: str
    detail: str = ""
    mark: str = ""
    mark_role: str = "muted"
    search: str = ""
    preview: Sequence[Parts] = ()


@dataclass(slots=True)
class Section:
    """Some choices under a heading. `empty` says what would be here, and what fills it; `broken` what can't be read."""

    title: str
    items: Sequence[PickItem] = ()
    state: State = "data"
    waiting: str = ""
    empty: str = ""
    error: AetherError | None = None
    broken: Sequence[AetherError] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    kind: Literal["section", "item", "line"]
    text: str = ""
    role: str = "muted"
    item: PickItem | None = None
    marked: bool = False


@dataclass(slots=True)
class _View:
    rows: list[_Row] = field(default_factory=list)
    key: object = None


class PickList(ListPane):
    """Sections of choices. Letters go to the filter; arrows move, enter chooses."""

    def __init__(
        self,
        title: str,
        *,
        hint: str = "type to filter",
        on_choose: Callable[[PickItem], object] = lambda item: None,
        on_highlight: Callable[[PickItem | None], object] = lambda item: None,
        typed: Callable[[str], Sequence[PickItem]] = lambda text: (),
        hold_keys: Callable[[Callable[[], bool]], object] = lambda ready: None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(title, id=id, classes=classes)
        self.hint = hint
        self.on_choose = on_choose
        self.on_highlight = on_highlight
        self.typed = typed
        self.hold_keys = hold_keys
        self.sections: Sequence[Section] = ()
        self.field = LineEdit()
        self._view = _View()
        self._chosen_before = ""
        self._version = 0
        self._preferred = ""
        self._touched = False
        self._enter_waits = False

    # Content

    def show(self, sections: Sequence[Section], select: str = "") -> None:
        """Show the sections; a selection that was moved stays on the same choice where it is still there."""
        chosen = self.item if self._touched else None
        self.sections = sections
        self._version += 1
        self._preferred = select or self._preferred
        self._select(chosen.id if chosen else self._preferred)
        self._count()
        self.refresh_changed()
        self._highlight()
        if self._enter_waits and not self._loading:
            self.call_later(self.action_choose)

    def _select(self, wanted: str) -> None:
        rows = self._rows()
        items = [at for at, row in enumerate(rows) if row.item is not None]
        same = next((at for at in items if rows[at].item.id == wanted), None) if wanted else None  # type: ignore[union-attr]
        self.cursor = same if same is not None else (items[0] if items else 0)
        self.scroll_row = max(0, min(self.scroll_row, self.furthest_row))
        self.show_row(self.cursor)
        if items and self.cursor == items[0]:
            self.scroll_row = 0

    def _count(self) -> None:
        total = sum(len(section.items) for section in self.sections)
        shown = sum(row.item is not None for row in self._rows())
        words = f"{total}" if shown == total or not self.field.text else f"{shown} of {total}"
        self.set_status([(words, "muted")] if total else ())

    @property
    def item(self) -> PickItem | None:
        """The selected choice."""
        rows = self._rows()
        return rows[self.cursor].item if self.cursor < len(rows) else None

    def _rows(self) -> list[_Row]:
        key = (self._version, self.field.text, self.row_width)
        if self._view.key != key:
            self._view = _View(self._built(), key)
        return self._view.rows

    def _built(self) -> list[_Row]:
        text = self.field.text.strip()
        words = text.lower().split()
        rows = [_Row("item", item=item) for item in self.typed(text)] if text else []
        for section in self.sections:
            items = [item for item in section.items if _matches(item, words)]
            state = self._state_rows(section) if not words else []
            broken = [row for error in section.broken for row in self._error_rows(error.message, error.remedy)]
            if section.title and (items or state or (broken and not words)):
                rows.append(_Row("section", section.title))
            rows += [*state, *(_Row("item", item=item) for item in items), *(broken if not words else ())]
        if words and not any(row.item for row in rows):
            rows.append(_Row("line", f"nothing here matches {text}"))
        return rows

    def _state_rows(self, section: Section) -> list[_Row]:
        if section.state == "loading":
            return [_Row("line", section.waiting or "loading")]
        if section.state == "error" and section.error is not None:
            remedy = f"{section.error.remedy}; ctrl+r asks again" if section.error.remedy else "ctrl+r asks again"
            return self._error_rows(section.error.message, remedy)
        if not section.items and not section.broken and section.empty:
            return [_Row("line", line) for line in wrap(section.empty, self._line_width)]
        return []

    def _error_rows(self, message: str, remedy: str) -> list[_Row]:
        what = enumerate(wrap(message, self._line_width))
        rows = [_Row("line", line, "error", marked=not number) for number, line in what]
        return rows + [_Row("line", line) for line in wrap(remedy, self._line_width) if line]

    @property
    def _line_width(self) -> int:
        return max(20, self.row_width - 4)

    # Drawing

    @property
    def row_count(self) -> int:
        return len(self._rows())

    @property
    def head_height(self) -> int:
        return 2 if self.outer_size.height > 6 else 1

    def head_lines(self, width: int) -> Sequence[Iterable[Segment]]:
        roles = roles_of(self)
        line = [Segment("> ", roles.accent), *self.field.draw(max(4, width - 2), roles.get("bold text"))]
        if not self.field.text:
            line = [Segment("> ", roles.accent), Segment(" ", roles.text + _REVERSED), Segment(self.hint, roles.muted)]
        return [line, []]

    def selectable(self, index: int) -> bool:
        return self._rows()[index].item is not None

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        roles, glyphs = roles_of(self), glyphs_of(self)
        row = self._rows()[index]
        if row.item is None:
            if row.kind == "section":
                return [Segment(row.text, roles.get("bold text"))]
            mark = f"{glyphs.error} " if row.marked else "  "
            return [Segment("  " + mark, roles.error), Segment(row.text, roles.get(row.role))]
        item = row.item
        selected = index == self.cursor
        detail = fit(clean(item.detail), max(0, width // 2), glyphs.ellipsis)
        room = width - 4 - (cell_len(detail) + 2 if detail else 0)
        title = fit(clean(item.title), max(6, room), glyphs.ellipsis)
        space = max(1, width - 4 - cell_len(title) - cell_len(detail))
        return segments_of(
            [
                (f"  {item.mark or ' '} ", item.mark_role),
                (title, "bold accent" if selected else "text"),
                (" " * space, "text"),
                (detail, "muted"),
            ],
            roles,
        )

    # Keys

    def moved(self) -> None:
        self._touched = True
        super().moved()
        self._highlight()

    def _highlight(self) -> None:
        item = self.item
        key = item.id if item else ""
        if key != self._chosen_before:
            self._chosen_before = key
            self.on_highlight(item)

    def action_choose(self) -> None:
        item = self.item
        # Typed ahead of what still loads: taken when that is there, and what is typed behind it comes after.
        self._enter_waits = item is None and self._loading
        if self._enter_waits:
            self.hold_keys(lambda: not self._enter_waits)
        if item is not None:
            self.on_choose(item)

    @property
    def _loading(self) -> bool:
        return any(section.state == "loading" for section in self.sections)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Letters go to the filter."""
        return is_printable(character)

    def on_key(self, event: events.Key) -> None:
        """Type into the filter."""
        if event.key in ("home", "end", "left", "right") and not self.field.text:
            return
        if self.field.key(event.key, event.character):
            event.stop()
            event.prevent_default()
            self._refilter()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text goes into the filter."""
        self.field.insert(event.text.strip())
        event.stop()
        self._refilter()

    def _refilter(self) -> None:
        self._enter_waits = False
        self._select("")
        self._count()
        self.refresh_changed()
        self._highlight()


def _matches(item: PickItem, words: Sequence[str]) -> bool:
    if not words:
        return True
    text = f"{item.title} {item.detail} {item.search}".lower()
    return all(word in text for word in words)
