"""The protocol every engine client speaks, its timeouts, and the log of the exact calls made."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aether_tui.core.chat import ChatEvent, ChatRequest, ParameterValue
from aether_tui.core.inventory import EngineKind, EngineStatus, LoadedModel, ModelDetails, ModelSummary


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds. `stall_s` None waits for as long as the engine takes to load and read."""

    connect_s: float = 3.0
    answer_s: float = 10.0
    stall_s: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it was made. `body` is JSON text without secrets, long texts shortened in the middle.

    `headers` name a key's variable, never the key. `note` says what was left out. `status` None: no answer yet.
    The method RUN is the start of a process: `url` is the program.
    """

    at: str
    method: str
    url: str
    body: str = ""
    status: int | None = None
    took_s: float | None = None
    headers: tuple[str, ...] = ()
    note: str = ""


@dataclass(slots=True)
class CommandLog:
    """The last calls of one engine, newest last, and how to repeat one with curl."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=200))

    def add(self, call: Call) -> None:
        """Keep a call."""
        self.calls.append(call)

    def replace(self, old: Call, new: Call) -> None:
        """Put what is known now in the place of a call kept earlier; a call pushed out meanwhile stays out."""
        for index in range(len(self.calls) - 1, -1, -1):
            if self.calls[index] is old:
                self.calls[index] = new
                return


def as_curl(call: Call) -> str:
    """The call as a line for a shell; a body that was shortened for the log is shortened here too."""
    if call.method == "RUN":
        return f"# {call.url} {call.body}"
    words = ["curl", "--no-buffer"] if call.method == "POST" else ["curl"]
    if call.method == "HEAD":
        words.append("--head")
    elif call.method not in ("GET", "POST") or (call.method == "POST" and not call.body):
        words += ["--request", call.method]
    words.append(shlex.quote(call.url))
    # Double quotes, so that the shell puts the variable's value in.
    words += [f'--header "{header}"' for header in call.headers]
    if call.body:
        words += ["--header 'Content-Type: application/json'", "--data", shlex.quote(call.body)]
    return " ".join(words)


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

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer as typed events; the last is Finished or Failed."""
        ...

    def untaken(self, parameters: Mapping[str, ParameterValue]) -> tuple[str, ...]:
        """Ids of the parameters that a chat with this engine leaves out, because it has no such setting."""
        ...

    async def unload(self, model: str) -> None:
        """Free the memory a model takes."""
        ...

    async def aclose(self) -> None:
        """Close connections, and the server where it is ours."""
        ...
