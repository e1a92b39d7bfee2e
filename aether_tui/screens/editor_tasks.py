"""Saving and creating from the Editor: the question, the progress, the result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.worker import Worker

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.kinds import EngineKind
from aether_tui.core.names import parse_name
from aether_tui.services.aliases import check_new_name
from aether_tui.widgets.frame import Parts

if TYPE_CHECKING:
    from aether_tui.screens.editor import EditorScreen


class TaskFlow:
    """Asks, runs, and shows how it ended, in the pane at the bottom."""

    def __init__(self, screen: EditorScreen) -> None:
        self.screen = screen
        self._worker: Worker[None] | None = None
        self._replace = ""

    @property
    def _is_ollama(self) -> bool:
        return self.screen.session.target.kind is EngineKind.OLLAMA

    # Save

    def save(self) -> None:
        """Ask for the file."""
        session = self.screen.session
        self._replace = ""
        place = session.origin.place if session.origin.kind == "file" else "Modelfile"
        hint: list[Parts] = [[("enter writes the Modelfile there", "muted")]]
        self._ask("Save", "to", place, lambda text: hint, self._save)

    def _save(self, text: str) -> None:
        if text:
            self._run(self._write(text))

    async def _write(self, text: str) -> None:
        screen = self.screen
        try:
            path = await screen.shell.services.editor.save_file(
                screen.session, Path(text), replace=self._replace == text
            )
        except AetherError as error:
            self._replace = text if error.code is ErrorCode.CHANGED_ON_DISK else ""
            problem = error
            pane = screen.task_pane
            self._ask("Save", "to", text, lambda typed: pane.error_lines(problem) if typed == text else [], self._save)
            return
        self.close()
        screen.refresh_all()
        screen.tell(f"saved to {path}", "good")

    # Create

    def create(self) -> None:
        """Ask for the name, and show the command that does the same by hand."""
        session = self.screen.session
        errors = [problem for problem in session.problems() if problem.severity == "error"]
        if errors:
            count = "1 error stands" if len(errors) == 1 else f"{len(errors)} errors stand"
            self.screen.tell(f"{count} in the way: see Problems", "error")
            self.screen.set_focus(self.screen.problems)
            return
        title = "Create on " + self.screen.shell.services.hosts.current.name if self._is_ollama else "Save as alias"
        # A file's own name, as demo, goes on meaning the file.
        taken = bool(session.name) and self._name_error(session.name) is not None
        self._ask(title, "name", f"my-{session.name}" if taken else session.name, self._create_hint, self._create)

    def _create_hint(self, name: str) -> list[Parts]:
        if not name:
            return [[("a name such as support-bot or support-bot:v2", "muted")]]
        if (error := self._name_error(name)) is not None:
            return self.screen.task_pane.error_lines(error)
        if self._is_ollama:
            command = f"ollama create {name} -f Modelfile"
            return [[("the same by hand: ", "muted"), (command, "keyword")], [(self._replaces(name), "muted")]]
        return [
            [("llama.cpp has no create: this becomes an alias that the Playground (F5) can use", "muted")],
            [("the same by hand: ", "muted"), (f"aether create {name} -f Modelfile", "keyword")],
        ]

    def _replaces(self, name: str) -> str:
        session = self.screen.session
        if session.installed and name == session.origin.place:
            return "replaces what is installed; the earlier version is kept"
        return "an earlier version of that name is kept"

    def _create(self, name: str) -> None:
        if name and self._name_error(name) is None:
            self._run(self._make(name))

    def _name_error(self, name: str) -> AetherError | None:
        try:
            if self._is_ollama:
                parse_name(name)
            else:
                check_new_name(name)
        except AetherError as error:
            return error
        return None

    async def _make(self, name: str) -> None:
        screen, pane = self.screen, self.screen.task_pane
        pane.begin(f"Creating {name}", f"creating {name}")
        try:
            async for progress in screen.shell.services.editor.create(screen.session, name):
                pane.step(progress)
        except AetherError as error:
            pane.fail(error)
        except asyncio.CancelledError:
            pane.fail(AetherError(ErrorCode.CANCELLED, "Stopped; what was there before is as it was", "C tries again"))
            raise
        else:
            pane.finish(self._made(name))
            screen.refresh_all()
            await screen.shell.refresh_loaded()

    def _made(self, name: str) -> list[Parts]:
        place = f"{name} is on {self.screen.shell.services.hosts.current.name}; "
        what = place if self._is_ollama else f"the alias {name} is written; the Playground (F5) has it; "
        return [[(what, "text"), ("t", "accent"), (" chats with it, esc closes this", "muted")]]

    # The pane

    def _ask(
        self,
        title: str,
        label: str,
        text: str,
        hint: Callable[[str], Sequence[Parts]],
        submit: Callable[[str], object],
    ) -> None:
        pane = self.screen.task_pane
        pane.on_close = self.close
        pane.ask(title, label, text, hint, submit)
        self.screen.app.set_focus(pane)
        self.screen.shell.keys_wait_for(pane)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._worker = self.screen.run_worker(work, group="task", exclusive=True, exit_on_error=False)

    def stop(self) -> bool:
        """Stop what runs; False when nothing does."""
        if self._worker is not None and self._worker.is_running and self.screen.task_pane.running:
            self._worker.cancel()
            return True
        return False

    def close(self) -> None:
        """Stop what runs, else put the pane away."""
        if self.stop():
            return
        self.screen.task_pane.close()
        self.screen.set_focus(self.screen.parameters)
