"""A server that says exactly what a test tells it to, for faults that real servers don't make on demand."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
JSON = "application/json"
NO_ANSWER = 0


@dataclass
class Script:
    """What to answer: each piece is one write.

    `complete` False drops the connection instead of ending the answer; status NO_ANSWER drops it at once.
    """

    pieces: list[bytes]
    status: int = 200
    content_type: str = NDJSON
    complete: bool = True
    pause_s: float = 0.0


@dataclass
class ScriptedServer:
    """Answers each path by its script, the last one again and again; keeps what it was asked."""

    scripts: dict[str, list[Script]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    url: str = ""

    def on(self, path: str, *scripts: Script) -> None:
        """Answer a path by these scripts, one after the other."""
        self.scripts[path] = list(scripts)

    def bodies(self, path: str) -> list[dict[str, object]]:
        """The JSON bodies that came to a path."""
        return [body for _, asked, body in self.asked if asked == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        length = next(
            (int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")), 0
        )
        body = await reader.readexactly(length)
        self.asked.append((method, path, json.loads(body) if body else {}))
        scripts = self.scripts.get(path) or [Script([b"404 page not found"], 404, "text/plain")]
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        if script.status == NO_ANSWER:
            return False
        lines = [f"HTTP/1.1 {script.status} X", f"Content-Type: {script.content_type}", "Transfer-Encoding: chunked"]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for piece in script.pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(script.pause_s)
        if not script.complete:
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


@contextlib.asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """A running scripted server."""
    scripted = ScriptedServer()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield scripted
    finally:
        server.close()


def line(**fields: object) -> bytes:
    """One line of JSON."""
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def piece(text: str) -> bytes:
    """One line of an Ollama chat."""
    return line(message={"role": "assistant", "content": text}, done=False)


def event(**fields: object) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(fields, ensure_ascii=False).encode() + b"\n\n"


def delta(**fields: object) -> bytes:
    """One piece of an answer as an event."""
    return event(choices=[{"index": 0, "delta": fields, "finish_reason": None}])
