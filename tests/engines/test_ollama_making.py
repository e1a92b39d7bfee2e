"""Creating, copying, removing and sending models, on both kinds of real Ollama."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing
from pathlib import Path

import pytest

from aether_tui.core.chat import Message
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import Progress
from aether_tui.engines.ollama import OllamaEngine
from aether_tui.engines.ollama_create import CreateRequest, FileHash
from tests.engines.asking import CHATML, Subject
from tests.engines.conftest import OLLAMA_MODEL, put_demo
from tests.servers import CURRENT_OLLAMA, OllamaServer


async def make(engine: OllamaEngine, request: CreateRequest) -> list[Progress]:
    return [progress async for progress in engine.create(request)]


async def test_a_file_is_hashed_and_sent_with_progress(ollama_engine: OllamaEngine, tmp_path: Path) -> None:
    path = tmp_path / "some weights.bin"
    path.write_bytes(bytes(range(256)) * 100_000)
    hashing = FileHash(path)
    steps = [progress async for progress in hashing]
    assert hashing.digest == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    assert [step.done_bytes for step in steps] == [8 << 20, 16 << 20, 24 << 20, 25_600_000]
    assert not await ollama_engine.has_blob(hashing.digest)
    sent = [progress async for progress in ollama_engine.upload_blob(path, hashing.digest)]
    assert sent[-1].done_bytes == sent[-1].total_bytes == 25_600_000
    assert await ollama_engine.has_blob(hashing.digest)
    again = [progress async for progress in ollama_engine.upload_blob(path, hashing.digest)]
    assert len(again) == 1


async def test_a_file_that_changed_after_hashing_is_refused(ollama_engine: OllamaEngine, tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"other bytes than those hashed")
    digest = "sha256:" + hashlib.sha256(b"hashed").hexdigest()
    with pytest.raises(AetherError, match="digest mismatch"):
        async for _ in ollama_engine.upload_blob(path, digest):
            pass
    assert not await ollama_engine.has_blob(digest)


async def test_a_stopped_upload_leaves_no_blob(ollama_engine: OllamaEngine, tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(b"x" * 200_000_000)
    digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    async with aclosing(ollama_engine.upload_blob(path, digest)) as steps:
        async for step in steps:
            if step.done_bytes:
                break
    assert not await ollama_engine.has_blob(digest)
    assert (await ollama_engine.status()).reachable


async def test_a_missing_file_is_named(ollama_engine: OllamaEngine, tmp_path: Path) -> None:
    with pytest.raises(AetherError) as caught:
        async for _ in FileHash(tmp_path / "nothing.gguf"):
            pass
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND and "nothing.gguf" in caught.value.message
    with pytest.raises(AetherError) as caught:
        async for _ in ollama_engine.upload_blob(tmp_path, "sha256:" + "0" * 64):
            pass
    assert caught.value.code is ErrorCode.FILE_UNREADABLE


async def test_everything_of_a_model_arrives(
    ollama: OllamaServer, ollama_engine: OllamaEngine, demo_gguf: Path
) -> None:
    digest = await put_demo(ollama_engine, demo_gguf, ollama.version)
    request = CreateRequest(
        "engine-tests-whole:v1",
        files={"demo.gguf": digest},
        template=CHATML,
        system="You answer briefly\nand well.",
        licenses=("Do as you like",),
        parameters={"temperature": 0.5, "stop": ("a", "b")},
        messages=(Message("user", "Hi: there"), Message("assistant", "Hello")),
        renderer="",
        requires="0.14.0",
    )
    steps = await make(ollama_engine, request)
    assert steps[-1].text == "success"
    details = await ollama_engine.details("engine-tests-whole:v1")
    assert details.template == CHATML and details.system == "You answer briefly\nand well."
    assert "Do as you like" in details.license
    assert details.parameters == {"temperature": 0.5, "stop": ("a", "b")}
    assert [(message.role, message.content) for message in details.messages] == [
        ("user", "Hi: there"),
        ("assistant", "Hello"),
    ]
    assert details.requires.removeprefix("v") == "0.14.0"
    await ollama_engine.delete("engine-tests-whole:v1")


async def test_copy_and_delete(on_ollama: Subject, ollama_engine: OllamaEngine) -> None:
    await ollama_engine.copy(OLLAMA_MODEL, "engine-tests-copy")
    models = {model.name: model.digest for model in await ollama_engine.models()}
    assert models["engine-tests-copy:latest"] == models[f"{OLLAMA_MODEL}:latest"]
    await ollama_engine.delete("engine-tests-copy")
    assert "engine-tests-copy:latest" not in {model.name for model in await ollama_engine.models()}
    with pytest.raises(AetherError) as caught:
        await ollama_engine.delete("engine-tests-copy")
    assert caught.value.code is ErrorCode.MODEL_NOT_FOUND
    with pytest.raises(AetherError) as caught:
        await ollama_engine.copy("engine-tests-copy", "another")
    assert caught.value.code is ErrorCode.MODEL_NOT_FOUND


async def test_a_failed_create_leaves_the_model_as_it_was(on_ollama: Subject, ollama_engine: OllamaEngine) -> None:
    before = (await ollama_engine.details(OLLAMA_MODEL)).summary.digest
    with pytest.raises(AetherError) as caught:
        await make(ollama_engine, CreateRequest(OLLAMA_MODEL, from_=OLLAMA_MODEL, template="{{ .Messages "))
    assert caught.value.code is ErrorCode.TEMPLATE_INVALID
    assert (await ollama_engine.details(OLLAMA_MODEL)).summary.digest == before
    assert (await on_ollama.ask()).finished


async def test_what_a_server_can_not_make_is_named(
    ollama: OllamaServer, on_ollama: Subject, ollama_engine: OllamaEngine, demo_gguf: Path
) -> None:
    digest = await put_demo(ollama_engine, demo_gguf, ollama.version)
    if ollama.version == CURRENT_OLLAMA:
        with pytest.raises(AetherError) as caught:
            await make(ollama_engine, CreateRequest("x", from_=OLLAMA_MODEL, adapters={"a.gguf": digest}))
        assert caught.value.code is ErrorCode.NOT_SUPPORTED and "Merge" in caught.value.remedy
        with pytest.raises(AetherError) as caught:
            await make(ollama_engine, CreateRequest("x", files={"a.gguf": digest}, quantize="q4_K_M"))
        assert caught.value.code is ErrorCode.NOT_SUPPORTED and "Quantize" in caught.value.remedy
    with pytest.raises(AetherError) as caught:
        await make(ollama_engine, CreateRequest("x", files={"a.gguf": digest}, quantize="q9_9"))
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    with pytest.raises(AetherError) as caught:
        await make(ollama_engine, CreateRequest("bad name!", from_=OLLAMA_MODEL))
    assert caught.value.code is ErrorCode.NAME_INVALID
    with pytest.raises(AetherError) as caught:
        await make(ollama_engine, CreateRequest("x"))
    assert caught.value.code is ErrorCode.CREATE_FAILED


async def test_a_pull_without_a_registry_says_why(ollama_engine: OllamaEngine) -> None:
    with pytest.raises(AetherError) as caught:
        async for _ in ollama_engine.pull("127.0.0.1:1/nobody/nothing", insecure=True):
            pass
    assert caught.value.code is ErrorCode.ENGINE_REFUSED and caught.value.remedy
    with pytest.raises(AetherError):
        async for _ in ollama_engine.push(OLLAMA_MODEL):
            pass


async def test_a_cancelled_create_can_be_done_again(on_ollama: Subject, ollama_engine: OllamaEngine) -> None:
    request = CreateRequest("engine-tests-again", from_=OLLAMA_MODEL, system="Be brief")
    task = asyncio.ensure_future(make(ollama_engine, request))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await make(ollama_engine, request))[-1].text == "success"
    await ollama_engine.delete("engine-tests-again")


async def test_damaged_files_are_named(
    ollama: OllamaServer, ollama_engine: OllamaEngine, demo_gguf: Path, tmp_path: Path
) -> None:
    whole = demo_gguf.read_bytes()
    unknown = whole.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0zzzzz", 1)
    for name, data in {"cut": whole[: len(whole) // 2], "text": b"this is not a model", "unknown": unknown}.items():
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(data)
        hashing = FileHash(path)
        async for _ in hashing:
            pass
        async for _ in ollama_engine.upload_blob(path, hashing.digest):
            pass
        model = f"engine-tests-{name}"
        try:
            await make(ollama_engine, CreateRequest(model, files={path.name: hashing.digest}))
            error = (await Subject(ollama_engine, model, {"num_thread": 1}).ask()).error
            await ollama_engine.delete(model)
        except AetherError as refused:
            error = refused
        assert error.code in (ErrorCode.GGUF_INVALID, ErrorCode.NOT_SUPPORTED), (name, error.text)
        assert error.remedy and "\n" not in error.message
    # After a load that failed, 0.34.1 once did not load anything any more; the other tests get a fresh one.
    ollama.restart()
