"""Bytes of a stream into lines, and lines into server-sent events; no assumption on where a read ends."""

from __future__ import annotations

from collections.abc import Iterator

from aether_tui.core.errors import AetherError, ErrorCode

MAX_LINE_BYTES = 32 * 1024 * 1024


class LineSplitter:
    """Cuts a stream of bytes at LF. A line may come in many reads, a read may hold many lines."""

    def __init__(self, limit_bytes: int = MAX_LINE_BYTES) -> None:
        self._limit = limit_bytes
        self._parts: list[bytes] = []
        self._held = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that this read completes, without their end. Raises AetherError for an endless line."""
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._hold(piece)
            yield self._take()
        self._hold(rest)

    def rest(self) -> bytes:
        """What came after the last line end."""
        return self._take()

    def _hold(self, piece: bytes) -> None:
        if not piece:
            return
        self._held += len(piece)
        if self._held > self._limit:
            raise AetherError(
                ErrorCode.ENGINE_REFUSED,
                f"The server sent a line longer than {self._limit // (1024 * 1024)} MiB",
                "Check that the address is that of an inference server",
            )
        self._parts.append(piece)

    def _take(self) -> bytes:
        line = b"".join(self._parts)
        self._parts.clear()
        self._held = 0
        return line.removesuffix(b"\r")


class EventSplitter:
    """Cuts a stream of bytes into the data of server-sent events. Comments and other fields are passed over."""

    def __init__(self, limit_bytes: int = MAX_LINE_BYTES) -> None:
        self._lines = LineSplitter(limit_bytes)
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The events that this read completes. Raises AetherError for an endless line."""
        for line in self._lines.feed(data):
            if line:
                self._take_field(line)
            elif self._data:
                yield self._take()

    def rest(self) -> bytes:
        """The event that a server ended without the blank line."""
        if line := self._lines.rest():
            self._take_field(line)
        return self._take()

    def _take_field(self, line: bytes) -> None:
        # Older llama-server sends a failure in the middle of an answer as a field named "error".
        for name in (b"data:", b"error:"):
            if line.startswith(name):
                self._data.append(line[len(name) :].removeprefix(b" "))
                return
        if not line.startswith((b":", b"event:", b"id:", b"retry:")):
            # Not an event stream at all: handed on, so that the reader can say what came instead.
            self._data.append(line)

    def _take(self) -> bytes:
        event = b"\n".join(self._data)
        self._data.clear()
        return event
