"""One conversation: its turns, the settings of the next message, and the streaming of an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

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
from aether_tui.core.kinds import EngineKind
from aether_tui.core.modelfile.document import Modelfile, new_document
from aether_tui.core.modelfile.problems import looks_like_path
from aether_tui.core.schema import ModelFacts, schema_for
from aether_tui.engines.base import Engine
from aether_tui.files import user_path
from aether_tui.services.aliases import AliasStore
from aether_tui.services.editing import EditSession, Origin
from aether_tui.services.gguf_files import names_a_file
from aether_tui.services.hosts import HostService
from aether_tui.services.models import ModelService


@dataclass(slots=True)
class Turn:
    """One message of the conversation, with what is known of how it came about.

    `state`: "sent" (a question), "streaming", "done", "stopped" by the user, "failed". `untaken` are the parameters
    that the engine has no setting for, so that they did not hold.
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
    untaken: tuple[str, ...] = ()


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
        # What Ollama is asked for: a model that it has, and the messages that it puts before ours by itself.
        self._installed = ""
        self._installed_messages: tuple[Message, ...] = ()
        self.model = ""
        self.turns: list[Turn] = []
        self.think: bool | None = None
        self.settings = self._session(new_document(""), ModelFacts(), "")

    # Choosing

    async def choose(self, name: str) -> None:
        """Talk to a model or an alias from now on; the conversation stays. Raises AetherError."""
        alias = await asyncio.to_thread(self._aliases.get, name)
        on_ollama = self._hosts.current.kind is EngineKind.OLLAMA
        wanted = name
        if alias is not None and on_ollama and names_a_file(alias.model):
            # Ollama can't serve that file, but may have a model of the same name.
            wanted, alias = alias.model, None
        model = _model_of(alias, self._aliases) if alias is not None else name
        try:
            facts = await self._models.facts(model)
        except AetherError as error:
            raise self._file_refusal(wanted) or error from error
        schema = await self._models.schema(facts, strict=False)
        self.model, self._installed, self._installed_messages = name, model if on_ollama else "", ()
        self.settings = self._session(
            document_from_alias(alias) if alias is not None else new_document(model), facts, name
        )
        self.settings.retarget(self._hosts.target(), schema, facts)

    def use(self, session: EditSession) -> None:
        """Talk with the settings of the Editor, unsaved ones included."""
        document = _anchored(session)
        self._installed = session.name if session.installed else ""
        installed = session.baseline if session.installed else None
        self._installed_messages = tuple(installed.messages) if installed is not None else ()
        self.model = self._installed or document.get("FROM") or ""
        self.settings = EditSession(
            document,
            facts=session.facts,
            target=session.target,
            schema=session.schema,
            name=self.model,
            origin=Origin("model", self.model),
            baseline=document,
        )

    def _session(self, document: Modelfile, facts: ModelFacts, name: str) -> EditSession:
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
        built_on = document.get("FROM") or self.model
        template = document.get("TEMPLATE") or ""
        return ChatRequest(
            model=(self._installed or built_on) if on_ollama else built_on,
            messages=[*self._opening(on_ollama), *_history(self.turns)],
            parameters=self.parameters,
            think=self.think,
            # Ollama's Go templates can't run in llama.cpp, which then uses the file's own.
            template=template if "{%" in template and not on_ollama else None,
            adapter=(document.get("ADAPTER") or "") if not on_ollama else "",
        )

    def _opening(self, on_ollama: bool) -> list[Message]:
        """What stands before the conversation: the system prompt and the model's own messages."""
        document = self.settings.document
        system = document.get("SYSTEM")
        start = [Message("system", system)] if system else []
        messages, installed = tuple(document.messages), self._installed_messages
        if not on_ollama or not installed:
            return [*start, *messages]
        # Ollama sends the installed ones itself, changed here or not; only what was added comes from us.
        return [*start, *messages[len(installed) :]] if messages[: len(installed)] == installed else start

    def send(self, text: str) -> AsyncGenerator[ChatEvent, None]:
        """Ask, and stream the answer. What came before a stop or a failure stays in the conversation."""
        return self._ask(lambda: self.turns.append(Turn("user", text)))

    def resend(self) -> AsyncGenerator[ChatEvent, None]:
        """Ask the last question again; the last answer is dropped."""

        def drop_answer() -> None:
            while self.turns and self.turns[-1].role == "assistant":
                self.turns.pop()

        return self._ask(drop_answer)

    def edit_and_resend(self, index: int, text: str) -> AsyncGenerator[ChatEvent, None]:
        """Replace the question at `index`, drop what followed, and ask again."""

        def replace_question() -> None:
            self.turns[index:] = [Turn("user", text)]

        return self._ask(replace_question)

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

    async def _ask(self, change: Callable[[], object]) -> AsyncGenerator[ChatEvent, None]:
        """Change the turns, then stream the answer to the last of them."""
        if self._streaming:
            yield Failed(AetherError(ErrorCode.BAD_INPUT, "An answer is still coming", "Stop it first with esc"))
            return
        self._cleared = None
        change()
        if not self.turns:
            return
        request = self.request()
        turn = Turn("assistant", state="streaming")
        self.turns.append(turn)
        if not self._installed and (refusal := self._file_refusal(request.model)):
            _note(turn, Failed(refusal))
            yield Failed(refusal)
            return
        async with aclosing(self._answer(request, turn)) as events:
            async for event in events:
                yield event

    async def _answer(self, request: ChatRequest, turn: Turn) -> AsyncGenerator[ChatEvent, None]:
        self._streaming = True
        self._stop.clear()
        thought = _ThoughtClock()
        engine = self._hosts.engine()
        try:
            async with aclosing(_until(engine, request, self._stop)) as events:
                async for event in events:
                    thought.note(event)
                    _note(turn, event)
                    if isinstance(event, Finished):
                        turn.untaken = engine.untaken(request.parameters)
                    yield event
        finally:
            self._streaming = False
            turn.thinking_s = thought.seconds
            if turn.state == "streaming":
                turn.state = "stopped"

    def _file_refusal(self, model: str) -> AetherError | None:
        """Why a file can't be talked to on Ollama; None for everything else."""
        if self._hosts.current.kind is not EngineKind.OLLAMA or not names_a_file(model):
            return None
        return AetherError(
            ErrorCode.MODEL_NOT_FOUND,
            f"{model} is a file, and Ollama serves only what was made from one",
            "Create a model from it, or switch to the embedded engine",
            {"model": model},
        )


