"""One conversation: its turns, the settings of the next message, and the streaming of an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from aether_tui.core.aliases import Alias, document_from_alias
from aether_tui.core.chat import (
    ChatEvent,
    ChatRequest,
    ChatStats,
    Failed,
    Finished,
    Message,
    ParameterValue,
    Phase,
    PhaseChanged,
    PromptCut,
    TextDelta,
    ThinkingDelta,
)
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind
from aether_tui.core.modelfile.document import new_document
from aether_tui.core.schema import ModelFacts
from aether_tui.engines.base import Engine
from aether_tui.services.aliases import AliasStore
from aether_tui.services.editing import EditSession, Origin
from aether_tui.services.gguf_files import DEMO
from aether_tui.services.hosts import HostService
from aether_tui.services.models import ModelService


@dataclass(slots=True)
class Turn:
    """One message of the conversation, with what is known of how it came about.

    `state`: "sent" (a question), "streaming", "done", "stopped" by the user, "failed".
    """

    role: str
    content: str = ""
    thinking: str = ""
    state: str = "sent"
    stats: ChatStats | None = None
    done_reason: str = ""
    stop_text: str = ""
    thinking_s: float | None = None
    cut: PromptCut | None = None
    error: AetherError | None = None


class ChatSession:
    """A conversation with one model on the current host.

    `settings` is an EditSession: its document holds the model, the system prompt and the parameters that apply
    to the next message; its baseline is the model or alias as it is kept.
    """

    def __init__(self, hosts: HostService, models: ModelService, aliases: AliasStore) -> None:
        self._hosts = hosts
        self._models = models
        self._aliases = aliases
        self._stop = asyncio.Event()
        self._streaming = False
        self._cleared: list[Turn] | None = None
        self.model = ""
        self.turns: list[Turn] = []
        self.think: bool | None = None
        self.settings = self._session(new_document(""), ModelFacts(), "")

    # Choosing

    async def choose(self, name: str) -> None:
        """Talk to a model or an alias from now on; the conversation stays. Raises AetherError."""
        alias = await asyncio.to_thread(self._alias, name)
        model = alias.model if alias is not None else name
        facts = await self._models.facts(model)
        schema = await self._models.schema(facts)
        document = document_from_alias(alias) if alias is not None else new_document(model)
        self.model = name
        self.settings = self._session(document, facts, name)
        self.settings.retarget(self._hosts.target(), schema, facts)

    def use(self, session: EditSession) -> None:
        """Talk with the settings of the Editor, unsaved ones included."""
        built_on = session.document.get("FROM") or ""
        self.model = (session.name if session.installed else built_on) or built_on
        self.settings = EditSession(
            session.document,
            facts=session.facts,
            target=session.target,
            schema=session.schema,
            name=self.model,
            origin=Origin("model", self.model),
            baseline=session.document,
        )

    def _alias(self, name: str) -> Alias | None:
        return self._aliases.get(name)

    def _session(self, document: object, facts: ModelFacts, name: str) -> EditSession:
        from aether_tui.core.modelfile.document import Modelfile
        from aether_tui.core.schema import schema_for

        assert isinstance(document, Modelfile)
        target = self._hosts.target()
        return EditSession(
            document,
            facts=facts,
            target=target,
            schema=schema_for(facts, target),
            name=name,
            origin=Origin("model", name),
            baseline=document,
        )

    # Talking

    @property
    def is_streaming(self) -> bool:
        """Whether an answer is under way."""
        return self._streaming

    @property
    def parameters(self) -> dict[str, ParameterValue]:
        """What the next message is sent with, by parameter id."""
        values: dict[str, ParameterValue] = {}
        for row in self.settings.schema.values():
            value = self.settings.value(row.spec.id)
            if value is not None:
                values[row.spec.id] = value
        return values

    def request(self) -> ChatRequest:
        """The request that the conversation makes now."""
        document = self.settings.document
        on_ollama = self._hosts.current.kind is EngineKind.OLLAMA
        start: list[Message] = []
        if system := document.get("SYSTEM"):
            start.append(Message("system", system))
        start.extend(document.messages)
        built_on = document.get("FROM") or self.model
        template = document.get("TEMPLATE") or ""
        return ChatRequest(
            model=self.settings.origin.place or built_on if on_ollama else built_on,
            messages=[*start, *_history(self.turns)],
            parameters=self.parameters,
            think=self.think,
            # Ollama's Go templates can't run in llama.cpp, which then uses the file's own.
            template=template if "{%" in template and not on_ollama else None,
            adapter=(document.get("ADAPTER") or "") if not on_ollama else "",
        )

    async def send(self, text: str) -> AsyncGenerator[ChatEvent, None]:
        """Ask, and stream the answer. What came before a stop or a failure stays in the conversation."""
        self._cleared = None
        self.turns.append(Turn("user", text))
        async for event in self._answer():
            yield event

    async def resend(self) -> AsyncGenerator[ChatEvent, None]:
        """Ask the last question again; the last answer is dropped."""
        while self.turns and self.turns[-1].role == "assistant":
            self.turns.pop()
        if self.turns:
            async for event in self._answer():
                yield event

    async def edit_and_resend(self, index: int, text: str) -> AsyncGenerator[ChatEvent, None]:
        """Replace the question at `index`, drop what followed, and ask again."""
        del self.turns[index:]
        async for event in self.send(text):
            yield event

    def stop(self) -> None:
        """Stop the answer that is under way; what came stays."""
        self._stop.set()

    def clear(self) -> None:
        """Start anew; `restore` brings the conversation back until the next message."""
        self._cleared, self.turns = self.turns, []

    def restore(self) -> bool:
        """Bring back what was cleared; False where there is nothing."""
        if not self._cleared:
            return False
        self.turns, self._cleared = self._cleared, None
        return True

    async def _answer(self) -> AsyncGenerator[ChatEvent, None]:
        if self._streaming:
            yield Failed(AetherError(ErrorCode.BAD_INPUT, "an answer is still coming", "stop it first with esc"))
            return
        request = self.request()
        if refusal := self._refusal(request.model):
            self.turns.append(Turn("assistant", state="failed", error=refusal))
            yield Failed(refusal)
            return
        turn = Turn("assistant", state="streaming")
        self.turns.append(turn)
        self._streaming = True
        self._stop.clear()
        thought = _ThoughtClock()
        try:
            async with aclosing(_until(self._hosts.engine(), request, self._stop)) as events:
                async for event in events:
                    thought.note(event)
                    _note(turn, event)
                    yield event
        finally:
            self._streaming = False
            turn.thinking_s = thought.seconds
            if turn.state == "streaming":
                turn.state = "stopped"

    def _refusal(self, model: str) -> AetherError | None:
        """Why a file can't be talked to on Ollama; None for everything else."""
        if self._hosts.current.kind is not EngineKind.OLLAMA or not (model == DEMO or model.endswith(".gguf")):
            return None
        return AetherError(
            ErrorCode.MODEL_NOT_FOUND,
            f"{model} is a file, and Ollama serves only what was made from one",
            "create a model from it in the Editor, or switch to the embedded engine",
            {"model": model},
        )


