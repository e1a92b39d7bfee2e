"""Opening things in the Editor: what is asked for at the start, and the list to choose from."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError
from aether_tui.core.inventory import EngineKind, ModelSummary
from aether_tui.core.units import ago, file_size
from aether_tui.screens.dialogs import PickerPage, Source
from aether_tui.widgets.pick_list import PickItem

if TYPE_CHECKING:
    from aether_tui.screens.editor import EditorScreen
    from aether_tui.services.drafts import Draft
    from aether_tui.services.editing import EditSession

LATER_MODULES = ("pydantic", "httpx", "yaml", "aether_tui.engines.ollama", "aether_tui.services.models", "psutil")
"""Slow to import and not needed for the first frame: loaded in a thread right after it."""


class OpenFlow:
    """Starts the Editor up, and opens what the user chooses."""

    def __init__(self, screen: EditorScreen) -> None:
        self.screen = screen
        self.drafts: dict[str, Draft] = {}

    # Start

    def start(self) -> None:
        """After the first frame: load what is slow, ask the host, bring back what was not saved."""
        self.screen.run_worker(self._start(), group="start", exclusive=True)

    async def _start(self) -> None:
        await asyncio.to_thread(_import_later_modules)
        screen = self.screen
        services = screen.shell.services
        if screen.shell.demo:
            await self._open(lambda: services.editor.open_gguf("demo"))
        await self.ask_host()
        await self._bring_back()

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
        untouched = not screen.session.is_dirty and screen.session.origin.kind == "blank"
        if untouched:
            draft = drafts[0]
            if await self._open(lambda: screen.shell.services.editor.open_draft(draft)):
                age = ago(time.time() - draft.saved_at_s)
                others = f"; n has {len(drafts) - 1} more" if len(drafts) > 1 else ""
                screen.tell(f"your unsaved edit is back ({age}){others}", "good")
        else:
            screen.tell(f"{len(drafts)} unsaved {'edit' if len(drafts) == 1 else 'edits'} kept: n opens", "warning")

    # Choosing

    def choose(self) -> None:
        """Show what can be opened."""
        services = self.screen.shell.services
        host = services.hosts.current
        sources = [
            Source("Unsaved edits", self._draft_items, waiting="looking"),
            Source(
                f"On {host.name}",
                self._model_items,
                waiting=f"asking {host.name}",
                empty="no models yet; type the path of a GGUF file or a Modelfile above, or demo",
            ),
            Source("Aliases", self._alias_items, waiting="looking"),
            Source("On this machine", None, [PickItem("gguf:demo", "demo", "the model that comes with this app")]),
        ]
        page = PickerPage("Open", sources, hint="type to filter, or a path", typed=_typed)
        self.screen.app.push_screen(page, self._chosen)

    async def _draft_items(self) -> Sequence[PickItem]:
        drafts = await self.screen.shell.services.editor.left_behind()
        self.drafts = {draft.key: draft for draft in drafts}
        return [
            PickItem(f"draft:{draft.key}", draft.title or "new model", ago(time.time() - draft.saved_at_s), mark="•")
            for draft in drafts
        ]

    async def _model_items(self) -> Sequence[PickItem]:
        services = self.screen.shell.services
        kind = "model" if services.hosts.current.kind is EngineKind.OLLAMA else "gguf"
        models = await services.models.list()
        return [
            PickItem(f"{kind}:{model.name}", model.name, _model_words(model), search=model.family)
            for model in models
            if model.name != "demo"
        ]

    async def _alias_items(self) -> Sequence[PickItem]:
        aliases = await asyncio.to_thread(self.screen.shell.services.aliases.list)
        return [PickItem(f"alias:{alias.alias}", alias.alias, alias.model) for alias in aliases]

    def _chosen(self, choice: str | None) -> None:
        if choice:
            self.screen.run_worker(self.open(choice), group="open", exclusive=True)

    async def open(self, choice: str) -> bool:
        """Open what a choice means: `kind:place`."""
        kind, _, place = choice.partition(":")
        editor = self.screen.shell.services.editor
        openers: dict[str, Callable[[], Awaitable[EditSession]]] = {
            "model": lambda: editor.open_model(place),
            "gguf": lambda: editor.open_gguf(place),
            "alias": lambda: editor.open_alias(place),
            "file": lambda: editor.open_file(Path(place)),
        }
        if kind == "draft" and place in self.drafts:
            openers["draft"] = lambda: editor.open_draft(self.drafts[place])
        return await self._open(openers[kind]) if kind in openers else False

    async def _open(self, opener: Callable[[], Awaitable[EditSession]]) -> bool:
        screen = self.screen
        try:
            session = await opener()
        except AetherError as error:
            screen.tell(error.text, "error")
            return False
        screen.show_session(session)
        return True


def _typed(text: str) -> Sequence[PickItem]:
    """A path that was typed, as a choice of its own."""
    if text.endswith(".gguf") or text.startswith(("hf:", "hf.co/")):
        return [PickItem(f"gguf:{text}", text, "open this GGUF file")]
    if "/" in text or text.lower().startswith("modelfile"):
        return [PickItem(f"file:{text}", text, "open this Modelfile"), PickItem(f"gguf:{text}", text, "open as GGUF")]
    return []


def _model_words(model: ModelSummary) -> str:
    size = file_size(model.size_bytes) if model.size_bytes is not None else ""
    return "  ".join(part for part in (model.parameter_size, model.quantization, size) if part)


def _import_later_modules() -> None:
    for name in LATER_MODULES:
        importlib.import_module(name)
