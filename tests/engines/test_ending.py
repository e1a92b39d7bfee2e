"""Answers that are stopped, and servers that end, are lost, or are not what they should be."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest

from aether_tui.core.chat import TextDelta
from aether_tui.core.errors import ErrorCode
from aether_tui.engines.base import Engine, Timeouts
from aether_tui.engines.embedded import EmbeddedEngine
from aether_tui.engines.llamacpp import LlamaServerEngine
from aether_tui.engines.ollama import OllamaEngine
from aether_tui.engines.openai import OpenAIEngine
from tests.engines.asking import LONG_ANSWER, Subject, listen, until_idle
from tests.servers import LlamaServer, OllamaServer, free_port

LONG: dict[str, Any] = {"output_schema": LONG_ANSWER, "think": False}


def child_of(subject: Subject) -> int:
    assert isinstance(subject.engine, EmbeddedEngine) and subject.engine.process_id
    return subject.engine.process_id


async def start_and_stop(subject: Subject, **changes: Any) -> None:
    async with aclosing(subject.engine.chat(subject.request(**{**LONG, **changes}))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break


async def start_and_cancel(subject: Subject) -> None:
    answering = asyncio.Event()
    task = asyncio.create_task(listen(subject.engine, subject.request(**LONG), answering.set))
    await asyncio.wait_for(answering.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("end", [start_and_stop, start_and_cancel])
async def test_a_stopped_answer_frees_ollama(ollama: OllamaServer, on_ollama: Subject, end: Any) -> None:
    await end(on_ollama)
    assert ollama.process
    await until_idle(ollama.process.pid)
    assert (await on_ollama.ask()).finished


@pytest.mark.parametrize("end", [start_and_stop, start_and_cancel])
async def test_a_stopped_answer_frees_the_embedded_engine(on_embedded: Subject, end: Any) -> None:
    on_embedded.parameters = {**on_embedded.parameters, "context_shift": True}
    await end(on_embedded)
    await until_idle(child_of(on_embedded))
    assert (await on_embedded.ask()).finished


async def test_a_stopped_answer_frees_a_llama_server(llama_server: LlamaServer, on_llama_server: Subject) -> None:
    await start_and_stop(on_llama_server)
    assert isinstance(on_llama_server.engine, LlamaServerEngine)
    for _ in range(20):
        (slot,) = await on_llama_server.engine.http.get("/slots")
        if not slot["is_processing"]:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the slot is still busy a second later")


async def test_ollama_killed_in_the_middle(ollama: OllamaServer, on_ollama: Subject) -> None:
    answered = await listen(on_ollama.engine, on_ollama.request(**LONG), ollama.kill)
    error = answered.error
    assert error.code is ErrorCode.ENGINE_DIED
    assert "in the middle of the answer" in error.message and error.remedy
    # What came before stays.
    assert answered.text.startswith("[")


async def test_ollamas_runner_killed_in_the_middle(ollama: OllamaServer, on_ollama: Subject) -> None:
    def kill_runner() -> None:
        assert ollama.process
        for child in psutil.Process(ollama.process.pid).children(recursive=True):
            child.kill()

    answered = await listen(on_ollama.engine, on_ollama.request(**LONG), kill_runner)
    assert answered.error.code is ErrorCode.ENGINE_DIED and answered.error.remedy
    assert answered.text.startswith("[")
    # Ollama starts another one.
    assert (await on_ollama.ask()).finished


async def test_a_llama_server_killed_in_the_middle(llama_server: LlamaServer, on_llama_server: Subject) -> None:
    answered = await listen(on_llama_server.engine, on_llama_server.request(**LONG), llama_server.kill)
    assert answered.error.code is ErrorCode.ENGINE_DIED
    assert "in the middle of the answer" in answered.error.message
    assert answered.text.startswith("[")
    # Nobody starts it again, so the next question finds nobody.
    assert (await on_llama_server.ask()).error.code is ErrorCode.ENGINE_UNREACHABLE


async def test_an_openai_server_killed_in_the_middle(llama_server: LlamaServer, on_openai: Subject) -> None:
    answered = await listen(on_openai.engine, on_openai.request(**LONG), llama_server.kill)
    assert answered.error.code is ErrorCode.ENGINE_DIED and answered.text.startswith("[")


@pytest.mark.parametrize(("number", "name"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV")])
async def test_the_embedded_engine_crashes_in_the_middle(on_embedded: Subject, number: int, name: str) -> None:
    def crash() -> None:
        os.kill(child_of(on_embedded), number)

    answered = await listen(on_embedded.engine, on_embedded.request(**LONG), crash)
    assert answered.error.code is ErrorCode.ENGINE_DIED and name in answered.error.message
    assert answered.text.startswith("[")
    # The next question starts it anew.
    assert (await on_embedded.ask()).finished


async def test_the_users_own_program_crashes_in_the_middle(on_own_program: Subject) -> None:
    def crash() -> None:
        (server,) = psutil.Process(child_of(on_own_program)).children()
        os.kill(server.pid, signal.SIGSEGV)

    answered = await listen(on_own_program.engine, on_own_program.request(**LONG), crash)
    assert answered.error.code is ErrorCode.ENGINE_DIED and "SIGSEGV" in answered.error.message
    assert (await on_own_program.ask()).finished


def engines_at(address: str) -> list[Engine]:
    return [OllamaEngine(address), LlamaServerEngine(address), OpenAIEngine(address)]


async def test_nobody_there() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    for engine in engines_at(address):
        status = await engine.status()
        assert not status.reachable and address in status.reason and "connection refused" in status.reason
        assert status.remedy
        error = (await Subject(engine, "demo").ask()).error
        assert error.code is ErrorCode.ENGINE_UNREACHABLE and address in error.message
        await engine.aclose()


@pytest.mark.parametrize("address", ["http://no-such-host.invalid:1", "http://[bad", "nonsense://x", "http://a b:1"])
async def test_an_address_that_leads_nowhere(address: str) -> None:
    for engine in engines_at(address):
        status = await engine.status()
        assert not status.reachable and status.reason and status.remedy
        await engine.aclose()


async def test_a_host_that_never_answers_is_given_up() -> None:
    # A listener whose queue is never emptied: the connection stands, no answer comes.
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = OllamaEngine(f"http://127.0.0.1:{port}", Timeouts(answer_s=0.2, stall_s=0.2))
    status = await engine.status()
    assert not status.reachable and "in time" in status.reason
    await engine.aclose()
    server.close()


async def test_another_kind_of_server_is_recognised(ollama: OllamaServer, llama_server: LlamaServer) -> None:
    for engine in (OllamaEngine(llama_server.url), LlamaServerEngine(ollama.url)):
        status = await engine.status()
        assert not status.reachable and "is no " in status.reason
        assert "kind" in status.remedy
        error = (await Subject(engine, "demo").ask()).error
        assert error.code is ErrorCode.ENGINE_REFUSED and "is no " in error.message
        await engine.aclose()


async def test_a_refused_key_is_named(llama_server: LlamaServer) -> None:
    for engine in (LlamaServerEngine(llama_server.url, "wrong"), OpenAIEngine(llama_server.url, "wrong")):
        status = await engine.status()
        assert not status.reachable and "key" in status.reason
        error = (await Subject(engine, "demo").ask()).error
        assert "key" in error.message and "wrong" not in error.text
        assert all("wrong" not in f"{call.body}{call.headers}{call.url}" for call in engine.log.calls)
        await engine.aclose()


async def test_damaged_files_on_the_embedded_engine(embedded: EmbeddedEngine, demo_gguf: Path, tmp_path: Path) -> None:
    whole = demo_gguf.read_bytes()
    cases = {
        "cut.gguf": (whole[: len(whole) // 2], ErrorCode.GGUF_INVALID),
        "text.gguf": (b"this is not a model", ErrorCode.GGUF_INVALID),
        "empty.gguf": (b"", ErrorCode.GGUF_INVALID),
        "page.gguf": (b"<!doctype html><title>Sign in</title>", ErrorCode.GGUF_INVALID),
        "unknown.gguf": (
            whole.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0zzzzz", 1),
            ErrorCode.NOT_SUPPORTED,
        ),
    }
    for name, (data, code) in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        error = (await Subject(embedded, str(path), {"num_thread": 1}).ask()).error
        assert error.code is code, (name, error.text)
        assert name in error.message and error.remedy
    error = (await Subject(embedded, str(tmp_path / "absent.gguf")).ask()).error
    assert error.code is ErrorCode.FILE_NOT_FOUND and "absent.gguf" in error.message
    assert (await Subject(embedded, "demo", {"num_thread": 1}).ask()).finished
