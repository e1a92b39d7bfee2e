"""Faults in what a server sends, each said in words and none hidden."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aether_tui.core.chat import Phase
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.base import Timeouts
from aether_tui.engines.llamacpp import LlamaServerEngine
from aether_tui.engines.ollama import OllamaEngine
from aether_tui.engines.ollama_create import CreateRequest
from aether_tui.engines.openai import OpenAIEngine
from tests.engines.asking import Subject
from tests.engines.scripted import (
    EVENTS,
    JSON,
    NO_ANSWER,
    Script,
    ScriptedServer,
    delta,
    event,
    line,
    piece,
    scripted_server,
)

DONE = line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop", eval_count=2)
# As vLLM words it.
TOO_LONG = (
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens "
    "(4488 in the messages, 512 in the completion). Please reduce the length of the messages or completion."
)
CHAT = "/v1/chat/completions"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        running.on("/api/version", Script([line(version="0.34.1")], content_type=JSON))
        running.on("/api/ps", Script([line(models=[])], content_type=JSON))
        running.on("/api/generate", Script([line(done=True, done_reason="load")], content_type=JSON))
        props = line(default_generation_settings={"n_ctx": 2048}, build_info="b1")
        running.on("/props", Script([props], content_type=JSON))
        yield running


@pytest.fixture
async def ollama_subject(server: ScriptedServer) -> AsyncIterator[Subject]:
    engine = OllamaEngine(server.url, Timeouts(stall_s=0.5))
    yield Subject(engine, "m")
    await engine.aclose()


@pytest.fixture
async def llama_subject(server: ScriptedServer) -> AsyncIterator[Subject]:
    engine = LlamaServerEngine(server.url, timeouts=Timeouts(stall_s=0.5))
    yield Subject(engine, "m")
    await engine.aclose()


@pytest.fixture
async def openai_subject(server: ScriptedServer) -> AsyncIterator[Subject]:
    engine = OpenAIEngine(server.url, "secret-key", key_env="SOME_KEY")
    yield Subject(engine, "m")
    await engine.aclose()


async def test_characters_and_lines_cut_anywhere(server: ScriptedServer, ollama_subject: Subject) -> None:
    data = piece("Grüße, 你好 ") + b"\n" + piece("🙂 done") + DONE.rstrip(b"\n")
    server.on("/api/chat", Script([data[index : index + 1] for index in range(len(data))]))
    assert (await ollama_subject.ask()).text == "Grüße, 你好 🙂 done"


async def test_a_line_that_is_not_json(server: ScriptedServer, ollama_subject: Subject) -> None:
    server.on("/api/chat", Script([piece("one "), b"<html><b>502 Bad</b> Gateway</html>\n"]))
    answered = await ollama_subject.ask()
    assert answered.text == "one "
    assert "not JSON" in answered.error.message and "502 Bad Gateway" in answered.error.message


async def test_an_endless_line(
    server: ScriptedServer, ollama_subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aether_tui.engines.lines.MAX_LINE_BYTES", 1024)
    monkeypatch.setattr("aether_tui.engines.lines.LineSplitter.__init__.__defaults__", (1024,))
    server.on("/api/chat", Script([b"x" * 600, b"x" * 600]))
    assert "longer than" in (await ollama_subject.ask()).error.message


async def test_an_error_line_after_text(server: ScriptedServer, ollama_subject: Subject) -> None:
    server.on(
        "/api/chat",
        Script([piece("one "), line(error="an error was encountered while running the model: unexpected EOF")]),
    )
    answered = await ollama_subject.ask()
    assert answered.text == "one " and answered.error.code is ErrorCode.ENGINE_DIED


async def test_an_end_without_done_is_repetition(server: ScriptedServer, ollama_subject: Subject) -> None:
    server.on("/api/chat", Script([piece("again ")] * 31))
    answered = await ollama_subject.ask()
    assert answered.text == "again " * 31
    assert answered.finished.done_reason == "repetition"


async def test_a_last_line_without_figures(server: ScriptedServer, ollama_subject: Subject) -> None:
    # Ollama leaves out what is zero.
    server.on("/api/chat", Script([piece("Hi"), line(done=True, done_reason="stop")]))
    stats = (await ollama_subject.ask()).finished.stats
    assert stats.answer_tokens == 0 and stats.tokens_per_s is None and stats.prompt_tokens_per_s is None


async def test_a_busy_server(server: ScriptedServer, ollama_subject: Subject) -> None:
    text = "server busy, please try again.  maximum pending requests exceeded"
    server.on("/api/generate", Script([line(error=text)], 503, JSON))
    error = (await ollama_subject.ask()).error
    assert error.code is ErrorCode.ENGINE_REFUSED and "server busy" in error.message and error.remedy


async def test_a_server_that_falls_silent(server: ScriptedServer, ollama_subject: Subject) -> None:
    server.on("/api/chat", Script([piece("one "), piece("two")], pause_s=5))
    answered = await ollama_subject.ask()
    assert answered.text == "one " and answered.error.code is ErrorCode.ENGINE_TIMEOUT


async def test_a_connection_lost_in_the_middle(server: ScriptedServer, ollama_subject: Subject) -> None:
    server.on("/api/chat", Script([piece("one ")], complete=False))
    answered = await ollama_subject.ask()
    assert answered.text == "one " and answered.error.code is ErrorCode.ENGINE_DIED


async def test_memory_that_is_lacking_is_named(server: ScriptedServer, ollama_subject: Subject) -> None:
    text = "model requires more system memory (9.1 GiB) than is available (3.2 GiB)"
    server.on("/api/generate", Script([line(error=text)], 500, JSON))
    error = (await ollama_subject.ask()).error
    assert "9.1 GiB" in error.message and "num_ctx" in error.remedy


async def test_a_list_that_is_not_one(server: ScriptedServer, ollama_subject: Subject) -> None:
    server.on("/api/tags", Script([line(models=[{"size": 1}])], content_type=JSON))
    with pytest.raises(AetherError, match=r"models\.0\.name"):
        await ollama_subject.engine.models()


async def test_a_connection_closed_in_the_moment_of_use(server: ScriptedServer, ollama_subject: Subject) -> None:
    fine, closed = Script([piece("Hi"), DONE]), Script([], NO_ANSWER)
    server.on("/api/chat", fine, closed, fine)
    assert (await ollama_subject.ask()).text == "Hi"
    assert (await ollama_subject.ask()).text == "Hi"
    assert len(server.bodies("/api/chat")) == 3
    server.on("/api/chat", closed)
    error = (await ollama_subject.ask()).error
    assert error.code is ErrorCode.ENGINE_DIED and "without an answer" in error.message


async def test_progress_comes_in_bytes_and_errors_in_words(server: ScriptedServer) -> None:
    engine = OllamaEngine(server.url)
    lines = [
        line(status="pulling manifest"),
        line(status="pulling 0123456789ab", digest="sha256:0", total=100),
        line(status="pulling 0123456789ab", digest="sha256:0", total=100, completed=60),
        line(status="success"),
    ]
    server.on("/api/pull", Script(lines))
    steps = [(step.text, step.done_bytes, step.total_bytes) async for step in engine.pull("m")]
    assert steps[1:3] == [("pulling 0123456789ab", 0, 100), ("pulling 0123456789ab", 60, 100)]
    server.on("/api/pull", Script([*lines[:2], line(error="pull model manifest: file does not exist")]))
    with pytest.raises(AetherError) as caught:
        [step async for step in engine.pull("m")]
    assert caught.value.code is ErrorCode.MODEL_NOT_FOUND
    server.on("/api/create", Script([line(status="parsing GGUF")]))
    with pytest.raises(AetherError, match="without saying that it is done"):
        [step async for step in engine.create(CreateRequest("m", from_="n"))]
    server.on("/api/create", Script([line(error="write /x: no space left on device")]))
    with pytest.raises(AetherError) as caught:
        [step async for step in engine.create(CreateRequest("m", from_="n"))]
    assert caught.value.code is ErrorCode.DISK_FULL
    await engine.aclose()


async def test_a_llama_server_that_still_loads_is_waited_for(server: ScriptedServer, llama_subject: Subject) -> None:
    loading = Script([line(error={"message": "Loading model", "type": "unavailable_error", "code": 503})], 503, JSON)
    ready = Script([line(default_generation_settings={"n_ctx": 2048})], content_type=JSON)
    server.on("/props", loading, loading, ready)
    server.on(CHAT, Script([delta(content="Hi"), b"data: [DONE]\n\n"], content_type=EVENTS))
    answered = await llama_subject.ask()
    assert answered.phases == [Phase.LOADING, Phase.READING, Phase.ANSWERING]
    assert (answered.finished.stats.load_s or 0) > 0.2
    server.on("/props", loading)
    status = await llama_subject.engine.status()
    assert status.reachable and "loading" in status.reason


async def test_events_cut_anywhere(server: ScriptedServer, openai_subject: Subject) -> None:
    usage = event(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 2})
    data = b": ping\n\n" + delta(reasoning="Hm") + delta(content="Grüße 🙂") + usage + b"data: [DONE]\n\n"
    server.on(CHAT, Script([data[index : index + 1] for index in range(len(data))], content_type=EVENTS))
    answered = await openai_subject.ask()
    assert answered.thinking == "Hm" and answered.text == "Grüße 🙂"
    assert answered.finished.stats.prompt_tokens == 3 and answered.finished.stats.answer_tokens == 2


async def test_an_error_among_the_events(server: ScriptedServer, openai_subject: Subject) -> None:
    failed = event(error={"message": "the GPU is lost", "type": "server_error", "code": 500})
    server.on(CHAT, Script([delta(content="one "), failed], content_type=EVENTS))
    answered = await openai_subject.ask()
    assert answered.text == "one " and "the GPU is lost" in answered.error.message


async def test_events_that_end_too_early(server: ScriptedServer, openai_subject: Subject) -> None:
    server.on(CHAT, Script([delta(content="one ")], content_type=EVENTS))
    answered = await openai_subject.ask()
    assert answered.text == "one " and answered.error.code is ErrorCode.ENGINE_DIED


async def test_an_event_that_is_not_json(server: ScriptedServer, openai_subject: Subject) -> None:
    server.on(CHAT, Script([b"<html>Sign in to the wireless network</html>"], content_type="text/html"))
    assert "wireless network" in (await openai_subject.ask()).error.message


async def test_a_field_that_a_server_does_not_know_is_left_out(server: ScriptedServer, openai_subject: Subject) -> None:
    refused = line(error={"message": "Unrecognized request argument supplied: chat_template_kwargs", "code": None})
    fine = Script([delta(content="Hi"), b"data: [DONE]\n\n"], content_type=EVENTS)
    server.on(CHAT, Script([refused], 400, JSON), fine)
    assert (await openai_subject.ask(think=False)).text == "Hi"
    first, second = server.bodies(CHAT)
    assert "chat_template_kwargs" in first and "chat_template_kwargs" not in second


@pytest.mark.parametrize(
    ("status", "message", "code", "words"),
    [
        (400, TOO_LONG, ErrorCode.CONTEXT_EXCEEDED, "5,000"),
        (404, "The model `m` does not exist", ErrorCode.MODEL_NOT_FOUND, "does not exist"),
        (429, "Rate limit reached for model `m`", ErrorCode.ENGINE_REFUSED, "Rate limit"),
        (401, "Incorrect API key provided", ErrorCode.ENGINE_REFUSED, "key"),
        (500, "Internal server error", ErrorCode.ENGINE_REFUSED, "Internal server error"),
    ],
)  # fmt: skip
async def test_what_openai_servers_refuse(
    server: ScriptedServer, openai_subject: Subject, status: int, message: str, code: ErrorCode, words: str
) -> None:
    server.on(CHAT, Script([line(error={"message": message, "type": "x", "code": None})], status, JSON))
    error = (await openai_subject.ask()).error
    assert error.code is code and words in error.message


async def test_no_key_is_ever_logged(server: ScriptedServer, openai_subject: Subject) -> None:
    server.on(CHAT, Script([delta(content="Hi"), b"data: [DONE]\n\n"], content_type=EVENTS))
    await openai_subject.ask("my key is secret-key, keep it")
    (call,) = openai_subject.engine.log.calls
    assert "secret-key" not in str(call)
    assert call.headers == ("Authorization: Bearer $SOME_KEY",)


async def test_a_speed_is_measured_where_none_is_told(server: ScriptedServer, openai_subject: Subject) -> None:
    usage = event(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 5})
    pieces = [*[delta(content="x ")] * 5, usage, b"data: [DONE]\n\n"]
    server.on(CHAT, Script(pieces, content_type=EVENTS, pause_s=0.02))
    stats = (await openai_subject.ask()).finished.stats
    assert stats.tokens_per_s and 5 < stats.tokens_per_s < 60
    assert stats.cached_tokens is None and stats.prompt_tokens_per_s is None


async def test_a_slow_start_can_be_stopped(server: ScriptedServer, ollama_subject: Subject) -> None:
    server.on("/api/generate", Script([b" ", b" "], pause_s=10))
    task = asyncio.create_task(ollama_subject.ask())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
