"""The services that screens and commands share, each made when it is first needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from aether_tui.settings import Settings

if TYPE_CHECKING:
    from aether_tui.services.aliases import AliasStore
    from aether_tui.services.chatting import ChatSession
    from aether_tui.services.creating import CreateService
    from aether_tui.services.drafts import DraftStore
    from aether_tui.services.editor import EditorService
    from aether_tui.services.hosts import HostService
    from aether_tui.services.models import ModelService
    from aether_tui.services.presets import PresetStore
    from aether_tui.services.versions import VersionStore


class Services:
    """One set of services for one run of the app or of a command."""

    def __init__(self, settings: Settings, *, demo: bool = False) -> None:
        self.settings = settings
        self.demo = demo

    @cached_property
    def hosts(self) -> HostService:
        """The engines, and which one is current."""
        from aether_tui.services.hosts import HostService

        return HostService(self.settings, demo=self.demo)

    @cached_property
    def models(self) -> ModelService:
        """The models of the current engine."""
        from aether_tui.services.models import ModelService

        return ModelService(self.hosts, self.settings.home)

    @cached_property
    def aliases(self) -> AliasStore:
        """The user's aliases."""
        from aether_tui.services.aliases import AliasStore

        return AliasStore(self.settings.home / "aliases")

    @cached_property
    def drafts(self) -> DraftStore:
        """Unsaved edits."""
        from aether_tui.services.drafts import DraftStore

        return DraftStore(self.settings.home / "drafts")

    @cached_property
    def versions(self) -> VersionStore:
        """Saved versions of Modelfiles."""
        from aether_tui.services.versions import VersionStore

        return VersionStore(self.settings.home / "modelfiles")

    @cached_property
    def presets(self) -> PresetStore:
        """Shipped presets and the user's own."""
        from aether_tui.services.presets import PresetStore

        return PresetStore(self.settings.home / "presets")

    @cached_property
    def creating(self) -> CreateService:
        """Turns Modelfiles into models and aliases."""
        from aether_tui.services.creating import CreateService

        return CreateService(self.hosts, self.aliases, self.versions)

    @cached_property
    def editor(self) -> EditorService:
        """Opens, keeps and saves what the Editor edits."""
        from aether_tui.services.editor import EditorService

        return EditorService(self.hosts, self.models, lambda: self.aliases, lambda: self.drafts, lambda: self.creating)

    def new_chat(self) -> ChatSession:
        """A new conversation on the current host."""
        from aether_tui.services.chatting import ChatSession

        return ChatSession(self.hosts, self.models, self.aliases)

    async def aclose(self) -> None:
        """Close the engines that were used."""
        if "hosts" in self.__dict__:
            await self.hosts.aclose()