def _model_of(alias: Alias, store: AliasStore) -> str:
    if alias.model:
        return alias.model
    raise AetherError(
        ErrorCode.ALIAS_INVALID,
        f"The alias {alias.alias} names no model",
        f"Add model: to {store.path(alias.alias)}",
        {"key": "model"},
    )


def _anchored(session: EditSession) -> Modelfile:
    """The document with the files beside its Modelfile named in full: the engine does not run in that folder."""
    document = session.document
    if session.origin.kind != "file":
        return document
    folder = Path(session.origin.place).parent
    for keyword in ("FROM", "ADAPTER"):
        value = document.get(keyword)
        if value and looks_like_path(value) and (path := folder / user_path(value)).is_file():
            document = document.with_instruction(keyword, str(path))
    return document


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
    stream = engine.chat(request)
    stopped = asyncio.create_task(stop.wait())
    pending: asyncio.Task[ChatEvent] | None = None
    try:
        while not stop.is_set():
            pending = asyncio.ensure_future(anext(stream))
            await asyncio.wait((pending, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not pending.done():
                return
            try:
                event = pending.result()
            except StopAsyncIteration:
                return
            yield event
    finally:
        stopped.cancel()
        if pending is not None and not pending.done():
            pending.cancel()
            await asyncio.wait((pending,))
        await stream.aclose()


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
    """The messages an engine is sent.

    A question that got no answer is left out with it: many templates refuse two questions in a row, and a question
    that was too long would be so for ever. The last question always stays.
    """
    messages: list[Message] = []
    for turn in turns:
        if turn.role == "user":
            if messages and messages[-1].role == "user":
                messages.pop()
            messages.append(Message("user", turn.content))
        elif turn.content and messages and messages[-1].role == "user":
            messages.append(Message("assistant", turn.content, turn.thinking))
    return messages
