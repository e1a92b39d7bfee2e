"""The page that lists what the Editor can open. Imported when it is first asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aether_tui.core.inventory import ModelSummary
from aether_tui.core.kinds import EngineKind
from aether_tui.core.units import ago, file_size
from aether_tui.screens.dialogs import PickerPage, Source
from aether_tui.widgets.pick_list import PickItem

if TYPE_CHECKING:
    from aether_tui.services import Services
    from aether_tui.services.drafts import Draft

NO_MODELS = "no models installed yet; `ollama pull` fetches one, or type the path of a GGUF file above"
NO_FILES = "no GGUF files in your folders; type the path of one above, or choose demo"


class OpenPage(PickerPage):
    """Unsaved edits, the server's models, aliases, the demonstration model; or a path that is typed.

    The result is `kind:place`; `drafts` holds the drafts by the place of `draft:`.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.drafts: dict[str, Draft] = {}
        host = services.hosts.current
        is_ollama = host.kind is EngineKind.OLLAMA
        sources = [
            Source("Unsaved edits", self._draft_items, waiting="looking", broken=lambda: services.drafts.unreadable),
            Source(
                f"On {host.name}",
                self._model_items,
                waiting=f"asking {host.name}",
                empty=NO_MODELS if is_ollama else NO_FILES,
            ),
            Source("Aliases", self._alias_items, waiting="looking", broken=lambda: services.aliases.unreadable),
            Source("On this machine", None, [PickItem("gguf:demo", "demo", "the model that comes with this app")]),
        ]
        super().__init__("Open", sources, hint="type to filter, or a path", typed=typed_choices)

    async def _draft_items(self) -> Sequence[PickItem]:
        drafts = await self.services.editor.left_behind()
        self.drafts = {draft.key: draft for draft in drafts}
        return [
            PickItem(f"draft:{draft.key}", draft.title or "new model", ago(time.time() - draft.saved_at_s), mark="•")
            for draft in drafts
        ]

    async def _model_items(self) -> Sequence[PickItem]:
        kind = "model" if self.services.hosts.current.kind is EngineKind.OLLAMA else "gguf"
        return [
            PickItem(f"{kind}:{model.name}", model.name, _model_words(model), search=model.family)
            for model in await self.services.models.list()
            if model.name != "demo"
        ]

    async def _alias_items(self) -> Sequence[PickItem]:
        aliases = await asyncio.to_thread(self.services.aliases.list)
        return [PickItem(f"alias:{alias.alias}", alias.alias, alias.model) for alias in aliases]


def typed_choices(text: str) -> Sequence[PickItem]:
    """A path that was typed, as a choice of its own."""
    if text.endswith(".gguf") or text.startswith(("hf:", "hf.co/")):
        return [PickItem(f"gguf:{text}", text, "open this GGUF file")]
    named = text.lower()
    if "/" in text or named.startswith("modelfile") or named.endswith((".modelfile", ".txt")):
        return [PickItem(f"file:{text}", text, "open this Modelfile"), PickItem(f"gguf:{text}", text, "open as GGUF")]
    return []


def _model_words(model: ModelSummary) -> str:
    size = file_size(model.size_bytes) if model.size_bytes is not None else ""
    return "  ".join(part for part in (model.parameter_size, model.quantization, size) if part)
