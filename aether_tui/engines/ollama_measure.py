"""How long a prompt is that an Ollama refused as too long.

Since 0.30 the refusal carries the count. 0.24 refuses without a figure and has no call that counts: there the
prompt is rendered by the server (`_debug_render_only`, no inference), slices of it are read by the model, and the
whole is taken in proportion. That costs some hundred tokens of reading; the figure is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError, ErrorCode

if TYPE_CHECKING:
    from aether_tui.engines.ollama import OllamaEngine
    from aether_tui.engines.ollama_chat import Question

SLICES = 4
MAX_SAMPLE_CHARS = 4000
CHARS_PER_TOKEN = 4
MIN_SAMPLE_CHARS = 64


@dataclass(frozen=True, slots=True)
class PromptSize:
    """Tokens of a prompt and of the context it did not fit in; None where the server can't tell."""

    sent_tokens: int | None
    num_ctx: int | None
    estimated: bool = False


async def measure(engine: OllamaEngine, question: Question, refusal: AetherError) -> PromptSize:
    """How long the refused prompt is. Raises AetherError."""
    sent, num_ctx = refusal.details.get("n_prompt_tokens"), refusal.details.get("n_ctx")
    if isinstance(sent, int) and isinstance(num_ctx, int):
        return PromptSize(sent, num_ctx)
    loaded = await engine.find_loaded(question.request.model)
    limit = loaded.context_length_tokens if loaded else None
    text = await _rendered(engine, question)
    size_chars = min(MAX_SAMPLE_CHARS, CHARS_PER_TOKEN * limit if limit else MAX_SAMPLE_CHARS)
    while text and size_chars >= MIN_SAMPLE_CHARS:
        sample = sample_of(text, size_chars)
        tokens = await _count(engine, question, sample)
        if tokens is not None:
            return PromptSize(round(tokens * len(text) / len(sample)), limit, estimated=True)
        size_chars //= 2
    return PromptSize(None, limit)


def sample_of(text: str, size_chars: int) -> str:
    """Slices from beginning to end of a text, `size_chars` together; the whole text if it is no longer."""
    if len(text) <= size_chars:
        return text
    width = size_chars // SLICES
    step = (len(text) - width) // (SLICES - 1)
    return "".join(text[start : start + width] for start in range(0, step * SLICES, step))


async def _rendered(engine: OllamaEngine, question: Question) -> str:
    from aether_tui.engines.ollama_wire import Rendered, read

    body = question.body() | {"stream": False, "_debug_render_only": True}
    return read(Rendered, await engine.http.post("/api/chat", body, patient=True)).debug_info.rendered_template


async def _count(engine: OllamaEngine, question: Question, text: str) -> int | None:
    """Tokens of a text that fits; None where it does not."""
    from aether_tui.engines.ollama_wire import LastLine, read

    # The same load options, or the model would be loaded anew.
    body = {
        "model": question.request.model,
        "prompt": text,
        "raw": True,
        "stream": False,
        "truncate": False,
        "options": question.options | {"num_predict": 1},
    }
    try:
        answer = await engine.http.post("/api/generate", body, patient=True)
    except AetherError as error:
        if error.code is ErrorCode.CONTEXT_EXCEEDED:
            return None
        raise
    return read(LastLine, answer).prompt_eval_count
