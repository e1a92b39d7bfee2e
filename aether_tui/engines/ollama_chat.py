"""One answer of Ollama's as typed events: load, read, think, answer; a cut prompt is never passed over."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aether_tui.core.chat import (
    ChatEvent,
    ChatRequest,
    ChatStats,
    Failed,
    Finished,
    LogprobsDelta,
    Message,
    Phase,
    PromptCut,
    TokenLogprob,
)
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.parameters import find
from aether_tui.engines.answer import Answer, context_exceeded, per_second, pushed_out, suggested_num_ctx
from aether_tui.engines.failures import error_text, garbage
from aether_tui.engines.ollama_measure import measure
from aether_tui.engines.ollama_wording import OLLAMA, worded
from aether_tui.engines.translate import translate, untaken_note

if TYPE_CHECKING:
    from aether_tui.engines.ollama import OllamaEngine
    from aether_tui.engines.ollama_wire import LastLine

WARM_S = 60.0


@dataclass(slots=True)
class Warm:
    """A model that answered us a moment ago, so that it is surely still in memory."""

    model: str = ""
    load_options: str = ""
    num_ctx: int | None = None
    at: float = 0.0

    def serves(self, question: Question) -> bool:
        """Whether the next answer needs no look at what is loaded."""
        same = self.model == question.request.model and self.load_options == question.load_options
        return same and time.monotonic() - self.at < WARM_S

    def note(self, question: Question) -> None:
        """The model answered; others may have been thrown out to make room for it."""
        self.model = question.request.model
        self.load_options = question.load_options
        self.num_ctx = question.num_ctx
        self.at = time.monotonic()

    def forget(self) -> None:
        """Something was unloaded, replaced or broke."""
        self.model = ""


@dataclass(slots=True)
class Question:
    """A request in Ollama's words, and what came to be known about it."""

    request: ChatRequest
    options: dict[str, object]
    note: str
    think: bool | None
    truncate: bool = False
    fresh_load: bool = False
    load_s: float | None = None
    num_ctx: int | None = None
    sent_tokens: int | None = None

    @property
    def load_options(self) -> str:
        """The options that a change of would reload the model."""
        specs = {name: find(name, "ollama") for name in self.options}
        load = {name: self.options[name] for name, spec in specs.items() if spec and spec.scope == "load"}
        return json.dumps(load, sort_keys=True)

    def body(self) -> dict[str, object]:
        """The body of `/api/chat`."""
        request = self.request
        body: dict[str, object] = {
            "model": request.model,
            "messages": [_message(message) for message in request.messages],
            "options": self.options,
            "stream": True,
            # Ollama's own default is true: the beginning of a long prompt is lost and nobody says so.
            "truncate": self.truncate,
        }
        if self.think is not None:
            body["think"] = self.think
        if request.output_schema is not None:
            body["format"] = dict(request.output_schema)
        if request.keep_alive_s is not None:
            body["keep_alive"] = request.keep_alive_s
        if request.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
        return body


def _message(message: Message) -> dict[str, object]:
    plain: dict[str, object] = {"role": message.role, "content": message.content}
    return plain | {"thinking": message.thinking} if message.thinking else plain


