"""The engine that needs no server: llama.cpp in a child process of ours, one GGUF file at a time."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from aether_tui.core.chat import ChatEvent, ChatRequest, Failed, ParameterValue, Phase
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind, EngineStatus, LoadedModel, ModelDetails, ModelSummary
from aether_tui.core.parameters import find
from aether_tui.core.targets import EngineTarget
from aether_tui.engines.answer import Answer
from aether_tui.engines.base import CommandLog, Timeouts
from aether_tui.engines.calls import start_call
from aether_tui.engines.child import WORKER, Child, Launch
from aether_tui.engines.llamacpp import LlamaServerEngine
from aether_tui.engines.translate import translate, untaken_note

LIBRARY = "xllamacpp"
PROGRAM = "llama-server"
ADDRESS = "embedded llama.cpp"
CONTEXT_REMEDY = "Set num_ctx to {suggested}, or shorten the conversation"
VERSION_LIMIT_S = 10.0

_VERSION = re.compile(r"version: *(.+)")


def _no_models() -> list[ModelSummary]:
    return []


class EmbeddedEngine:
    """llama.cpp as a child process that starts with the first question. See `Engine` for the shared methods.

    `llama_server` is the user's own program; None looks for one on PATH, "" takes none. Where there is none, the
    xllamacpp library serves. `resolve` finds the file that a model name means, `catalogue` lists the files.
    """

    kind = EngineKind.EMBEDDED
    address = ADDRESS

    def __init__(
        self,
        work_dir: Path,
        llama_server: str | None = None,
        timeouts: Timeouts | None = None,
        *,
        resolve: Callable[[str], Path] = Path,
        catalogue: Callable[[], list[ModelSummary]] = _no_models,
    ) -> None:
        self.log = CommandLog()
        self._work_dir = work_dir
        self._llama_server = llama_server
        self._timeouts = timeouts or Timeouts()
        self._resolve = resolve
        self._catalogue = catalogue
        self._child: Child | None = None
        self._client: LlamaServerEngine | None = None
        self._model = ""
        self._found: str | None = None
        self._changing = asyncio.Lock()
        self._answers = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def process_id(self) -> int | None:
        """The child process, None while there is none."""
        return self._child.pid if self._child and self._child.alive else None

    async def status(self) -> EngineStatus:
        """Tell whether llama.cpp is there, without starting it; never raises."""
        try:
            program = await asyncio.to_thread(self._program)
        except AetherError as error:
            return EngineStatus(self.kind, self.address, False, reason=error.message, remedy=error.remedy)
        version = await (_program_version(program) if program else _library_version())
        return EngineStatus(self.kind, self.address, True, version)

    async def models(self) -> list[ModelSummary]:
        """The GGUF files that the catalogue lists."""
        return await asyncio.to_thread(self._catalogue)

    async def details(self, model: str) -> ModelDetails:
        """What the file's header says. Raises AetherError."""
        from aether_tui.engines.gguf_details import details_of_file

        path = await asyncio.to_thread(self._resolve, model)
        return await asyncio.to_thread(details_of_file, model, path)

    async def loaded(self) -> list[LoadedModel]:
        """The model in memory, with the memory that its process takes."""
        child, client = self._child, self._client
        if child is None or client is None or not child.alive:
            return []
        size = await asyncio.to_thread(_memory_bytes, child.pid)
        return [LoadedModel(self._model, size, None, entry.context_length_tokens) for entry in await client.loaded()]

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer, starting the process where needed; the last event is Finished or Failed."""
        meter = Answer()
        try:
            async with aclosing(self._answer(request, meter)) as events:
                async for event in events:
                    yield event
        except AetherError as error:
            yield Failed(error)

    async def _answer(self, request: ChatRequest, meter: Answer) -> AsyncGenerator[ChatEvent, None]:
        launch = await self._launch(request)
        if not self._serves(launch):
            for event in meter.enter(Phase.LOADING):
                yield event
        parameters = {name: value for name, value in request.parameters.items() if not _is_load(name)}
        asked = replace(request, parameters=parameters, template=None, adapter="")
        async with self._serving(launch, request) as (child, client, load_s):
            async with aclosing(client.answer(asked, meter, load_s)) as events:
                async for event in events:
                    if isinstance(event, Failed) and event.error.code is ErrorCode.ENGINE_DIED:
                        event = Failed(await child.explain(event.error))
                    yield event

    def untaken(self, parameters: Mapping[str, ParameterValue]) -> tuple[str, ...]:
        """Ids of the parameters that this llama.cpp has no setting for."""
        words = translate(parameters, self._target(self._program()))
        refused = self._child.untaken if self._child else ()
        return (*words.untaken, *(name for name in words.load if name in refused))

    async def unload(self, model: str) -> None:
        """End the process, whichever model it serves; an answer that still comes in breaks off."""
        async with self._changing:
            await self._stop()

    async def aclose(self) -> None:
        """End the process."""
        await self.unload("")

    async def _launch(self, request: ChatRequest) -> Launch:
        """What the request needs a process to be started with. Raises AetherError."""
        path = await asyncio.to_thread(self._resolve, request.model)
        program = self._program()
        load = translate(request.parameters, self._target(program)).load
        files = [path, Path(request.adapter)] if request.adapter else [path]
        changed_ns = tuple([await asyncio.to_thread(_changed_ns, file) for file in files])
        return Launch(path, load, request.template or "", program, changed_ns, request.adapter)

    def _serves(self, launch: Launch) -> bool:
        return self._child is not None and self._child.alive and self._child.launch == launch

    @asynccontextmanager
    async def _serving(
        self, launch: Launch, request: ChatRequest
    ) -> AsyncIterator[tuple[Child, LlamaServerEngine, float | None]]:
        """The process for a launch, kept while the block runs; seconds it took to start, None if it ran already."""
        child, client, load_s = await self._claim(launch, request)
        try:
            yield child, client, load_s
        finally:
            self._answers -= 1
            if not self._answers:
                self._idle.set()

    async def _claim(self, launch: Launch, request: ChatRequest) -> tuple[Child, LlamaServerEngine, float | None]:
        """The running process for a launch. One model at a time: the answers of another one end first."""
        while True:
            async with self._changing:
                load_s = None
                if not self._serves(launch) and not self._answers:
                    await self._stop()
                    load_s = await self._start(launch, request)
                child, client = self._child, self._client
                if child is not None and client is not None and (load_s is not None or self._serves(launch)):
                    self._answers += 1
                    self._idle.clear()
                    return child, client, load_s
            # Not while the lock is held: whoever wants to end the process must not wait for an answer.
            await self._idle.wait()

    async def _start(self, launch: Launch, request: ChatRequest) -> float:
        record = start_call(
            self.log, "RUN", launch.program or WORKER, {"model": str(launch.model), "load": dict(launch.load)}
        )
        try:
            child = await Child.start(launch, self._work_dir)
        finally:
            record.end(None)
        left_out = (*translate(request.parameters, self._target(launch.program)).untaken, *child.untaken)
        record.remark(untaken_note(left_out))
        self._child, self._model = child, request.model
        self._client = LlamaServerEngine(
            child.address, child.key, self._timeouts, log=self.log, context_remedy=CONTEXT_REMEDY
        )
        return child.load_s

    async def _stop(self) -> None:
        child, client = self._child, self._client
        self._child = self._client = None
        if client is not None:
            await client.aclose()
        if child is not None:
            await child.stop()

    def _target(self, program: str) -> EngineTarget:
        return EngineTarget(EngineKind.LLAMACPP if program else self.kind)

    def _program(self) -> str:
        """The llama-server to run, "" for the library; looked for until one of them is there. Raises AetherError."""
        if self._found is None:
            self._found = self._find_program()
        return self._found

    def _find_program(self) -> str:
        named = self._llama_server
        found = shutil.which(named or PROGRAM) if named != "" else None
        if found:
            return found
        if named:
            raise AetherError(
                ErrorCode.ENGINE_MISSING,
                f"There is no program {named}",
                "Name your llama-server in the settings, or leave it empty to use the library",
                {"program": named},
            )
        if importlib.util.find_spec(LIBRARY) is None:
            raise AetherError(
                ErrorCode.ENGINE_MISSING,
                "There is no llama.cpp here: xllamacpp is not installed and no llama-server is on PATH",
                "Install llama.cpp, or use an Ollama host",
            )
        return ""


def _is_load(name: str) -> bool:
    spec = find(name, "llamacpp")
    return spec is not None and spec.scope == "load"


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        message = f"{path} can't be read: {error.strerror or error}"
        raise AetherError(ErrorCode.FILE_NOT_FOUND, message, "Check the path", {"path": str(path)}) from error


def _memory_bytes(pid: int) -> int | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    except psutil.Error:
        return None


async def _library_version() -> str:
    return await asyncio.to_thread(importlib.metadata.version, LIBRARY)


async def _program_version(program: str) -> str:
    """What a llama-server says of itself; "" where it says nothing in time."""
    try:
        process = await asyncio.create_subprocess_exec(program, "--version", stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)
        async with asyncio.timeout(VERSION_LIMIT_S):
            said, _ = await process.communicate()
    except (OSError, TimeoutError):
        return ""
    found = _VERSION.search(said.decode("utf-8", "replace"))
    return found[1].strip() if found else ""
