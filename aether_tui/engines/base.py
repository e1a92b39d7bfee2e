"""The protocol every engine client speaks, its timeouts, and the log of the exact calls made."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from aether_tui.core.chat import ChatEvent, ChatRequest
from aether_tui.core.inventory import EngineKind, EngineStatus, LoadedModel, ModelDetails, ModelSummary


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds. `stall_s` None waits for as long as the engine takes to load and read."""

    connect_s: float = 3.0
    answer_s: float = 10.0
    stall_s: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it was made. `body` is JSON text without secrets, long texts shortened in the middle."""

    at: str
    method: str
    url: str
    body: str = ""
    status: int | None = None
    took_s: float | None = None


@dataclass(slots=True)
class CommandLog:
    """The last calls of one engine, newest last, and how to repeat one with curl."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=200))

    def add(self, call: Call) -> None:
        """Keep a call."""
        self.calls.append(call)


class Engine(Protocol):
    """An async client of one inference server. Methods raise AetherError; `chat` yields Failed instead.

    Closing the iterator of `chat` (aclose, or cancelling the task that reads it) stops the answer at the engine.
    """

    kind: EngineKind
    address: str
    log: CommandLog

    async def status(self) -> EngineStatus:
        """Tell whether the engine answers; never raises."""
        ...

    async def models(self) -> list[ModelSummary]:
        """List what the engine can serve."""
        ...

    async def details(self, model: str) -> ModelDetails:
        """Tell all that is known of one model."""
        ...

    async def loaded(self) -> list[LoadedModel]:
        """List what is in memory."""
        ...

    def chat(self, request: ChatRequest) -> AsyncIterator[ChatEvent]:
        """Stream one answer as typed events; the last is Finished or Failed."""
        ...

    async def unload(self, model: str) -> None:
        """Free the memory a model takes."""
        ...

    async def aclose(self) -> None:
        """Close connections, and the server where it is ours."""
        ...
