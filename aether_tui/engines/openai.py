"""A client of any server that speaks OpenAI's chat protocol: vLLM, Groq, LM Studio, llama-server elsewhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from aether_tui.core.chat import ChatEvent, ChatRequest, Failed, Finished, ParameterValue
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind, EngineStatus, LoadedModel, ModelDetails, ModelSummary
from aether_tui.core.targets import EngineTarget
from aether_tui.engines.answer import Answer, context_exceeded
from aether_tui.engines.base import CommandLog, Timeouts
from aether_tui.engines.http import HttpClient, normal_address
from aether_tui.engines.sse_chat import WIRE, Outcome, chat_body, stats_of, stream_answer
from aether_tui.engines.sse_wording import OPENAI_SERVER, sse_refusal
from aether_tui.engines.translate import translate, untaken_note

if TYPE_CHECKING:
    from aether_tui.engines.sse_wire import ListedModel

TARGET = EngineTarget(EngineKind.OPENAI)
REMEDY = "Shorten the conversation, or choose a model with a longer context"
# Only some of these servers know it, and the others refuse the whole request.
THINK_FIELD = "chat_template_kwargs"


def base_url(address: str) -> str:
    """The base of all paths: an address without a path gets `/v1`."""
    address = normal_address(address)
    host_and_path = address.partition("://")[2]
    return address if "/" in host_and_path else f"{address}/v1"


class OpenAIEngine:
    """One OpenAI-compatible server. See `Engine` for what the shared methods promise."""

    kind = EngineKind.OPENAI

    def __init__(self, address: str, api_key: str = "", timeouts: Timeouts | None = None, *, key_env: str = "") -> None:
        self.log = CommandLog()
        self.http = HttpClient(
            base_url(address),
            OPENAI_SERVER,
            timeouts=timeouts or Timeouts(),
            log=self.log,
            refuse=lambda refusal: sse_refusal(OPENAI_SERVER, refusal),
            wire=WIRE,
            key=api_key,
            key_hint=f"${key_env or 'API_KEY'}",
        )
        self.address = self.http.address

    async def status(self) -> EngineStatus:
        """Tell whether the server answers and takes the key; never raises."""
        try:
            await self._listed()
        except AetherError as error:
            return EngineStatus(self.kind, self.address, False, reason=error.message, remedy=error.remedy)
        return EngineStatus(self.kind, self.address, True)

    async def models(self) -> list[ModelSummary]:
        """What the server lists. Raises AetherError."""
        return [_summary(model) for model in await self._listed()]

    async def details(self, model: str) -> ModelDetails:
        """Name and context length; these servers tell no more. Raises AetherError."""
        summary = next((entry for entry in await self.models() if entry.name == model), None)
        if summary is None:
            message = f"The server at {self.address} has no model {model}"
            raise AetherError(ErrorCode.MODEL_NOT_FOUND, message, "Choose one that it lists", {"model": model})
        return ModelDetails(name=model, summary=summary)

    async def loaded(self) -> list[LoadedModel]:
        """Nothing: this protocol does not tell what is in memory."""
        return []

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer; the last event is Finished or Failed."""
        meter = Answer()
        try:
            async with aclosing(self._answer(request, meter)) as events:
                async for event in events:
                    yield event
        except AetherError as error:
            for event in meter.end():
                yield event
            yield Failed(_with_figures(error, request))

    async def _answer(self, request: ChatRequest, meter: Answer) -> AsyncGenerator[ChatEvent, None]:
        if request.template is not None or request.adapter:
            raise AetherError(
                ErrorCode.NOT_SUPPORTED,
                "This protocol takes no chat template and no adapter",
                "Set them where the server is started",
            )
        words = translate(request.parameters, TARGET)
        # Several of these servers refuse a message with a thought in it.
        body = chat_body(request, words.request, thoughts=False)
        note = untaken_note(words.left_out)
        while True:
            outcome = Outcome()
            try:
                async with aclosing(
                    stream_answer(self.http, "/chat/completions", body, meter, outcome, note)
                ) as events:
                    async for event in events:
                        yield event
                break
            except AetherError as error:
                if meter.pieces or THINK_FIELD not in body or THINK_FIELD not in error.message:
                    raise
                del body[THINK_FIELD]
        yield Finished(stats_of(outcome, meter), outcome.finish_reason or "stop")

    def untaken(self, parameters: Mapping[str, ParameterValue]) -> tuple[str, ...]:
        """Ids of the parameters that this protocol does not have."""
        return translate(parameters, TARGET).left_out

    async def unload(self, model: str) -> None:
        """Raises AetherError: this protocol has no such call."""
        raise AetherError(
            ErrorCode.NOT_SUPPORTED,
            "This protocol can't free a model's memory",
            "Do it at the server",
            {"model": model},
        )

    async def aclose(self) -> None:
        """Close connections; the server is not ours and stays."""
        await self.http.aclose()

    async def _listed(self) -> list[ListedModel]:
        answer = await self.http.get("/models")
        from aether_tui.engines.sse_wire import ModelList, read

        return read(ModelList, answer).data


def _with_figures(error: AetherError, request: ChatRequest) -> AetherError:
    sent, num_ctx = error.details.get("sent_tokens"), error.details.get("num_ctx")
    if error.code is not ErrorCode.CONTEXT_EXCEEDED or not isinstance(sent, int):
        return error
    return context_exceeded(sent, num_ctx if isinstance(num_ctx, int) else None, request.parameters, remedy=REMEDY)


def _summary(model: ListedModel) -> ModelSummary:
    meta = model.meta
    context = model.context_window or model.max_model_len or (meta.n_ctx if meta else None)
    return ModelSummary(name=model.id, size_bytes=meta.size if meta else None, context_length_tokens=context)
