"""Ollama's long actions: pull, push, create, and the upload of files as blobs; each streams its progress."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from aether_tui.core.chat import Message, ParameterValue
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import Progress
from aether_tui.engines.failures import error_text, garbage
from aether_tui.engines.http import HttpClient
from aether_tui.engines.ollama_wording import OLLAMA, worded

HASH_STEP_BYTES = 8 * 1024 * 1024
UPLOAD_STEP_BYTES = 1024 * 1024
PROGRESS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """What a new model is made of. `files`, `adapters` and `draft_files` map file names to digests of uploaded blobs.

    With `from_` everything of that model is taken over and an empty text does not clear it; to drop a template, a
    system text or messages, give the weights as `files`. `parameters` are by Ollama's names.
    """

    model: str
    from_: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    adapters: Mapping[str, str] = field(default_factory=dict)
    draft_files: Mapping[str, str] = field(default_factory=dict)
    template: str = ""
    system: str = ""
    licenses: Sequence[str] = ()
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    messages: Sequence[Message] = ()
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    quantize: str = ""

    def body(self) -> dict[str, object]:
        """The body of `/api/create`; what is empty is left out."""
        parameters = {
            name: list(value) if isinstance(value, tuple) else value for name, value in self.parameters.items()
        }
        body: dict[str, object] = {
            "from": self.from_,
            "files": dict(self.files),
            "adapters": dict(self.adapters),
            "draft_files": dict(self.draft_files),
            "template": self.template,
            "system": self.system,
            "license": list(self.licenses),
            "parameters": parameters,
            "messages": [{"role": message.role, "content": message.content} for message in self.messages],
            "renderer": self.renderer,
            "parser": self.parser,
            "requires": self.requires,
            "quantize": self.quantize,
        }
        return {"model": self.model} | {name: value for name, value in body.items() if value}


async def follow(http: HttpClient, path: str, body: Mapping[str, object]) -> AsyncGenerator[Progress, None]:
    """The progress of an action, line by line. Raises AetherError, also for an error inside a 200 stream."""
    ended = False
    async with http.stream(path, body) as stream, aclosing(stream.lines()) as lines:
        async for line in lines:
            progress = _progress(line)
            ended = progress.text == "success"
            yield progress
    if not ended:
        raise AetherError(
            ErrorCode.ENGINE_DIED,
            "Ollama ended without saying that it is done",
            "Look at Ollama's log, then try again",
            {"path": path},
        )


def _progress(line: bytes) -> Progress:
    from aether_tui.engines.ollama_wire import ProgressLine, read

    try:
        data = json.loads(line)
    except ValueError:
        raise garbage(OLLAMA, line) from None
    if isinstance(data, dict) and "error" in data:
        text, inner = error_text(line.decode("utf-8", "replace"))
        raise worded(text or str(data["error"]), inner)
    step = read(ProgressLine, data)
    return Progress(step.status, step.completed or 0 if step.total else None, step.total)


async def create(http: HttpClient, request: CreateRequest) -> AsyncGenerator[Progress, None]:
    """Make a model. Raises AetherError; where no better code is known, CREATE_FAILED."""
    try:
        async with aclosing(follow(http, "/api/create", request.body())) as steps:
            async for step in steps:
                yield step
    except AetherError as error:
        if error.code is not ErrorCode.ENGINE_REFUSED:
            raise
        remedy = f"{error.remedy}; the earlier model, if there was one, is unchanged"
        raise AetherError(ErrorCode.CREATE_FAILED, error.message, remedy, error.details) from error


class FileHash:
    """The SHA-256 of a file, read in a thread: iterate for the progress, then take `digest` ("sha256:…")."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digest = ""

    async def __aiter__(self) -> AsyncGenerator[Progress, None]:
        file, size = await asyncio.to_thread(_open_file, self.path)
        hasher = hashlib.sha256()
        try:
            done = 0
            while count := await asyncio.to_thread(_hash_step, file, hasher):
                done += count
                yield Progress(f"hashing {self.path.name}", done, size)
        finally:
            file.close()
        self.digest = f"sha256:{hasher.hexdigest()}"


def _hash_step(file: BinaryIO, hasher: hashlib._Hash) -> int:
    data = file.read(HASH_STEP_BYTES)
    hasher.update(data)
    return len(data)


async def upload(http: HttpClient, path: Path, digest: str) -> AsyncGenerator[Progress, None]:
    """Send a file's bytes as a blob, unless the server has them. Raises AetherError."""
    text = f"sending {path.name}"
    file, size = await asyncio.to_thread(_open_file, path)
    try:
        if await http.exists(f"/api/blobs/{digest}"):
            yield Progress(f"{path.name} is there already", size, size)
            return
        sent = _Sent(file)
        sending = asyncio.create_task(http.send(f"/api/blobs/{digest}", sent.chunks(), size))
        try:
            while not sending.done():
                yield Progress(text, sent.done_bytes, size)
                await asyncio.wait({sending}, timeout=PROGRESS_EVERY_S)
            await sending
        finally:
            sending.cancel()
            await asyncio.wait({sending})
        yield Progress(text, size, size)
    finally:
        file.close()


class _Sent:
    """A file as chunks of a request body, and how far it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.done_bytes = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        while data := await asyncio.to_thread(self._file.read, UPLOAD_STEP_BYTES):
            yield data
            self.done_bytes += len(data)


def _open_file(path: Path) -> tuple[BinaryIO, int]:
    try:
        file = path.open("rb")
        return file, path.stat().st_size
    except FileNotFoundError as error:
        details = {"path": str(path)}
        raise AetherError(ErrorCode.FILE_NOT_FOUND, f"There is no file {path}", "Check the path", details) from error
    except OSError as error:
        raise AetherError(
            ErrorCode.FILE_UNREADABLE,
            f"{path} can't be read: {error.strerror or error}",
            "Check that it is a file and that you may read it",
            {"path": str(path)},
        ) from error
