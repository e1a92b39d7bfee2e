"""What error answers of llama-server and OpenAI-compatible servers mean, and what to do about each."""

from __future__ import annotations

import re

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.failures import Refusal, Service, excerpt

LLAMA_SERVER = Service("The llama.cpp server", "llama.cpp server", "Start llama-server there, or choose another host")
OPENAI_SERVER = Service(
    "The server", "OpenAI-compatible server", "Check the address and that the server runs, or choose another host"
)

# vLLM: "maximum context length is 4096 tokens. However, you requested 5000 tokens"; OpenAI: "your messages
# resulted in 5000 tokens".
_LIMIT = re.compile(r"maximum context length (?:is|of) (\d+)")
_SENT = re.compile(r"(?:requested|resulted in|has|contains at least) (\d+) (?:input )?tokens")
_TOO_LONG = re.compile(r"context.?(length|window|size)|maximum context|reduce the length", re.IGNORECASE)


def sse_refusal(service: Service, refusal: Refusal) -> AetherError:
    """An error answer as an error of ours."""
    text, status = refusal.text, refusal.status
    kind = str(refusal.data.get("type") or "")
    code = str(refusal.data.get("code") or "")
    details: dict[str, object] = {"status": status, "reason": text}
    if not text and status not in (401, 403, 404, 429, 503):
        return _not_such_a_server(service, refusal)
    if status in (401, 403):
        return AetherError(
            ErrorCode.ENGINE_REFUSED,
            f"{service.subject} refuses the key: {text or status}",
            "Set the variable that this host takes its key from",
            details,
        )
    if kind == "exceed_context_size_error" or code == "context_length_exceeded" or _is_too_long(status, text):
        return _too_long(refusal, details)
    if code == "model_not_found" or (status == 404 and "model" in text.lower()):
        message = f"{service.subject} has no such model: {text}"
        return AetherError(ErrorCode.MODEL_NOT_FOUND, message, "Choose one that it lists", details)
    if status == 503 and ("loading" in text.lower() or kind == "unavailable_error"):
        message = f"{service.subject} is still loading its model"
        return AetherError(ErrorCode.ENGINE_REFUSED, message, "Wait until it is ready", details | {"loading": True})
    if status == 429:
        message = f"{service.subject} takes no more for now: {text or 'too many requests'}"
        return AetherError(ErrorCode.ENGINE_REFUSED, message, "Wait a little, then send again", details)
    if not text:
        return _not_such_a_server(service, refusal)
    return AetherError(ErrorCode.ENGINE_REFUSED, f"{service.subject}: {text}", "Its log may tell more", details)


def _is_too_long(status: int, text: str) -> bool:
    return status in (400, 413) and bool(_TOO_LONG.search(text))


def _too_long(refusal: Refusal, details: dict[str, object]) -> AetherError:
    sent, limit = refusal.data.get("n_prompt_tokens"), refusal.data.get("n_ctx")
    if sent_match := _SENT.search(refusal.text):
        sent = int(sent_match[1])
    if limit_match := _LIMIT.search(refusal.text):
        limit = int(limit_match[1])
    figures = {"sent_tokens": sent, "num_ctx": limit}
    return AetherError(
        ErrorCode.CONTEXT_EXCEEDED,
        "The prompt is longer than the context",
        "Shorten the conversation",
        details | {name: value for name, value in figures.items() if isinstance(value, int)},
    )


def _not_such_a_server(service: Service, refusal: Refusal) -> AetherError:
    said = excerpt(refusal.raw) or "nothing"
    return AetherError(
        ErrorCode.ENGINE_REFUSED,
        f"What answers there is no {service.name} (status {refusal.status} for {refusal.path}: {said})",
        "Check host and port, or set the kind of this host",
        {"status": refusal.status},
    )
