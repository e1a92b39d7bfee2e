"""Whom the Playground talks to: found when it opens, or chosen from the models and aliases there are."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from aether_tui.core.errors import AetherError
from aether_tui.core.units import file_size

if TYPE_CHECKING:
    from aether_tui.screens.dialogs import Source
    from aether_tui.screens.playground import PlaygroundScreen
    from aether_tui.widgets.pick_list import PickItem


class ModelChoice:
    """Finds, offers and takes a model for a Playground."""

    def __init__(self, screen: PlaygroundScreen) -> None:
        self._screen = screen
        self.is_busy = False

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Find or take a model; what is typed meanwhile is for that one."""
        worker = self._screen.run_worker(work, group="model", exclusive=True)
        self._screen.shell.keys_wait_until(lambda: worker.is_finished)

    async def arrive(self) -> None:
        """Talk to the model that the Editor has open, or to the only one there is; else let the user choose."""
        self.is_busy = True
        try:
            await self._find()
        finally:
            self.is_busy = False
        if self._screen.unsent and not self._screen.session.model:
            self.ask()
        else:
            self._screen.model_settled()

    async def _find(self) -> None:
        screen = self._screen
        services = screen.shell.services
        screen.transcript.show_empty(("looking for models", "muted"))
        if services.hosts.last_status is None:
            await services.hosts.detect()
        try:
            names = [model.name for model in await services.models.list()]
        except AetherError as error:
            screen.show_no_model(error)
            return
        first = next((name for name in self._edited() if name in names), "")
        if not first and (len(names) == 1 or services.demo):
            first = names[0]
        if first and not screen.session.model:
            await self.take(first)
        else:
            screen.show_state()

    def _edited(self) -> list[str]:
        """What the Editor has open: the model itself, then what it is built on."""
        names: list[str] = []
        for screen in self._screen.shell.work_screens:
            session = getattr(screen, "session", None)
            if session is not None and screen is not self._screen:
                names += [session.name, session.document.get("FROM") or ""]
        return names

    async def choose(self, name: str) -> None:
        """Talk to the model that the user chose."""
        await self.take(name)
        self._screen.model_settled()

    async def take(self, name: str) -> None:
        """Talk to a model from now on."""
        screen = self._screen
        before = screen.session.model
        screen.transcript.set_status([("reading the model", "text")])
        try:
            await screen.session.choose(name)
        except AetherError as error:
            screen.talk.note(error.message, "error", error.remedy)
            screen.show_phase()
            return
        screen.show_session()
        if before != name and screen.transcript.entries:
            screen.talk.note(f"{name} answers from here")

    def ask(self) -> None:
        """Let the user choose."""
        from aether_tui.screens.dialogs import PickerPage

        page = PickerPage("Talk to", self._sources(), hint="a model or an alias", select=self._screen.session.model)
        self._screen.app.push_screen(page, self._chosen)

    def _chosen(self, name: str | None) -> None:
        if name is None:
            self._screen.model_settled()
        else:
            self._screen.field.focus()
            self.run(self.choose(name))

    def _sources(self) -> list[Source]:
        from aether_tui.screens.dialogs import Source

        services = self._screen.shell.services
        host = services.hosts.current.name
        return [
            Source(f"Models of {host}", self._models, waiting="asking the server", empty="none installed"),
            Source(
                "Your aliases",
                self._aliases,
                waiting="reading",
                empty="none yet; the Editor's C makes one",
                broken=lambda: services.aliases.unreadable,
            ),
        ]

    async def _models(self) -> Sequence[PickItem]:
        from aether_tui.widgets.pick_list import PickItem

        return [
            PickItem(model.name, model.name, _details(model.parameter_size, model.quantization, model.size_bytes))
            for model in await self._screen.shell.services.models.list()
        ]

    async def _aliases(self) -> Sequence[PickItem]:
        from aether_tui.widgets.pick_list import PickItem

        aliases = await asyncio.to_thread(self._screen.shell.services.aliases.list)
        return [PickItem(alias.alias, alias.alias, alias.model) for alias in aliases]


def _details(*items: str | int | None) -> str:
    words = [file_size(item) if isinstance(item, int) else item for item in items if item]
    return "  ".join(words)
