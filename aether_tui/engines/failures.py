"""What can go wrong between us and a server, in words a person can act on."""

from __future__ import annotations

import errno
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aether_tui.core.errors import AetherError, ErrorCode

if TYPE_CHECKING:
    import httpx

MAX_EXCERPT_CHARS = 200

_TAGS = re.compile(r"<[^>]+>")
_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route to that host",
    errno.ENETUNREACH: "the network is unreachable",
    errno.ECONNRESET: "connection reset",
    errno.ETIMEDOUT: "no answer in time",
}


@dataclass(frozen=True, slots=True)
class Service:
    """What a kind of server is called, at the start of a sentence and within one, and how one gets it to answer."""

    subject: str
    name: str
    start_hint: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status, or one that isn't JSON. `text` is what the server says, "" if nothing usable.

    `data` is the JSON object of the error where there is one, `raw` the body as it came.
    """

    status: int
    text: str
    path: str
    raw: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def refusal_of(response: httpx.Response, path: str) -> Refusal:
    """Read an error answer. Ollama hands on llama-server's JSON inside a string, so that is opened too."""
    raw = response.text
    text, data = error_text(raw)
    return Refusal(response.status_code, text, path, raw, data)


def error_text(raw: str) -> tuple[str, dict[str, Any]]:
    """The message in an error body and the object it came in; "" where the body isn't an error object."""
    value: object = raw
    data: dict[str, Any] = {}
    for _ in range(8):
        if isinstance(value, dict):
            data = value
            value = value.get("error", value.get("message", value.get("detail")))
        elif isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                value = json.loads(value)
            except ValueError:
                break
        else:
            break
    return (value if isinstance(value, str) and data else ""), data


def excerpt(text: str) -> str:
    """The beginning of a body that isn't what was expected, tags left out."""
    plain = " ".join(_TAGS.sub(" ", text).split())
    return plain if len(plain) <= MAX_EXCERPT_CHARS else plain[:MAX_EXCERPT_CHARS] + "…"


def garbage(service: Service, line: bytes) -> AetherError:
    """A line of a stream that is not what this kind of server sends."""
    text = excerpt(line[:2000].decode("utf-8", "replace"))
    return AetherError(
        ErrorCode.ENGINE_REFUSED,
        f"{service.subject} sent a line that is not JSON: {text}",
        "Check that the address is that of the server, and that nothing between changes its answers",
        {"line": text},
    )


def not_an_address(address: str, reason: str) -> AetherError:
    """The address itself can't be used."""
    return AetherError(
        ErrorCode.ENGINE_UNREACHABLE,
        f"{address} is not an address to connect to: {reason}",
        "Write it as http://host:port",
        {"address": address},
    )


def unreachable(service: Service, address: str, reason: str) -> AetherError:
    """Nobody answers there."""
    return AetherError(
        ErrorCode.ENGINE_UNREACHABLE,
        f"No {service.name} answers at {address}: {reason}",
        service.start_hint,
        {"address": address, "reason": reason},
    )


def died(service: Service, address: str, what: str) -> AetherError:
    """The connection broke while the server had work."""
    return AetherError(
        ErrorCode.ENGINE_DIED,
        f"{service.subject} at {address} {what}",
        "Look at its log, start it again if it is gone, then send again",
        {"address": address},
    )


def transport_failure(error: httpx.TransportError, service: Service, address: str) -> AetherError:
    """The failure of a connection as an error with a next step."""
    import httpx

    reason = _reason(error)
    if isinstance(error, httpx.ConnectTimeout):
        return unreachable(service, address, "no answer in time")
    if isinstance(error, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol):
        return unreachable(service, address, reason)
    if isinstance(error, httpx.TimeoutException):
        return AetherError(
            ErrorCode.ENGINE_TIMEOUT,
            f"{service.subject} at {address} did not go on in time",
            "Wait until it is less busy, or raise the time limit of this host",
            {"address": address},
        )
    if isinstance(error, httpx.RemoteProtocolError) and "without sending a response" in str(error):
        return died(service, address, "closed the connection without an answer")
    return died(service, address, "stopped in the middle of the answer")


def _reason(error: BaseException) -> str:
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "that host name is not known"
        if isinstance(cause, OSError) and cause.errno in _REASONS:
            return _REASONS[cause.errno]
    return str(error) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__
