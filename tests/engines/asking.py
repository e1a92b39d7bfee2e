"""How the tests ask an engine, and what they keep of its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import psutil

from aether_tui.core.chat import (
    ChatEvent,
    ChatRequest,
    Failed,
    Finished,
    LogprobsDelta,
    Message,
    ParameterValue,
    Phase,
    PhaseChanged,
    PromptCut,
    TextDelta,
    ThinkingDelta,
)
from aether_tui.core.errors import AetherError
from aether_tui.engines.base import Engine

# The demonstration model thinks before it answers questions of this form, and answers others at once.
THINKING_QUESTION = "What does os.path.join do?"
PLAIN_QUESTION = "Hello!"
# Two threads on a busy machine wait for each other.
ONE_THREAD: Mapping[str, ParameterValue] = {"num_thread": 1}
# The model ends its answers soon; a long list that it must write keeps it busy.
LONG_ANSWER: Mapping[str, object] = {
    "type": "array",
    "minItems": 200,
    "items": {"type": "array", "minItems": 200, "items": {"type": "integer"}},
}

CHATML = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"


@dataclass
class Answered:
    """All events of one answer, sorted."""

    events: list[ChatEvent] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def thinking(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ThinkingDelta))

    @property
    def phases(self) -> list[Phase]:
        """Phases in the order in which they began."""
        found: list[Phase] = []
        for event in self.events:
            if isinstance(event, PhaseChanged) and (not found or found[-1] is not event.phase):
                found.append(event.phase)
        return found

    @property
    def cuts(self) -> list[PromptCut]:
        return [event for event in self.events if isinstance(event, PromptCut)]

    @property
    def logprobs(self) -> list[Any]:
        return [token for event in self.events if isinstance(event, LogprobsDelta) for token in event.tokens]

    @property
    def finished(self) -> Finished:
        last = self.events[-1]
        assert isinstance(last, Finished), getattr(last, "error", last)
        return last

    @property
    def error(self) -> AetherError:
        last = self.events[-1]
        assert isinstance(last, Failed), last
        return last.error


@dataclass
class Subject:
    """An engine, a model that it serves, and the parameters that every test sends."""

    engine: Engine
    model: str
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)

    def request(self, text: str = PLAIN_QUESTION, **changes: Any) -> ChatRequest:
        parameters = {**self.parameters, **changes.pop("parameters", {})}
        return replace(ChatRequest(self.model, [Message("user", text)], parameters), **changes)

    async def ask(self, text: str = PLAIN_QUESTION, **changes: Any) -> Answered:
        return await listen(self.engine, self.request(text, **changes))


async def listen(engine: Engine, request: ChatRequest, on_text: Callable[[], Any] | None = None) -> Answered:
    """The whole answer; `on_text` is called once, with the first piece of it."""
    answered = Answered()
    async with aclosing(engine.chat(request)) as events:
        async for event in events:
            answered.events.append(event)
            if on_text and isinstance(event, TextDelta | ThinkingDelta):
                on_text()
                on_text = None
    return answered


async def until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until something holds; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and all its children."""
    total = 0.0
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


async def until_idle(pid: int, seconds: float = 15.0) -> None:
    """Wait until a process stops using the processor; fail when it works on."""
    deadline = time.monotonic() + seconds
    while True:
        before = cpu_seconds(pid)
        await asyncio.sleep(0.5)
        if cpu_seconds(pid) - before < 0.06:
            return
        assert time.monotonic() < deadline, "the server works on"
