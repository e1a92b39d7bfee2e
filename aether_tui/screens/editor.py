"""The Editor: a model's parameters and texts, the live Modelfile, its difference and its problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.timer import Timer

from aether_tui.actions import bindings
from aether_tui.core.errors import AetherError
from aether_tui.core.modelfile.check import Problem, apply_fix
from aether_tui.core.modelfile.diff import counts
from aether_tui.core.modelfile.highlight import highlight
from aether_tui.screens.base import NARROW, WorkScreen
from aether_tui.screens.editor_open import OpenFlow
from aether_tui.screens.editor_tasks import TaskFlow
from aether_tui.screens.editor_texts import TextFlow
from aether_tui.widgets.code_pane import CodePane
from aether_tui.widgets.parameter_list import ParameterList
from aether_tui.widgets.parameter_rows import server_words
from aether_tui.widgets.problem_list import ProblemList
from aether_tui.widgets.task_pane import TaskPane

if TYPE_CHECKING:
    from aether_tui.services.editing import EditSession

DRAFT_AFTER_S = 0.25


class EditorScreen(WorkScreen):
    """F4. Everything shown follows from `session`; `changed` carries a change into every pane by direct calls."""

    NAME = "editor"
    BINDINGS = bindings("editor")

    def __init__(self) -> None:
        super().__init__()
        self.session: EditSession = self.shell.services.editor.open_blank()
        if self.shell.demo:
            self.session.name = "demo"
        self.opening = OpenFlow(self)
        self.texts = TextFlow(self)
        self.tasks = TaskFlow(self)
        self.split = False
        self.plain = False
        self._draft_timer: Timer | None = None
        self._draft_failed = False
        self._model = self.session.document.get("FROM")

    # Panes

    def compose_body(self) -> ComposeResult:
        self.parameters = ParameterList(
            self.session,
            on_change=self.changed,
            on_open=self.texts.open,
            on_text=self.texts.typed,
            on_reset=self.texts.reset,
            id="parameters",
        )
        self.code = CodePane("Modelfile", id="modelfile")
        self.problems = ProblemList(on_take=self.take_fix, on_go=self.go_to, id="problems")
        self.task_pane = TaskPane(id="task")
        self._fill()
        # No containers: their children would be mounted, and painted, a moment later.
        yield self.parameters
        yield self.code
        yield self.problems
        yield self.task_pane

    def on_mount(self) -> None:
        """Put the keys into the list; what needs the server is asked for once this is painted."""
        self.set_focus(self.parameters)
        self.shell.after_paint(self.opening.start)

    # Showing

    def _fill(self) -> None:
        """Give every pane what it shows."""
        session = self.session
        self.parameters.set_title(session.name or "new model")
        self.parameters.set_status(self._changes_words())
        self.parameters.template_title = self.texts.template_title()
        self._show_code()
        found = session.problems()
        self.problems.set_placeholder(f"nothing stands against it in {server_words(session.target)}")
        self.problems.show(found)
        self.code.mark_lines(problem.line for problem in found if problem.line and problem.severity != "note")

    def _changes_words(self) -> list[tuple[str, str]]:
        session = self.session
        count = session.changes
        if count:
            return [("1 change" if count == 1 else f"{count} changes", "accent")]
        return [("as installed" if session.installed else "as opened" if session.name else "new", "muted")]

    def _show_code(self, follow: bool = True) -> None:
        session = self.session
        lines = session.diff()
        added, removed = counts(lines)
        against = " to installed" if session.installed else " to opened"
        if added or removed:
            status = [(f"+{added}", "added"), (f" -{removed}", "removed"), (against, "muted")]
        else:
            status = [("no difference" + against, "muted")]
        self.code.set_status([("as it will be", "muted")] if self.plain else status)
        if self.plain:
            lines = [line._replace(mark=" ") for line in lines if line.mark != "-"]
        self.code.show(lines, highlight(session.document.text), follow=follow)

    def changed(self, subject: str) -> None:
        """A value changed in the list, which has drawn it: show it in the other panes and keep it as a draft."""
        self._fill()
        self._keep_soon()

    def refresh_all(self) -> None:
        """The document changed from elsewhere: draw everything that may look different."""
        self._fill()
        self.parameters.refresh_values()
        self._keep_soon()
        self._follow_model()

    def _follow_model(self) -> None:
        """Ranges and defaults are those of the model that FROM names: typed, undone or reset alike."""
        model = self.session.document.get("FROM")
        if model != self._model:
            self._model = model
            self.run_worker(self.opening.relearn(), group="learn", exclusive=True)

    def show_session(self, session: EditSession) -> None:
        """Edit something else; what was edited before is kept as a draft."""
        self.flush_later()
        self.session = session
        self._model = session.document.get("FROM")
        self._fill()
        self.parameters.show(session)
        self.set_focus(self.parameters)

    def learned(self) -> None:
        """The server or the model said more: ranges, defaults and problems may be others."""
        self._fill()
        self.parameters.rebuild()
        self.parameters.redraw()

    async def host_changed(self) -> None:
        await self.opening.relearn()

    # Drafts

    def _keep_soon(self) -> None:
        if self._draft_timer is not None:
            self._draft_timer.stop()
        self._draft_timer = self.set_timer(DRAFT_AFTER_S, self.flush_later)

    def flush_later(self) -> None:
        """Write the draft now, in a thread."""
        session = self.session
        self.run_worker(self._save_draft(session), group="draft", exit_on_error=False)

    async def flush(self) -> None:
        """Write the draft before the app ends."""
        await self._save_draft(self.session)

    async def _save_draft(self, session: EditSession) -> None:
        try:
            await self.shell.services.editor.save_draft(session)
            self._draft_failed = False
        except AetherError as error:
            if not self._draft_failed:
                self._draft_failed = True
                self.tell(f"the edit is not kept: {error.message}", "error")

    # Problems

    def take_fix(self, problem: Problem) -> None:
        """Take the fix that a problem offers."""
        if problem.fix is not None:
            self.session.set_document(apply_fix(self.session.document, problem.fix))
            self.refresh_all()
            self.tell(f"{problem.fix.label}; u takes it back")

    def go_to(self, problem: Problem) -> None:
        """Go to the row that a problem is about, else to its line."""
        self.parameters.select(problem.subject)
        if self.parameters.row.key == problem.subject:
            self.set_focus(self.parameters)
        if problem.line:
            self.code.show_line(problem.line)

    # Actions

    def action_undo(self) -> None:
        """Take back the last change."""
        if self.session.undo():
            self.refresh_all()
        else:
            self.tell("nothing to undo")

    def action_redo(self) -> None:
        """Do it again."""
        if self.session.redo():
            self.refresh_all()
        else:
            self.tell("nothing to redo")

    def action_reset_all(self) -> None:
        """Back to what was opened; undo brings the edits back."""
        if not self.session.changes:
            self.tell("nothing to reset")
            return
        self.session.reset_all()
        self.refresh_all()
        self.tell("all as it was; u brings the edits back")

    def action_view(self) -> None:
        """The next view: on a narrow screen what lies beside, else the text without the difference."""
        if self.size.width < NARROW:
            self.split = not self.split
            self._lay_out()
        else:
            self.plain = not self.plain
            self._show_code(follow=False)

    def _lay_out(self) -> None:
        narrow = self.size.width < NARROW
        self.set_class(narrow and self.split, "-split")
        self.parameters.set_single(narrow and self.split)

    def on_resize(self, event: events.Resize) -> None:
        """A split view is for narrow screens only."""
        if self.split:
            self._lay_out()

    def action_save(self) -> None:
        """Save to a file."""
        self.tasks.save()

    def action_create(self) -> None:
        """Create the model, or the alias."""
        self.tasks.create()

    def action_open(self) -> None:
        """Open something else."""
        self.opening.choose()

    def action_preset(self) -> None:
        """Apply a preset."""
        self.texts.choose_preset()

    def action_copy(self) -> None:
        """Copy the Modelfile."""
        self.shell.copy_text(self.session.document.text, "the Modelfile")

    def action_edit_text(self) -> None:
        """Edit the whole Modelfile as text."""
        self.texts.edit_whole()

    def action_try(self) -> None:
        """Chat with these settings."""
        self.shell.try_session(self.session)

    def action_back(self) -> None:
        """Close what is open here; stop what runs."""
        if self.has_class("-task"):
            self.tasks.close()
        elif self.split:
            self.action_view()
        else:
            self.set_focus(self.parameters)

    def stop_running(self) -> bool:
        return self.tasks.stop()
