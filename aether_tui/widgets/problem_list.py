"""The problems of the Modelfile: reason, remedy, and the key that takes the fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.segment import Segment

from aether_tui.actions import bindings
from aether_tui.core.modelfile.check import Problem
from aether_tui.widgets.frame import Parts
from aether_tui.widgets.list_pane import ListPane
from aether_tui.widgets.roles import glyphs_of, roles_of
from aether_tui.widgets.text import wrap

SEVERITIES = ("error", "warning", "note")


class ProblemList(ListPane):
    """Problems by severity, each wrapped over as many rows as it needs; the selection moves by problems."""

    BINDINGS = bindings("problems")

    def __init__(
        self,
        *,
        on_take: Callable[[Problem], object] = lambda problem: None,
        on_go: Callable[[Problem], object] = lambda problem: None,
        id: str | None = None,
    ) -> None:
        super().__init__("Problems", id=id)
        self.on_take = on_take
        self.on_go = on_go
        self.problems: Sequence[Problem] = ()
        self._rows: list[tuple[int, int, str, str]] = []
        self._rows_for: tuple[int, Sequence[Problem]] | None = None

    @property
    def row_count(self) -> int:
        return len(self._laid_out())

    def show(self, problems: Sequence[Problem]) -> None:
        """Show other problems; the selection stays on the same one while it is there."""
        if list(problems) == list(self.problems):
            return
        chosen = self.problem
        self.problems = tuple(problems)
        self._rows_for = None
        wanted = self.problems.index(chosen) if chosen in self.problems else 0
        self.cursor = next((row for row, (at, *_) in enumerate(self._laid_out()) if at == wanted), 0)
        self.scroll_row = max(0, min(self.scroll_row, self.furthest_row))
        self.set_status(self._counts())
        self.refresh_changed()

    def set_placeholder(self, words: str) -> None:
        """What stands there while there are no problems."""
        lines: list[Parts] = [[(f"{glyphs_of(self).good} ", "good"), (words, "muted")]]
        if lines != self.placeholder:
            self.placeholder = lines
            self.refresh_changed()

    @property
    def problem(self) -> Problem | None:
        """The selected problem."""
        rows = self._laid_out()
        return self.problems[rows[self.cursor][0]] if rows and self.cursor < len(rows) else None

    def _counts(self) -> list[tuple[str, str]]:
        worst = next((s for s in SEVERITIES if any(p.severity == s for p in self.problems)), "")
        role = {"error": "error", "warning": "warning"}.get(worst, "muted")
        return [(str(len(self.problems)), role)] if self.problems else [("none", "muted")]

    def _laid_out(self) -> list[tuple[int, int, str, str]]:
        """(problem, line within it, text, role) of every row."""
        width = max(10, self.row_width - 2)
        if self._rows_for is None or self._rows_for[0] != width or self._rows_for[1] is not self.problems:
            self._rows = []
            for at, problem in enumerate(self.problems):
                where = f"{problem.line} " if problem.line else ""
                lines = [(text, "text") for text in wrap(where + problem.reason, width)]
                remedy = problem.fix.label if problem.fix is not None else problem.remedy
                hint = " (enter takes it)" if problem.fix is not None else ""
                lines += [(text, "muted") for text in wrap(remedy + hint, width)] if remedy else []
                self._rows += [(at, number, text, role) for number, (text, role) in enumerate(lines)]
            self._rows_for = (width, self.problems)
        return self._rows

    def selectable(self, index: int) -> bool:
        return self._laid_out()[index][1] == 0

    def selected(self, index: int) -> bool:
        rows = self._laid_out()
        return self.active and self.cursor < len(rows) and rows[index][0] == rows[self.cursor][0]

    def draw_row(self, index: int, width: int) -> Iterable[Segment]:
        roles, glyphs = roles_of(self), glyphs_of(self)
        at, line, text, role = self._laid_out()[index]
        severity = self.problems[at].severity
        mark = {"error": glyphs.error, "warning": glyphs.warning}.get(severity, glyphs.dot)
        mark_role = severity if severity in ("error", "warning") else "muted"
        return [
            Segment(f"{mark} " if line == 0 else "  ", roles.get(mark_role)),
            Segment(text, roles.get(role)),
        ]

    def moved(self) -> None:
        rows = self._laid_out()
        last = max(row for row, (at, *_) in enumerate(rows) if at == rows[self.cursor][0])
        self.show_row(last)
        self.show_row(self.cursor)
        self.refresh_body()
        super().moved()

    def action_choose(self) -> None:
        """Take the fix, or go to where the problem is."""
        problem = self.problem
        if problem is not None:
            (self.on_take if problem.fix is not None else self.on_go)(problem)

    def action_go(self) -> None:
        """Go to where the problem is."""
        problem = self.problem
        if problem is not None:
            self.on_go(problem)
