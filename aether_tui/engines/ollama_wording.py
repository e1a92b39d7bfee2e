"""What Ollama's error texts mean, and what to do about each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.failures import Refusal, Service, excerpt

OLLAMA = Service("Ollama", "Ollama", "Start it with `ollama serve`, or choose another host")

DEFAULT_REMEDY = "Ollama's log may tell more"

_MODEL_MISSING = re.compile(r"""model ['"](?P<name>[^'"]+)['"] not found|pull model manifest: file does not exist""")
_LACKING = re.compile(r"does not support (\w+)")
_TOO_LONG = re.compile(r"exceeds the (available )?context|longer than the context length")


@dataclass(frozen=True, slots=True)
class _Known:
    """A text of Ollama's: how to recognise it, what kind of failure it is, what helps."""

    pattern: re.Pattern[str]
    code: ErrorCode
    remedy: str


def _known(pattern: str, code: ErrorCode, remedy: str) -> _Known:
    return _Known(re.compile(pattern, re.IGNORECASE), code, remedy)


_KNOWN = (
    _known(r"unknown model architecture", ErrorCode.NOT_SUPPORTED, "This Ollama does not know it; a newer one may"),
    _known(
        r"error loading model|unable to load model|not in GGUF format|exceeds file size|invalid (file )?magic"
        r"|unsupported (file type|version|tensor)",
        ErrorCode.GGUF_INVALID,
        "Fetch the file again, or choose another; Ollama's log may tell more",
    ),
    _known(
        r"does not support (thinking|tools|insert|chat|completion|generate)",
        ErrorCode.NOT_SUPPORTED,
        "Choose a model that can, or give it a TEMPLATE that has it",
    ),
    _known(
        r"option \"\w+\" must be|^top_logprobs must|typical_p|^Field '\w+'",
        ErrorCode.PARAMETER_INVALID,
        "Correct the parameter, in the request or in the model's Modelfile",
    ),
    _known(r"server busy", ErrorCode.ENGINE_REFUSED, "Wait until its queue is shorter, then send again"),
    _known(
        r"more system memory|out of memory|unable to allocate|failed to allocate",
        ErrorCode.ENGINE_REFUSED,
        "Lower num_ctx, choose a smaller quantization, or free memory",
    ),
    _known(
        r"runner process has terminated|error was encountered while running the model|runner process no longer"
        r"|llama-server process|unexpected EOF|connection reset|forcibly closed",
        ErrorCode.ENGINE_DIED,
        "The part of Ollama that runs the model ended; see Ollama's log, then send again",
    ),
    _known(
        r"llama-server binary not found|llama-quantize unavailable",
        ErrorCode.ENGINE_REFUSED,
        "This Ollama was installed without its llama.cpp programs; install it from ollama.com",
    ),
    _known(
        r"LoRA adapters are no longer supported",
        ErrorCode.NOT_SUPPORTED,
        "Merge the adapter into the GGUF first, then create from the merged file",
    ),
    _known(
        r"quantization is only supported|unsupported quanti[sz]",
        ErrorCode.NOT_SUPPORTED,
        "Quantize the GGUF before creating from it",
    ),
    _known(r"invalid model name|name is invalid", ErrorCode.NAME_INVALID, "Use letters, digits, - _ and . in the name"),
    _known(r"template error|error parsing template", ErrorCode.TEMPLATE_INVALID, "Correct the TEMPLATE"),
    _known(
        r"no such host|dial tcp|i/o timeout|TLS handshake",
        ErrorCode.ENGINE_REFUSED,
        "Ollama itself can't reach the registry; check its network and proxy",
    ),
    _known(r"no space left on device", ErrorCode.DISK_FULL, "Free space where Ollama keeps its models"),
    _known(r"does not support embeddings", ErrorCode.NOT_SUPPORTED, "Choose an embedding model"),
)


def ollama_refusal(refusal: Refusal) -> AetherError:
    """An error answer of Ollama's as an error of ours."""
    # Ollama always tells its version, so who refuses is someone else.
    if not refusal.text or refusal.path == "/api/version":
        return not_ollama(refusal)
    return worded(refusal.text, refusal.data, {"status": refusal.status})


def not_ollama(refusal: Refusal) -> AetherError:
    """Something answered that isn't Ollama, or not this path of it."""
    said = excerpt(refusal.raw) or "nothing"
    return AetherError(
        ErrorCode.ENGINE_REFUSED,
        f"What answers there is no Ollama (status {refusal.status} for {refusal.path}: {said})",
        "Check host and port, or set the kind of this host",
        {"status": refusal.status},
    )


def worded(text: str, data: dict[str, object], details: dict[str, object] | None = None) -> AetherError:
    """One of Ollama's texts as an error with a next step."""
    details = {"reason": text, **(details or {})}
    if missing := _MODEL_MISSING.search(text):
        name = missing["name"] or ""
        details["model"] = name
        remedy = f"`ollama pull {name}` fetches it from the registry" if name else "Check its name"
        return AetherError(ErrorCode.MODEL_NOT_FOUND, f"Ollama has no model {name}".rstrip(), remedy, details)
    if _TOO_LONG.search(text):
        for field in ("n_prompt_tokens", "n_ctx"):
            if isinstance(data.get(field), int):
                details[field] = data[field]
        message = "The prompt is longer than the context"
        return AetherError(ErrorCode.CONTEXT_EXCEEDED, message, "Raise num_ctx, or shorten it", details)
    if lacking := _LACKING.search(text):
        details["feature"] = lacking[1]
    first_line = text.strip().split("\n", 1)[0]
    for known in _KNOWN:
        if known.pattern.search(text):
            return AetherError(known.code, f"Ollama: {first_line}", known.remedy, details)
    return AetherError(ErrorCode.ENGINE_REFUSED, f"Ollama: {first_line}", DEFAULT_REMEDY, details)
