"""A client of Ollama's REST API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from aether_tui.core.chat import ChatEvent, ChatRequest, ParameterValue
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind, EngineStatus, LoadedModel, ModelDetails, ModelSummary, Progress
from aether_tui.core.targets import EngineTarget
from aether_tui.engines import ollama_chat, ollama_create
from aether_tui.engines.base import CommandLog, Timeouts
from aether_tui.engines.http import HttpClient
from aether_tui.engines.ollama_create import CreateRequest
from aether_tui.engines.ollama_wording import OLLAMA, ollama_refusal
from aether_tui.engines.translate import translate

WIRE = "aether_tui.engines.ollama_wire"
UNLOAD_POLL_S = 0.05
UNLOAD_WAIT_S = 5.0


class OllamaEngine:
    """One Ollama server. See `Engine` for what the shared methods promise."""

    kind = EngineKind.OLLAMA

    def __init__(self, address: str, timeouts: Timeouts | None = None) -> None:
        self.log = CommandLog()
        self._timeouts = timeouts or Timeouts()
        self.http = HttpClient(address, OLLAMA, timeouts=self._timeouts, log=self.log, refuse=ollama_refusal, wire=WIRE)
        self.address = self.http.address
        self.version = ""
        self._warm = ollama_chat.Warm()

    async def status(self) -> EngineStatus:
        """Tell whether an Ollama answers; never raises."""
        try:
            self.version = await self._ask_version()
        except AetherError as error:
            return EngineStatus(self.kind, self.address, False, reason=error.message, remedy=error.remedy)
        return EngineStatus(self.kind, self.address, True, self.version)

    async def models(self) -> list[ModelSummary]:
        """What is installed, newest first. Raises AetherError."""
        return [_summary(model) for model in await self._listed("/api/tags")]

    async def details(self, model: str) -> ModelDetails:
        """All that `/api/show` tells, with size and digest of the list. Raises AetherError."""
        shown, listed = await asyncio.gather(self.http.post("/api/show", {"model": model}), self.models())
        from aether_tui.engines.ollama_show import details_of
        from aether_tui.engines.ollama_wire import Shown, read

        summary = next((entry for entry in listed if same_model(entry.name, model)), None)
        return details_of(model, read(Shown, shown), summary)

    async def loaded(self) -> list[LoadedModel]:
        """What is in memory. Raises AetherError."""
        return [
            LoadedModel(entry.name, entry.size or None, entry.size_vram, entry.context_length, entry.expires_at)
            for entry in await self._listed("/api/ps")
        ]

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer; the last event is Finished or Failed."""
        async with aclosing(ollama_chat.answer(self, self._warm, request)) as events:
            async for event in events:
                yield event

    def untaken(self, parameters: Mapping[str, ParameterValue]) -> tuple[str, ...]:
        """Ids of the parameters that this version of Ollama does not have."""
        return translate(parameters, EngineTarget(self.kind, self.version)).untaken

    async def unload(self, model: str) -> None:
        """Free the memory a model takes; comes back when it is gone, or after some seconds. Raises AetherError."""
        self._warm.forget()
        await self.http.post("/api/generate", {"model": model, "keep_alive": 0, "stream": False})
        waited = 0.0
        while waited < UNLOAD_WAIT_S and await self.find_loaded(model):
            await asyncio.sleep(UNLOAD_POLL_S)
            waited += UNLOAD_POLL_S

    async def pull(self, model: str, *, insecure: bool = False) -> AsyncGenerator[Progress, None]:
        """Fetch a model from its registry. Raises AetherError."""
        async with aclosing(
            ollama_create.follow(self.http, "/api/pull", {"model": model, "insecure": insecure})
        ) as steps:
            async for step in steps:
                yield step

    async def push(self, model: str, *, insecure: bool = False) -> AsyncGenerator[Progress, None]:
        """Send a model to its registry. Raises AetherError."""
        async with aclosing(
            ollama_create.follow(self.http, "/api/push", {"model": model, "insecure": insecure})
        ) as steps:
            async for step in steps:
                yield step

    async def create(self, request: CreateRequest) -> AsyncGenerator[Progress, None]:
        """Make a model; a model of that name is replaced only at the end. Raises AetherError."""
        self._warm.forget()
        async with aclosing(ollama_create.create(self.http, request)) as steps:
            async for step in steps:
                yield step

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name; one that has it is replaced. Raises AetherError."""
        await self.http.post("/api/copy", {"source": source, "destination": destination})

    async def delete(self, model: str) -> None:
        """Remove a model, and the blobs that no other needs. Raises AetherError."""
        await self.http.call("DELETE", "/api/delete", {"model": model})

    async def has_blob(self, digest: str) -> bool:
        """Whether the server has a blob already. Raises AetherError."""
        return await self.http.exists(f"/api/blobs/{digest}")

    async def upload_blob(self, path: Path, digest: str) -> AsyncGenerator[Progress, None]:
        """Send a file's bytes unless the server has them. Raises AetherError."""
        async with aclosing(ollama_create.upload(self.http, path, digest)) as steps:
            async for step in steps:
                yield step

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text. Raises AetherError."""
        body = {"model": model, "input": list(texts)}
        answer = await self.http.post("/api/embed", body, patient=True)
        from aether_tui.engines.ollama_wire import Embeddings, read

        return read(Embeddings, answer).embeddings or []

    async def aclose(self) -> None:
        """Close connections; the server is not ours and stays."""
        await self.http.aclose()

    async def find_loaded(self, model: str) -> LoadedModel | None:
        """The model as it lies in memory, None where it does not. Raises AetherError."""
        return next((entry for entry in await self.loaded() if same_model(entry.name, model)), None)

    async def target(self) -> EngineTarget:
        """Kind and version; the version is asked for once. Raises AetherError."""
        if not self.version:
            self.version = await self._ask_version()
        return EngineTarget(self.kind, self.version)

    async def _ask_version(self) -> str:
        answer = await self.http.get("/api/version")
        version = answer.get("version") if isinstance(answer, dict) else None
        if not isinstance(version, str):
            raise AetherError(
                ErrorCode.ENGINE_REFUSED,
                f"What answers at {self.address} is no Ollama",
                "Check host and port, or set the kind of this host",
                {"address": self.address},
            )
        return version

    async def _listed(self, path: str) -> list[Any]:
        answer = await self.http.get(path)
        from aether_tui.engines.ollama_wire import ModelList, read

        return read(ModelList, answer).models or []


def _summary(model: Any) -> ModelSummary:
    from aether_tui.engines.ollama_show import summary_of

    return summary_of(model)


def same_model(one: str, other: str) -> bool:
    """Whether two names mean the same model: Ollama adds the tag and passes over letter case."""
    return _full_name(one) == _full_name(other)


def _full_name(name: str) -> str:
    return (name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest").lower()
