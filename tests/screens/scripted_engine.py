"""An engine that answers from a script, at the pace of the script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

from aether_tui.core.chat import (
    ChatEvent,
    ChatRequest,
    ChatStats,
    Finished,
    ParameterValue,
    Phase,
    PhaseChanged,
    TextDelta,
)
from aether_tui.core.inventory import EngineKind, EngineStatus, LoadedModel, ModelDetails, ModelSummary
from aether_tui.engines.base import CommandLog

Script = Callable[[ChatRequest], Sequence[ChatEvent | float]]
"""Events of an answer; a number is a pause in seconds."""

STATS = ChatStats(18, 5, 32, 48.2, 900.0, 0.21, None, 1.0)


def saying(text: str, *more: ChatEvent) -> list[ChatEvent | float]:
    """An answer of that text, a token for each word."""
    words = [TextDelta(word + " ") for word in text.split(" ")]
    return [PhaseChanged(Phase.ANSWERING), *words, *more, Finished(STATS, "stop", "<|eot_id|>")]


class ScriptedEngine:
    """Speaks the engine protocol; `requests` are what it was asked."""

    kind = EngineKind.OLLAMA
    address = "http://127.0.0.1:1"

    def __init__(self, script: Script, models: Sequence[str] = ("support-bot",)) -> None:
        self.log = CommandLog()
        self.script = script
        self.names = list(models)
        self.requests: list[ChatRequest] = []
        self.closed = 0
        self.lacks = ""

    async def status(self) -> EngineStatus:
        return EngineStatus(self.kind, self.address, True, "0.34.1")

    async def models(self) -> list[ModelSummary]:
        return [ModelSummary(name, 6_100_000_000) for name in self.names]

    async def details(self, model: str) -> ModelDetails:
        return ModelDetails(model, ModelSummary(model, context_length_tokens=131072), architecture="llama")

    async def loaded(self) -> list[LoadedModel]:
        return []

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        self.requests.append(request)
        try:
            for event in self.script(request):
                if isinstance(event, float):
                    await asyncio.sleep(event)
                else:
                    yield event
        finally:
            self.closed += 1

    def untaken(self, parameters: Mapping[str, ParameterValue]) -> tuple[str, ...]:
        return tuple(name for name in parameters if name == self.lacks)

    async def unload(self, model: str) -> None:
        return None

    async def aclose(self) -> None:
        return None