async def answer(engine: OllamaEngine, warm: Warm, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    """All events of one answer."""
    meter = Answer()
    try:
        question = await _question(engine, request)
        if warm.serves(question):
            question.num_ctx = warm.num_ctx
        else:
            for event in meter.enter(Phase.LOADING):
                yield event
            await _load(engine, warm, question)
        for event in meter.enter(Phase.READING):
            yield event
        async with aclosing(_attempts(engine, question, meter)) as events:
            async for event in events:
                yield event
        warm.note(question)
    except AetherError as error:
        warm.forget()
        for event in meter.end():
            yield event
        yield Failed(error)


async def _question(engine: OllamaEngine, request: ChatRequest) -> Question:
    if request.template is not None or request.adapter:
        raise AetherError(
            ErrorCode.NOT_SUPPORTED,
            "Ollama takes no template and no adapter with a chat",
            "Create a model with them, then chat with it",
        )
    options = translate(request.parameters, await engine.target())
    return Question(request, options.request, untaken_note(options.untaken), request.think)


async def _load(engine: OllamaEngine, warm: Warm, question: Question) -> None:
    """Bring the model into memory first, so that loading and reading can be told apart; quick where it is there."""
    request = question.request
    if request.model.endswith("cloud"):
        return
    loaded = await engine.find_loaded(request.model)
    wanted = question.options.get("num_ctx")
    reloads = warm.model == request.model and warm.load_options != question.load_options
    question.fresh_load = loaded is None or reloads or wanted not in (None, loaded.context_length_tokens)
    body: dict[str, object] = {"model": request.model, "options": question.options, "stream": False}
    if request.keep_alive_s is not None:
        body["keep_alive"] = request.keep_alive_s
    started = time.monotonic()
    await engine.http.post("/api/generate", body, patient=True)
    question.load_s = time.monotonic() - started


async def _attempts(engine: OllamaEngine, question: Question, meter: Answer) -> AsyncGenerator[ChatEvent, None]:
    """The answer; asked again where this server does not take the question as it was."""
    while True:
        try:
            async with aclosing(_stream(engine, question, meter)) as events:
                async for event in events:
                    yield event
            return
        except AetherError as error:
            if meter.pieces or not await _eased(engine, question, error):
                raise


async def _eased(engine: OllamaEngine, question: Question, error: AetherError) -> bool:
    """Whether the question was changed so that it is worth asking again. Raises a better error than `error`."""
    if question.think is not None and error.details.get("feature") == "thinking":
        question.think = None
        return True
    if error.code is not ErrorCode.CONTEXT_EXCEEDED:
        return False
    request = question.request
    if question.sent_tokens is None:
        size = await measure(engine, question, error)
        question.sent_tokens, question.num_ctx = size.sent_tokens, size.num_ctx
        if request.guard_context:
            raise context_exceeded(
                size.sent_tokens, size.num_ctx, request.parameters, estimated=size.estimated
            ) from error
    elif question.truncate:
        raise context_exceeded(question.sent_tokens, question.num_ctx, request.parameters) from error
    question.truncate = True
    return True


async def _stream(engine: OllamaEngine, question: Question, meter: Answer) -> AsyncGenerator[ChatEvent, None]:
    last: dict[str, Any] | None = None
    async with engine.http.stream("/api/chat", question.body(), note=question.note) as stream:
        async with aclosing(stream.lines()) as lines:
            async for line in lines:
                data = _object(line)
                for event in _events(data, meter):
                    yield event
                if data.get("done"):
                    last = data
    for event in meter.end():
        yield event
    async with aclosing(_ending(engine, question, meter, last)) as events:
        async for event in events:
            yield event


def _object(line: bytes) -> dict[str, Any]:
    # A dictionary and no model: this runs for every token.
    try:
        data = json.loads(line)
    except ValueError:
        raise garbage(OLLAMA, line) from None
    if not isinstance(data, dict):
        raise garbage(OLLAMA, line)
    if "error" in data:
        text, inner = error_text(line.decode("utf-8", "replace"))
        raise worded(text or str(data["error"]), inner)
    return data


def _events(data: dict[str, Any], meter: Answer) -> Iterator[ChatEvent]:
    message = data.get("message")
    if isinstance(message, dict):
        yield from meter.take(message.get("thinking") or "", message.get("content") or "")
    if logprobs := data.get("logprobs"):
        yield LogprobsDelta(tuple(_logprob(entry) for entry in logprobs))


def _logprob(entry: dict[str, Any]) -> TokenLogprob:
    top = tuple((other["token"], other["logprob"]) for other in entry.get("top_logprobs") or ())
    return TokenLogprob(entry["token"], entry["logprob"], top)


async def _ending(
    engine: OllamaEngine, question: Question, meter: Answer, data: dict[str, Any] | None
) -> AsyncGenerator[ChatEvent, None]:
    from aether_tui.engines.ollama_wire import LastLine, read

    if data is None:
        # Ollama closes the stream without a last line when a model repeats itself over and over.
        stats = ChatStats(time_to_first_token_s=meter.first_piece_s, total_s=meter.elapsed_s, load_s=question.load_s)
        yield Finished(stats, "repetition")
        return
    last = read(LastLine, data)
    if question.num_ctx is None:
        loaded = await engine.find_loaded(question.request.model)
        question.num_ctx = loaded.context_length_tokens if loaded else None
    if cut := _cut(question, last):
        yield cut
    yield Finished(_stats(question, meter, last), last.done_reason or "stop")


def _cut(question: Question, last: LastLine) -> PromptCut | None:
    """What of the conversation the model did not see: cut before it read, or pushed out while it answered."""
    parameters = question.request.parameters
    if question.truncate:
        sent = question.sent_tokens
        suggested = suggested_num_ctx(sent, parameters) if sent else None
        return PromptCut(sent, last.prompt_eval_count, question.num_ctx, suggested)
    return pushed_out(last.prompt_eval_count, last.eval_count, question.num_ctx, parameters)


def _stats(question: Question, meter: Answer, last: LastLine) -> ChatStats:
    cached = last.prompt_eval_cached_count
    if cached is None and question.fresh_load:
        cached = 0
    # 0.24 counts the whole prompt and times only what was not in its cache: no honest speed without the share.
    read_tokens = last.prompt_eval_count - cached if cached is not None else None
    return ChatStats(
        prompt_tokens=last.prompt_eval_count,
        cached_tokens=cached,
        answer_tokens=last.eval_count,
        tokens_per_s=per_second(last.eval_count, last.eval_duration),
        prompt_tokens_per_s=per_second(read_tokens, last.prompt_eval_duration),
        time_to_first_token_s=meter.first_piece_s,
        load_s=(question.load_s or 0.0) + last.load_duration / 1e9,
        total_s=meter.elapsed_s,
    )
