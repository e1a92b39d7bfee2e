"""Where the Editor asks for a name, shows what runs, and says how it ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual import events

from aether_tui.actions import bindings
from aether_tui.core.errors import AetherError
from aether_tui.core.units import file_size
from aether_tui.widgets.frame import Parts, segments_of
from aether_tui.widgets.line_edit import LineEdit, is_printable
from aether_tui.widgets.pane import Pane
from aether_tui.widgets.roles import glyphs_of, roles_of
from aether_tui.widgets.text import clean, wrap

if TYPE_CHECKING:
    from aether_tui.core.inventory import Progress

BAR_CELLS = 30
_DIGEST = re.compile(r"(sha256[:-][0-9a-f]{12})[0-9a-f]{52}")


class TaskPane(Pane):
    """A question of one line, or the steps of what runs; the screen's class `-task` shows it."""

    BINDINGS = bindings("task")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.field: LineEdit | None = None
        self.label = ""
        self.hint: Callable[[str], Sequence[Parts]] = lambda text: ()
        self.submit: Callable[[str], object] = lambda text: None
        self.on_close: Callable[[], object] = lambda: None
        self.running = False
        self._lines: list[Parts] = []
        self._step = ""

    # States

    def ask(
        self,
        title: str,
        label: str,
        text: str,
        hint: Callable[[str], Sequence[Parts]],
        submit: Callable[[str], object],
    ) -> None:
        """Ask for one line. `hint` gives the lines under the field for what is typed so far."""
        self.running = False
        self.label, self.hint, self.submit = label, hint, submit
        self.field = LineEdit(text)
        self._show(title, ())

    def begin(self, title: str, first: str) -> None:
        """Something runs now."""
        self.field = None
        self.running = True
        self._lines = [[(f"{glyphs_of(self).dot} ", "muted"), (first, "text")]]
        self._step = first
        self._show(title, [("esc stops it", "muted")])

    def step(self, progress: Progress) -> None:
        """One more step, or the same step further on."""
        line = self._progress_line(progress)
        if progress.text == self._step and self._lines:
            self._lines[-1] = line
        else:
            self._lines.append(line)
        self._step = progress.text
        self.scroll_row = self.furthest_row
        self.refresh_changed()

    def finish(self, lines: Sequence[Parts]) -> None:
        """It ended well; the lines say what came of it and what comes next."""
        self.running = False
        mark = glyphs_of(self).good
        self._lines += [[(f"{mark} ", "good"), *parts] if not number else parts for number, parts in enumerate(lines)]
        self.set_status([("esc closes", "muted")])
        self.scroll_row = self.furthest_row
        self.redraw()

    def fail(self, error: AetherError) -> None:
        """It failed or was stopped; the remedy stands below."""
        self.running = False
        self._lines += self.error_lines(error)
        self.set_status([("esc closes", "muted")])
        self.scroll_row = self.furthest_row
        self.redraw()

    def error_lines(self, error: AetherError) -> list[Parts]:
        """What went wrong, and what to do, as wide as the pane."""
        width = max(20, self.row_width - 2)
        mark = f"{glyphs_of(self).error} "
        what = enumerate(wrap(error.message, width))
        lines: list[Parts] = [[("  " if number else mark, "error"), (line, "text")] for number, line in what]
        return lines + [[("  " + line, "muted")] for line in wrap(error.remedy, width) if line]

    def close(self) -> None:
        """Hide the pane."""
        self.field = None
        self.running = False
        self._lines = []
        self.screen.remove_class("-task")

    def _show(self, title: str, status: Parts) -> None:
        self.set_title(title)
        self.set_status(status)
        self.scroll_row = 0
        self.screen.add_class("-task")
        self.redraw()

    def _progress_line(self, progress: Progress) -> Parts:
        glyphs = glyphs_of(self)
        text = _DIGEST.sub(r"\1…", clean(progress.text))
        done, total = progress.done_bytes, progress.total_bytes
        if done is None or not total:
            return [(f"{glyphs.dot} ", "muted"), (text, "text")]
        share = min(1.0, done / total)
        full = round(share * BAR_CELLS)
        return [
            (f"{glyphs.running} ", "accent"),
            (f"{text}  ", "text"),
            (glyphs.filled * full, "accent"),
            (glyphs.track * (BAR_CELLS - full), "track"),
            (f" {share:4.0%}  {file_size(done)} of {file_size(total)}", "text"),
        ]

    # Drawing

    @property
    def row_count(self) -> int:
        return len(self._shown())

    def _shown(self) -> list[Parts]:
        return [[], *self.hint(self.field.text)] if self.field is not None else self._lines

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        roles = roles_of(self)
        if self.field is not None and index == 0:
            label = Segment(f"{self.label} ", roles.muted)
            return [label, *self.field.draw(max(4, width - len(label.text)), roles.get("bold text"))]
        return segments_of(self._shown()[index], roles)

    # Keys

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """While the field is open its keys are no actions."""
        return self.field is not None and (is_printable(character) or key in ("left", "right", "home", "end"))

    def on_key(self, event: events.Key) -> None:
        """Keys of the field."""
        field = self.field
        if field is not None and field.key(event.key, event.character):
            self.refresh_body()
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text goes into the field."""
        if self.field is not None:
            self.field.insert(event.text.strip())
            self.refresh_body()
            event.stop()

    def action_submit(self) -> None:
        """Take what was typed; with nothing asked, close."""
        if self.field is not None:
            self.submit(self.field.text.strip())
        elif not self.running:
            self.action_close()

    def action_close(self) -> None:
        """Leave the question, stop what runs, or put the result away."""
        self.on_close()
