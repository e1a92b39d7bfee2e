"""Opening things in the Editor: what is asked for at the start, and what the user chooses."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError
from aether_tui.core.kinds import EngineKind
from aether_tui.core.units import ago

if TYPE_CHECKING:
    from aether_tui.screens.editor import EditorScreen
    from aether_tui.services.drafts import Draft
    from aether_tui.services.editing import EditSession

LATER_MODULES = (
    "aether_tui.services.drafts",
    "psutil",
    "aether_tui.services.models",
    "aether_tui.screens.open_picker",
    "aether_tui.services.chatting",
    "aether_tui.screens.playground",
)
"""Slow to import and not needed for the first frame: loaded in a thread right after it."""

ENGINE_MODULES = {
    EngineKind.OLLAMA: ("aether_tui.engines.ollama", "aether_tui.services.creating"),
    EngineKind.LLAMACPP: ("aether_tui.engines.llamacpp",),
    EngineKind.OPENAI: ("aether_tui.engines.openai",),
    EngineKind.EMBEDDED: ("aether_tui.engines.embedded",),
}
"""What talking to each kind of server takes, httpx and pydantic with it."""


class OpenFlow:
    """Starts the Editor up, and opens what the user chooses."""

    def __init__(self, screen: EditorScreen) -> None:
        self.screen = screen

    def start(self) -> None:
        """After the first frame: load what is slow, ask the host, bring back what was not saved."""
        self.screen.run_worker(self._start(), group="start", exclusive=True)

    async def _start(self) -> None:
        kind = self.screen.shell.services.hosts.current.kind
        await asyncio.to_thread(_import_modules, (*ENGINE_MODULES[kind], *LATER_MODULES))
        # First what the user had: a host that is away may take seconds to be given up.
        await self._bring_back()
        await self.ask_host()

    async def ask_host(self) -> None:
        """Ask the current host, and learn again what holds for the model."""
        shell = self.screen.shell
        shell.show_host(None)
        shell.show_host(await shell.services.hosts.detect())
        await self.relearn()
        await shell.refresh_loaded()

    async def relearn(self) -> None:
        """Learn again what the server says of the model; the document stays."""
        screen = self.screen
        try:
            await screen.shell.services.editor.refresh(screen.session)
        except AetherError as error:
            screen.tell(error.text, "error")
        screen.learned()

    async def _bring_back(self) -> None:
        """Open the newest edit that was not saved, unless something was opened or changed meanwhile."""
        screen = self.screen
        drafts = await screen.shell.services.editor.left_behind()
        if not drafts:
            return
        draft = drafts[0]
        try:
            session = await screen.shell.services.editor.open_draft(draft)
        except AetherError as error:
            screen.tell(error.text, "error")
            return
        # Opening took a while: what the user has begun meanwhile is not pulled away.
        if screen.session.origin.kind != "blank" or screen.session.is_dirty or screen.app.screen is not screen:
            screen.tell(f"{len(drafts)} unsaved {'edit' if len(drafts) == 1 else 'edits'} kept: n opens", "warning")
            return
        screen.show_session(session)
        others = f"; n has {len(drafts) - 1} more" if len(drafts) > 1 else ""
        screen.tell(f"your unsaved edit is back ({ago(time.time() - draft.saved_at_s)}){others}", "good")

    def choose(self) -> None:
        """Show what can be opened."""
        from aether_tui.screens.open_picker import OpenPage

        page = OpenPage(self.screen.shell.services)

        def chosen(choice: str | None) -> None:
            if choice:
                worker = self.screen.run_worker(self.open(choice, page.drafts), group="open", exclusive=True)
                self.screen.shell.keys_wait_until(lambda: worker.is_finished)

        self.screen.app.push_screen(page, chosen)

    async def open(self, choice: str, drafts: Mapping[str, Draft] | None = None) -> bool:
        """Open what a choice means: `kind:place`."""
        kind, _, place = choice.partition(":")
        editor = self.screen.shell.services.editor
        openers: dict[str, Callable[[], Awaitable[EditSession]]] = {
            "model": lambda: editor.open_model(place),
            "gguf": lambda: editor.open_gguf(place),
            "alias": lambda: editor.open_alias(place),
            "file": lambda: editor.open_file(Path(place)),
        }
        if drafts and place in drafts:
            openers["draft"] = lambda: editor.open_draft(drafts[place])
        return await self._open(openers[kind]) if kind in openers else False

    async def _open(self, opener: Callable[[], Awaitable[EditSession]]) -> bool:
        screen = self.screen
        try:
            session = await opener()
        except AetherError as error:
            screen.tell(error.text, "error")
            return False
        screen.show_session(session)
        screen.tell("")
        return True


def _import_modules(names: Iterable[str]) -> None:
    for name in names:
        importlib.import_module(name)
