"""The truncation alarm: no part of a prompt is lost unsaid, on any engine."""

from __future__ import annotations

from aether_tui.core.chat import Message
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.ollama import OllamaEngine
from tests.engines.asking import THINKING_QUESTION, Subject
from tests.servers import CURRENT_OLLAMA

LONG = " ".join(f"word{number % 97}" for number in range(400))
SMALL = {"num_ctx": 256, "temperature": 0.0}


async def real_length(subject: Subject) -> int:
    tokens = (await subject.ask(LONG, parameters={"num_ctx": 4096})).finished.stats.prompt_tokens
    assert tokens and tokens > 512
    return tokens


def assert_says_it_all(error: AetherError, tokens: int, limit: int, tolerance: float = 0.0) -> int:
    assert error.code is ErrorCode.CONTEXT_EXCEEDED
    sent, suggested = error.details["sent_tokens"], error.details["suggested_num_ctx"]
    assert isinstance(sent, int) and abs(sent - tokens) <= tolerance * tokens
    assert error.details["num_ctx"] == limit
    assert f"{sent:,}" in error.message and f"{limit:,}" in error.message
    assert isinstance(suggested, int) and suggested > sent
    assert str(suggested) in error.remedy
    return suggested


async def test_ollama_refuses_a_long_prompt_with_the_figures(on_ollama: Subject) -> None:
    tokens = await real_length(on_ollama)
    error = (await on_ollama.ask(LONG, parameters=SMALL)).error
    assert isinstance(on_ollama.engine, OllamaEngine)
    exact = on_ollama.engine.version == CURRENT_OLLAMA
    suggested = assert_says_it_all(error, tokens, 256, 0.0 if exact else 0.1)
    assert error.details["sent_estimated"] is not exact
    assert ("~" in error.message) is not exact
    # What is offered holds it.
    retried = await on_ollama.ask(LONG, parameters={**SMALL, "num_ctx": suggested})
    assert retried.finished.stats.prompt_tokens == tokens and not retried.cuts


async def test_ollama_cuts_only_when_told_to_and_then_says_what_was_kept(on_ollama: Subject) -> None:
    messages = [Message("user", LONG), Message("assistant", "Well."), Message("user", "Hello!")]
    error = (await on_ollama.ask(messages=messages, parameters=SMALL)).error
    answered = await on_ollama.ask(messages=messages, parameters=SMALL, guard_context=False)
    (cut,) = answered.cuts
    assert cut.sent_tokens == error.details["sent_tokens"]
    assert cut.kept_tokens == answered.finished.stats.prompt_tokens < 256
    assert cut.num_ctx == 256 and cut.suggested_num_ctx == error.details["suggested_num_ctx"]
    assert answered.text


async def test_ollama_one_message_too_long_to_cut(on_ollama: Subject) -> None:
    tokens = await real_length(on_ollama)
    answered = await on_ollama.ask(LONG, parameters=SMALL, guard_context=False)
    assert isinstance(on_ollama.engine, OllamaEngine)
    if on_ollama.engine.version == CURRENT_OLLAMA:
        # It has no way to answer a single message that does not fit.
        assert_says_it_all(answered.error, tokens, 256)
    else:
        (cut,) = answered.cuts
        assert cut.kept_tokens == 256 and cut.sent_tokens and abs(cut.sent_tokens - tokens) <= 0.1 * tokens


async def test_an_answer_that_pushes_the_question_out_is_told(on_ollama: Subject) -> None:
    answered = await on_ollama.ask(THINKING_QUESTION, parameters={"num_ctx": 32, "temperature": 0.0})
    (cut,) = answered.cuts
    stats = answered.finished.stats
    assert cut.sent_tokens == (stats.prompt_tokens or 0) + (stats.answer_tokens or 0) > 32
    assert cut.kept_tokens == cut.num_ctx == 32


async def test_a_short_prompt_raises_no_alarm(on_ollama: Subject) -> None:
    assert not (await on_ollama.ask(THINKING_QUESTION)).cuts


async def test_the_embedded_engine(on_embedded: Subject) -> None:
    tokens = await real_length(on_embedded)
    suggested = assert_says_it_all((await on_embedded.ask(LONG, parameters=SMALL)).error, tokens, 256)
    assert (await on_embedded.ask(LONG, parameters={**SMALL, "num_ctx": suggested})).finished


async def test_the_embedded_engine_that_shifts(on_embedded: Subject) -> None:
    parameters = {"num_ctx": 256, "context_shift": True, "num_predict": 300, "temperature": 0.0}
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 500}
    answered = await on_embedded.ask("Hello!", parameters=parameters, output_schema=schema, think=False)
    (cut,) = answered.cuts
    assert cut.num_ctx == 256 and cut.sent_tokens and cut.sent_tokens > 300


async def test_a_running_llama_server(on_llama_server: Subject) -> None:
    longer = " ".join([LONG] * 3)
    error = (await on_llama_server.ask(longer)).error
    assert error.code is ErrorCode.CONTEXT_EXCEEDED and error.details["num_ctx"] == 2048
    assert f"--ctx-size {error.details['suggested_num_ctx']}" in error.remedy


async def test_an_openai_server(on_openai: Subject) -> None:
    error = (await on_openai.ask(" ".join([LONG] * 3))).error
    assert error.code is ErrorCode.CONTEXT_EXCEEDED and error.details["num_ctx"] == 2048
    sent = error.details["sent_tokens"]
    assert isinstance(sent, int) and sent > 2048
