"""Why llama.cpp did not load a model: told by its log, by the file itself, or by how the process ended."""

from __future__ import annotations

import re
from pathlib import Path

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.gguf_details import details_of_file

KILLED = "was killed (SIGKILL)"
LESS_MEMORY = "Lower num_ctx, choose a smaller quantization, or free memory"

_LOAD_ERROR = re.compile(r"error loading model: (.+)")
_NO_MEMORY = re.compile(r"(?:unable|failed) to allocate|out of memory", re.IGNORECASE)
_BAD_TEMPLATE = re.compile(r"failed to initialize chat template|failed to apply template|template is not supported")
_BAD_ADAPTER = re.compile(r"failed to apply lora adapter: (.+)")
_BAD_FLAG = re.compile(r"^error:? (.+)", re.MULTILINE)
# A line of the log: time, E for error, the part of the program that speaks, the text.
_ERROR_LINE = re.compile(r"^[\d.]+ E (?:\S+ +)?(?:\w+: )?(.+)$", re.MULTILINE)


def load_failure(model: Path, log_text: str, said: str, end: str, log: Path) -> AetherError:
    """The failure with its reason. Blocking: looks into the file. `end` tells of a crash, "" if there was none."""
    details: dict[str, object] = {"model": str(model), "log": str(log)}
    if found := _LOAD_ERROR.search(log_text):
        return _refused_file(model, found[1].strip(), details)
    if end == KILLED or _NO_MEMORY.search(log_text):
        message = f"{model.name} does not fit in memory" + (f": llama.cpp {end} while it loaded" if end else "")
        return AetherError(ErrorCode.ENGINE_REFUSED, message, LESS_MEMORY, details)
    # The first error is the cause, the others follow from it.
    errors = [*_ERROR_LINE.findall(log_text), *_BAD_FLAG.findall(log_text), said]
    reason = details["reason"] = errors[0].strip() or "no reason given"
    if _BAD_TEMPLATE.search(log_text):
        message = f"llama.cpp does not take the chat template: {reason}"
        return AetherError(ErrorCode.TEMPLATE_INVALID, message, "Correct it, or leave it to the model's own", details)
    if found := _BAD_ADAPTER.search(log_text):
        message = f"The adapter can't be applied: {found[1].strip()}"
        return AetherError(ErrorCode.ENGINE_REFUSED, message, "Choose an adapter that was made for this model", details)
    if end and errors == [said]:
        message = f"llama.cpp {end} while it loaded {model.name}"
        return AetherError(ErrorCode.ENGINE_DIED, message, f"The file may be damaged; the log is {log}", details)
    message = f"llama.cpp can't serve {model.name} with these settings: {reason}"
    return AetherError(ErrorCode.ENGINE_REFUSED, message, f"Change them; the log is {log}", details)


def _refused_file(model: Path, reason: str, details: dict[str, object]) -> AetherError:
    details["reason"] = reason
    if "unknown model architecture" in reason:
        remedy = "This llama.cpp does not know it; a newer one may"
        return AetherError(ErrorCode.NOT_SUPPORTED, f"{model.name} can't be loaded: {reason}", remedy, details)
    try:
        details_of_file(model.name, model)
    except AetherError as error:
        # Our own reader says what the file is instead.
        return AetherError(error.code, error.message, error.remedy, {**details, **error.details})
    remedy = "Fetch the file again, or choose another"
    return AetherError(ErrorCode.GGUF_INVALID, f"{model.name} can't be loaded: {reason}", remedy, details)
