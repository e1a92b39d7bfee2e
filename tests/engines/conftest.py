"""Engines on real servers and in a child process, ready to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aether_tui.engines.embedded import EmbeddedEngine
from aether_tui.engines.llamacpp import LlamaServerEngine
from aether_tui.engines.ollama import OllamaEngine
from aether_tui.engines.ollama_create import CreateRequest, FileHash
from aether_tui.engines.openai import OpenAIEngine
from tests.engines.asking import CHATML, ONE_THREAD, Subject
from tests.servers import EARLIER_OLLAMA, LlamaServer, OllamaServer

OLLAMA_MODEL = "engine-tests"


async def put_demo(engine: OllamaEngine, demo: Path, version: str, name: str = OLLAMA_MODEL) -> str:
    """Make the demonstration model on an Ollama, unless it is there; the digest of its weights."""
    hashing = FileHash(demo)
    async for _ in hashing:
        pass
    if any(model.name == f"{name}:latest" for model in await engine.models()):
        return hashing.digest
    async for _ in engine.upload_blob(demo, hashing.digest):
        pass
    # 0.24 does not use the template inside the file.
    template = CHATML if version == EARLIER_OLLAMA else ""
    request = CreateRequest(
        name, files={"demo.gguf": hashing.digest}, template=template, parameters={"stop": ("<|im_end|>",)}
    )
    async for _ in engine.create(request):
        pass
    return hashing.digest


@pytest.fixture
async def ollama_engine(ollama: OllamaServer) -> AsyncIterator[OllamaEngine]:
    """A client of each real Ollama, without a model of its own."""
    engine = OllamaEngine(ollama.url)
    await engine.status()
    yield engine
    await engine.aclose()


@pytest.fixture
async def on_ollama(ollama: OllamaServer, ollama_engine: OllamaEngine, demo_gguf: Path) -> Subject:
    """The demonstration model on each real Ollama."""
    await put_demo(ollama_engine, demo_gguf, ollama.version)
    return Subject(ollama_engine, OLLAMA_MODEL, {**ONE_THREAD, "num_ctx": 1024})


@pytest.fixture
async def embedded(tmp_path: Path, demo_gguf: Path) -> AsyncIterator[EmbeddedEngine]:
    """The embedded engine by the library; `demo` is the demonstration model, other names are paths."""
    engine = EmbeddedEngine(tmp_path / "engine", "", resolve=lambda name: demo_gguf if name == "demo" else Path(name))
    yield engine
    await engine.aclose()


@pytest.fixture
def on_embedded(embedded: EmbeddedEngine) -> Subject:
    """The demonstration model on the embedded engine."""
    return Subject(embedded, "demo", {**ONE_THREAD, "num_ctx": 1024})


@pytest.fixture
async def on_llama_server(llama_server: LlamaServer) -> AsyncIterator[Subject]:
    """The demonstration model on a llama-server that someone else started."""
    engine = LlamaServerEngine(llama_server.url, llama_server.key)
    yield Subject(engine, str(llama_server.model))
    await engine.aclose()


@pytest.fixture
async def on_openai(llama_server: LlamaServer) -> AsyncIterator[Subject]:
    """The same server as one that speaks OpenAI's protocol."""
    engine = OpenAIEngine(llama_server.url, llama_server.key)
    yield Subject(engine, str(llama_server.model))
    await engine.aclose()


@pytest.fixture
async def on_own_program(tmp_path: Path, demo_gguf: Path, llama_server_program: Path) -> AsyncIterator[Subject]:
    """The embedded engine by a llama-server program of the user's."""
    engine = EmbeddedEngine(tmp_path / "engine", str(llama_server_program), resolve=lambda _: demo_gguf)
    yield Subject(engine, "demo", {**ONE_THREAD, "num_ctx": 1024})
    await engine.aclose()
