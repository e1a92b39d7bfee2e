"""A client of llama.cpp's own server, whoever started it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import PurePath
from typing import TYPE_CHECKING

from aether_tui.core.chat import ChatEvent, ChatRequest, Failed, Finished, Message, ParameterValue, Phase
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind, EngineStatus, LoadedModel, ModelDetails, ModelSummary
from aether_tui.core.targets import EngineTarget
from aether_tui.engines.answer import Answer, context_exceeded, pushed_out
from aether_tui.engines.base import CommandLog, Timeouts
from aether_tui.engines.http import HttpClient
from aether_tui.engines.sse_chat import WIRE, Outcome, chat_body, is_loading, stats_of, stream_answer
from aether_tui.engines.sse_wording import LLAMA_SERVER, sse_refusal
from aether_tui.engines.translate import translate, untaken_note

if TYPE_CHECKING:
    from aether_tui.engines.sse_wire import ListedModel, Props

TARGET = EngineTarget(EngineKind.LLAMACPP)
LOADING_POLL_S = 0.25
RESTART_REMEDY = "Start llama-server with --ctx-size {suggested}, or shorten the conversation"


class LlamaServerEngine:
    """One llama-server. Load parameters are fixed by whoever started it. See `Engine` for the shared methods."""

    kind = EngineKind.LLAMACPP

    def __init__(
        self,
        address: str,
        api_key: str = "",
        timeouts: Timeouts | None = None,
        *,
        key_env: str = "",
        log: CommandLog | None = None,
        context_remedy: str = RESTART_REMEDY,
    ) -> None:
        self.log = log if log is not None else CommandLog()
        self.http = HttpClient(
            address,
            LLAMA_SERVER,
            timeouts=timeouts or Timeouts(),
            log=self.log,
            refuse=lambda refusal: sse_refusal(LLAMA_SERVER, refusal),
            wire=WIRE,
            key=api_key,
            key_hint=f"${key_env or 'LLAMA_API_KEY'}",
        )
        self.address = self.http.address
        self._context_remedy = context_remedy
        self._num_ctx: int | None = None

    async def status(self) -> EngineStatus:
        """Tell whether a llama-server answers; never raises. One that still loads counts as reachable."""
        try:
            version = (await self.props()).build_info
        except AetherError as error:
            if is_loading(error):
                return EngineStatus(self.kind, self.address, True, reason=error.message, remedy=error.remedy)
            return EngineStatus(self.kind, self.address, False, reason=error.message, remedy=error.remedy)
        return EngineStatus(self.kind, self.address, True, version)

    async def models(self) -> list[ModelSummary]:
        """What it serves; most often one. Raises AetherError."""
        return [_summary(model) for model in await self._listed()]

    async def details(self, model: str) -> ModelDetails:
        """What the server tells of a model: its chat template and sizes. Raises AetherError."""
        listed, props = await asyncio.gather(self._listed(), self.props())
        entry = next((entry for entry in listed if entry.id == model), None)
        if entry is None and len(listed) == 1 and _is_same_file(model, props.model_path):
            entry = listed[0]
        if entry is None:
            names = ", ".join(entry.id for entry in listed)
            message = f"The llama.cpp server at {self.address} has no model {model}"
            raise AetherError(ErrorCode.MODEL_NOT_FOUND, message, f"It serves {names}", {"model": model})
        metadata: dict[str, object] = entry.meta.model_dump(exclude_none=True) if entry.meta else {}
        return ModelDetails(
            name=model,
            summary=_summary(entry, props),
            chat_template=props.chat_template,
            metadata=metadata | {"model_path": props.model_path, "total_slots": props.total_slots},
        )

    async def loaded(self) -> list[LoadedModel]:
        """The model in memory and the context of one conversation. Raises AetherError."""
        listed, props = await asyncio.gather(self._listed(), self.props())
        context = props.default_generation_settings.n_ctx
        return [LoadedModel(entry.id, entry.meta.size if entry.meta else None, None, context) for entry in listed]

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer; the last event is Finished or Failed."""
        async with aclosing(self.answer(request, Answer())) as events:
            async for event in events:
                yield event

    async def answer(
        self, request: ChatRequest, meter: Answer, load_s: float | None = None
    ) -> AsyncGenerator[ChatEvent, None]:
        """As `chat`, with a clock that may have run since the load began."""
        try:
            self._check_fixed(request)
            async with aclosing(self._answer(request, meter, load_s)) as events:
                async for event in events:
                    yield event
        except AetherError as error:
            for event in meter.end():
                yield event
            yield Failed(self._with_figures(error, request))

    async def _answer(
        self, request: ChatRequest, meter: Answer, load_s: float | None
    ) -> AsyncGenerator[ChatEvent, None]:
        words = translate(request.parameters, TARGET)
        # Adapters are chosen per request only: after a change by POST /lora-adapters the server answers from a
        # prompt cache that the earlier adapter computed.
        body = chat_body(request, words.request, thoughts=True) | {"return_progress": True}
        note = untaken_note(words.left_out)
        if not await self._learn_context():
            for event in meter.enter(Phase.LOADING):
                yield event
            while True:
                await asyncio.sleep(LOADING_POLL_S)
                if await self._learn_context():
                    break
            load_s = meter.elapsed_s
        outcome = Outcome()
        async with aclosing(stream_answer(self.http, "/v1/chat/completions", body, meter, outcome, note)) as events:
            async for event in events:
                yield event
        stats = stats_of(outcome, meter, load_s)
        if cut := pushed_out(stats.prompt_tokens or 0, stats.answer_tokens or 0, self._num_ctx, request.parameters):
            yield cut
        yield Finished(stats, outcome.finish_reason or "stop")

    async def _learn_context(self) -> bool:
        """Ask once how much one conversation may hold; False while the server still loads its model."""
        if self._num_ctx is None:
            try:
                self._num_ctx = (await self.props()).default_generation_settings.n_ctx
            except AetherError as error:
                if is_loading(error):
                    return False
                raise
        return True

    def _check_fixed(self, request: ChatRequest) -> None:
        if request.template is not None or request.adapter:
            raise AetherError(
                ErrorCode.NOT_SUPPORTED,
                "A running llama.cpp server keeps the chat template and adapters it was started with",
                "Start llama-server with --chat-template or --lora, or use the embedded engine",
            )

    def _with_figures(self, error: AetherError, request: ChatRequest) -> AetherError:
        sent, num_ctx = error.details.get("sent_tokens"), error.details.get("num_ctx")
        if error.code is not ErrorCode.CONTEXT_EXCEEDED or not isinstance(sent, int):
            return error
        limit = num_ctx if isinstance(num_ctx, int) else None
        return context_exceeded(sent, limit, request.parameters, remedy=self._context_remedy)

    def untaken(self, parameters: Mapping[str, ParameterValue]) -> tuple[str, ...]:
        """Ids of the parameters that a running llama-server does not take, load parameters among them."""
        return translate(parameters, TARGET).left_out

    async def unload(self, model: str) -> None:
        """Raises AetherError: a llama-server keeps its model until it ends."""
        raise AetherError(
            ErrorCode.NOT_SUPPORTED,
            "A llama.cpp server keeps its model in memory",
            "End the server to free it",
            {"model": model},
        )

    async def props(self) -> Props:
        """What the server tells of itself. Raises AetherError."""
        answer = await self.http.get("/props")
        from aether_tui.engines.sse_wire import Props, read

        return read(Props, answer)

    async def apply_template(self, messages: Sequence[Message], *, think: bool | None = None) -> str:
        """The prompt that the model would get. Raises AetherError."""
        body = chat_body(ChatRequest("", messages, think=think), {}, thoughts=True)
        answer = await self.http.post("/apply-template", body)
        from aether_tui.engines.sse_wire import Prompt, read

        return read(Prompt, answer).prompt

    async def tokenize(self, text: str, *, special: bool = True) -> list[int]:
        """Token ids of a text; `special` reads markers such as <|im_end|> as tokens. Raises AetherError."""
        answer = await self.http.post("/tokenize", {"content": text, "parse_special": special})
        from aether_tui.engines.sse_wire import Tokens, read

        return read(Tokens, answer).tokens

    async def aclose(self) -> None:
        """Close connections; the server is not ours and stays."""
        await self.http.aclose()

    async def _listed(self) -> list[ListedModel]:
        answer = await self.http.get("/v1/models")
        from aether_tui.engines.sse_wire import ModelList, read

        return read(ModelList, answer).data


def _summary(model: ListedModel, props: Props | None = None) -> ModelSummary:
    meta = model.meta
    path = props.model_path if props else ""
    return ModelSummary(
        name=model.id,
        size_bytes=meta.size if meta else None,
        quantization=(meta.ftype if meta else "") or (props.model_ftype if props else ""),
        context_length_tokens=meta.n_ctx_train if meta else model.max_model_len or model.context_window,
        path=path if PurePath(path).is_absolute() else "",
    )


def _is_same_file(model: str, served: str) -> bool:
    """Whether a path means the file that is served; the server may have been told one from its own folder."""
    wanted, told = PurePath(model), PurePath(served)
    return wanted == told or (not told.is_absolute() and wanted.is_absolute() and wanted.name == told.name != "")
