"""The HTTP client under every engine: timeouts, streams, the command log, and failures in words."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.base import CommandLog, Timeouts
from aether_tui.engines.calls import public_url, start_call
from aether_tui.engines.failures import Refusal, Service, not_an_address, refusal_of, transport_failure
from aether_tui.engines.lines import EventSplitter, LineSplitter

if TYPE_CHECKING:
    import httpx

LOOPBACK_HOSTS = frozenset(["localhost", "127.0.0.1", "::1"])


def normal_address(address: str) -> str:
    """The address as a base for paths: with a scheme, without a slash at the end."""
    address = address.strip().rstrip("/")
    return address if "://" in address else f"http://{address}"


def is_loopback(address: str) -> bool:
    """Whether the address is this machine, where no proxy and no certificate is wanted."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return host in LOOPBACK_HOSTS or host.startswith("127.") or host.endswith(".localhost")


@dataclass(slots=True)
class Stream:
    """A streamed answer, cut into lines or events while it comes in."""

    response: httpx.Response
    service: Service

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Lines that aren't blank, as in application/x-ndjson. Raises AetherError."""
        async for line in self._cut(LineSplitter()):
            if line.strip():
                yield line

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The data of server-sent events. Raises AetherError."""
        async for event in self._cut(EventSplitter()):
            yield event

    async def _cut(self, splitter: LineSplitter | EventSplitter) -> AsyncIterator[bytes]:
        async for data in self.response.aiter_bytes():
            for piece in splitter.feed(data):
                yield piece
        if rest := splitter.rest():
            yield rest


def import_client(*modules: str) -> None:
    """Import httpx without its own command line, which would bring click and pygments (3 MB); then more modules."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: the import fails, as httpx expects.
    for module in ("httpx", *modules):
        importlib.import_module(module)


class HttpClient:
    """One connection pool to one server. Nothing is imported or opened before the first call.

    `wire` is the module with the models of this server's answers, `key_hint` what the log shows in place of the key.
    """

    def __init__(
        self,
        address: str,
        service: Service,
        *,
        timeouts: Timeouts,
        log: CommandLog,
        refuse: Callable[[Refusal], AetherError],
        wire: str,
        key: str = "",
        key_hint: str = "$API_KEY",
    ) -> None:
        self._base = normal_address(address)
        # What is shown and told: a password in the address stays between us and the server.
        self.address = public_url(self._base)
        self.service = service
        self.log = log
        self._timeouts = timeouts
        self._refuse = refuse
        self._wire = wire
        self._key = key
        self._shown_headers = (f"Authorization: Bearer {key_hint}",) if key else ()
        self._client: httpx.AsyncClient | None = None

    async def get(self, path: str) -> Any:
        """The JSON that a GET answers. Raises AetherError."""
        return await self.call("GET", path)

    async def post(self, path: str, body: Mapping[str, object], *, patient: bool = False) -> Any:
        """The JSON that a POST answers. Raises AetherError."""
        return await self.call("POST", path, body, patient=patient)

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, patient: bool = False
    ) -> Any:
        """The JSON that a request answers, None for an empty answer. `patient` waits as long as a load may take.

        Raises AetherError.
        """
        read_s = self._timeouts.stall_s if patient else self._timeouts.answer_s
        async with self._open(method, path, body, read_s=read_s) as response:
            text = await response.aread()
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError:
            raise self._refuse(Refusal(response.status_code, "", path, text.decode("utf-8", "replace"))) from None

    async def exists(self, path: str) -> bool:
        """Whether a HEAD finds something. Raises AetherError for anything but yes and no."""
        async with self._open("HEAD", path, None, read_s=self._timeouts.answer_s, allowed=(404,)) as response:
            return response.status_code != 404

    @asynccontextmanager
    async def stream(
        self, path: str, body: Mapping[str, object], *, method: str = "POST", note: str = ""
    ) -> AsyncIterator[Stream]:
        """An answer that comes piece by piece. Leaving the block closes the connection, which stops the server."""
        async with self._open(method, path, body, read_s=self._timeouts.stall_s, note=note) as response:
            yield Stream(response, self.service)

    async def send(self, path: str, content: AsyncIterator[bytes], size_bytes: int) -> int:
        """POST raw bytes as they are read; the status of the answer. Raises AetherError."""
        headers = {"Content-Length": str(size_bytes), "Content-Type": "application/octet-stream"}
        note = f"{size_bytes} bytes of a file"
        async with self._open(
            "POST", path, None, read_s=self._timeouts.stall_s, note=note, content=content, headers=headers
        ) as response:
            await response.aread()
            return response.status_code

    async def aclose(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        *,
        read_s: float | None,
        allowed: Sequence[int] = (),
        note: str = "",
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        client = await self._ready()
        url = self._base + path
        record = start_call(self.log, method, url, body, headers=self._shown_headers, secrets=(self._key,), note=note)
        status: int | None = None
        try:
            with self._failures():
                import httpx

                timeout = httpx.Timeout(connect=self._timeouts.connect_s, read=read_s, write=read_s, pool=None)
                data = content if body is None else encoded(body)
                request = client.build_request(method, url, content=data, headers=headers, timeout=timeout)
                response = await self._send(client, request, again=content is None)
                try:
                    status = response.status_code
                    if status >= 300 and status not in allowed:
                        await response.aread()
                        raise self._refuse(refusal_of(response, path))
                    yield response
                finally:
                    await response.aclose()
        finally:
            record.end(status)

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request, *, again: bool) -> httpx.Response:
        """Send, and wait for the head of the answer.

        A server may close an idle connection in the moment in which it is used again; then a new one is tried.
        """
        import httpx

        try:
            return await client.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as broken:
            if not again:
                raise
            try:
                return await client.send(request, stream=True)
            except httpx.ConnectError:
                raise broken from None

    @contextmanager
    def _failures(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            raise not_an_address(self.address, str(error).rstrip(".")) from error
        except httpx.TransportError as error:
            raise transport_failure(error, self.service, self.address) from error

    async def _ready(self) -> httpx.AsyncClient:
        if self._client is None:
            # These imports take longer than a frame, so they don't happen on the event loop.
            await asyncio.to_thread(import_client, self._wire)
            if self._client is None:
                self._client = self._make_client()
        return self._client

    def _make_client(self) -> httpx.AsyncClient:
        import httpx

        local = is_loopback(self.address)
        return httpx.AsyncClient(
            # A certificate store takes 20 ms to read, and plain HTTP needs none.
            verify=self.address.startswith("https:"),
            trust_env=not local,
            headers={"Authorization": f"Bearer {self._key}"} if self._key else None,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=60.0),
        )


def encoded(body: Mapping[str, object]) -> bytes:
    """The body as JSON. Raises AetherError for a number that JSON does not have."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError as error:
        raise AetherError(
            ErrorCode.PARAMETER_INVALID, "A parameter is not a finite number", "Give it a number within its range"
        ) from error