class _ThoughtClock:
    """How long the model thought, from the first to after the last piece of thought."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self.seconds: float | None = None

    def note(self, event: ChatEvent) -> None:
        if isinstance(event, ThinkingDelta) or (isinstance(event, PhaseChanged) and event.phase is Phase.THINKING):
            self._began_s = self._began_s or time.monotonic()
            self.seconds = time.monotonic() - self._began_s
        elif isinstance(event, TextDelta) and self._began_s is not None:
            self.seconds, self._began_s = time.monotonic() - self._began_s, None


async def _until(engine: Engine, request: ChatRequest, stop: asyncio.Event) -> AsyncGenerator[ChatEvent, None]:
    """The events of an answer until `stop` is set, however long the engine is silent."""
    stream = aiter(engine.chat(request))
    stopped = asyncio.create_task(stop.wait())
    pending: asyncio.Task[ChatEvent] | None = None
    try:
        while True:
            pending = asyncio.ensure_future(anext(stream))
            await asyncio.wait((pending, stopped), return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                return
            try:
                yield pending.result()
            except StopAsyncIteration:
                return
    finally:
        stopped.cancel()
        if pending is not None and not pending.done():
            pending.cancel()
            await asyncio.wait((pending,))
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


def _note(turn: Turn, event: ChatEvent) -> None:
    match event:
        case TextDelta(text):
            turn.content += text
        case ThinkingDelta(text):
            turn.thinking += text
        case PromptCut():
            turn.cut = event
        case Finished(stats, reason, stop_text):
            turn.stats, turn.done_reason, turn.stop_text, turn.state = stats, reason, stop_text, "done"
        case Failed(error):
            turn.error, turn.state = error, "failed"


def _history(turns: Sequence[Turn]) -> list[Message]:
    """The messages an engine is sent: empty answers are left out, as some templates break on them."""
    messages = []
    for turn in turns:
        if turn.role == "user":
            messages.append(Message("user", turn.content))
        elif turn.content:
            messages.append(Message("assistant", turn.content, turn.thinking))
    return messages


def kept_turns(turns: Sequence[Turn]) -> list[Turn]:
    """Turns as they are kept on disk: nothing is streaming there."""
    return [replace(turn, state="stopped" if turn.state == "streaming" else turn.state) for turn in turns]
