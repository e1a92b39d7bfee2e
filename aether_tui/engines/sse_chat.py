"""One answer of `/v1/chat/completions` as typed events: llama-server, and whatever speaks OpenAI's protocol."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aether_tui.core.chat import (
    ChatEvent,
    ChatRequest,
    ChatStats,
    LogprobsDelta,
    Message,
    Phase,
    TokenLogprob,
)
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.answer import Answer
from aether_tui.engines.failures import Refusal, died, error_text, garbage
from aether_tui.engines.http import HttpClient
from aether_tui.engines.sse_wording import sse_refusal

if TYPE_CHECKING:
    from aether_tui.engines.sse_wire import Timings, Usage

WIRE = "aether_tui.engines.sse_wire"
DONE = b"[DONE]"


@dataclass(slots=True)
class Outcome:
    """What the server told about an answer besides its text."""

    finish_reason: str = ""
    ended: bool = False
    usage: dict[str, Any] | None = None
    timings: dict[str, Any] | None = None


def chat_body(request: ChatRequest, parameters: dict[str, object], *, thoughts: bool) -> dict[str, object]:
    """The body of a chat request; `parameters` by the server's names, `thoughts` sends earlier ones along."""
    body: dict[str, object] = {
        "model": request.model,
        "messages": [_message(message, thoughts) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        **parameters,
    }
    if request.think is not None:
        body["chat_template_kwargs"] = {"enable_thinking": request.think}
    if request.output_schema is not None:
        schema = {"name": "answer", "strict": True, "schema": dict(request.output_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    return body


def _message(message: Message, thoughts: bool) -> dict[str, object]:
    plain: dict[str, object] = {"role": message.role, "content": message.content}
    return plain | {"reasoning_content": message.thinking} if thoughts and message.thinking else plain


async def stream_answer(
    http: HttpClient, path: str, body: dict[str, object], meter: Answer, outcome: Outcome, note: str = ""
) -> AsyncGenerator[ChatEvent, None]:
    """The events of an answer as they come; `outcome` is filled on the way. Raises AetherError."""
    for event in meter.enter(Phase.READING):
        yield event
    async with http.stream(path, body, note=note) as stream, aclosing(stream.events()) as pieces:
        async for piece in pieces:
            if piece.strip() == DONE:
                outcome.ended = True
                continue
            for event in _events(_object(http, piece), meter, outcome):
                yield event
    for event in meter.end():
        yield event
    if not (outcome.ended or outcome.finish_reason):
        raise died(http.service, http.address, "stopped in the middle of the answer")


def _object(http: HttpClient, piece: bytes) -> dict[str, Any]:
    # A dictionary and no model: this runs for every token.
    try:
        data = json.loads(piece)
    except ValueError:
        raise garbage(http.service, piece) from None
    if not isinstance(data, dict):
        raise garbage(http.service, piece)
    if "error" in data:
        text, inner = error_text(piece.decode("utf-8", "replace"))
        status = inner.get("code")
        raise sse_refusal(http.service, Refusal(status if isinstance(status, int) else 500, text, "", data=inner))
    return data


def _events(data: dict[str, Any], meter: Answer, outcome: Outcome) -> Iterator[ChatEvent]:
    if (progress := data.get("prompt_progress")) and meter.first_piece_s is None:
        yield meter.reading(progress.get("processed", 0), progress.get("total", 0))
    for choice in data.get("choices") or ():
        delta = choice.get("delta") or {}
        thinking = delta.get("reasoning_content") or delta.get("reasoning") or ""
        yield from meter.take(thinking, delta.get("content") or "")
        if logprobs := (choice.get("logprobs") or {}).get("content"):
            yield LogprobsDelta(tuple(_logprob(entry) for entry in logprobs))
        if reason := choice.get("finish_reason"):
            outcome.finish_reason = reason
    if usage := data.get("usage"):
        outcome.usage = usage
    if timings := data.get("timings"):
        outcome.timings = timings


def _logprob(entry: dict[str, Any]) -> TokenLogprob:
    top = tuple((other["token"], other["logprob"]) for other in entry.get("top_logprobs") or ())
    return TokenLogprob(entry["token"], entry["logprob"], top)


def stats_of(outcome: Outcome, meter: Answer, load_s: float | None = None) -> ChatStats:
    """The figures of an answer: llama-server's own where it sends them, else tokens over measured time."""
    from aether_tui.engines.sse_wire import Timings, Usage, read

    usage = read(Usage, outcome.usage or {})
    timings = read(Timings, outcome.timings) if outcome.timings else None
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
    prompt = usage.prompt_tokens
    if timings:
        cached = timings.cache_n if timings.cache_n is not None else cached
        prompt = prompt if prompt is not None else timings.prompt_n + (cached or 0)
    return ChatStats(
        prompt_tokens=prompt,
        cached_tokens=cached,
        answer_tokens=usage.completion_tokens if usage.completion_tokens is not None else _predicted(timings),
        tokens_per_s=_speed(timings, usage, meter),
        prompt_tokens_per_s=_rate(timings.prompt_n, timings.prompt_ms) if timings else None,
        time_to_first_token_s=meter.first_piece_s,
        load_s=load_s,
        total_s=meter.elapsed_s,
    )


def _predicted(timings: Timings | None) -> int | None:
    return timings.predicted_n if timings else None


def _speed(timings: Timings | None, usage: Usage, meter: Answer) -> float | None:
    if timings:
        return _rate(timings.predicted_n, timings.predicted_ms)
    if usage.completion_tokens is None or meter.first_piece_s is None or meter.last_piece_s is None:
        return None
    # The first token came before the clock of the others began.
    return _rate(usage.completion_tokens - 1, (meter.last_piece_s - meter.first_piece_s) * 1000)


def _rate(count: int, milliseconds: float) -> float | None:
    return count / milliseconds * 1000 if count > 0 and milliseconds > 0 else None


def is_loading(error: AetherError) -> bool:
    """Whether a llama-server refuses because its model is not in memory yet."""
    return error.code is ErrorCode.ENGINE_REFUSED and error.details.get("loading") is True
