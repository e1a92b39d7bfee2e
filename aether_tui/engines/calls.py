"""What a call looks like in the command log: no secrets, long texts shortened, bodies as JSON."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from aether_tui.engines.base import Call, CommandLog

MAX_TEXT_CHARS = 2000
HIDDEN = "***"

_SECRET_NAMES = re.compile(r"(api[_-]?key|token|secret|password|authorization)$", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/]*@")


class CallRecord:
    """One call in the log while it runs: added when it starts, completed when its answer ends."""

    def __init__(self, log: CommandLog, call: Call) -> None:
        self._log = log
        self._started = time.monotonic()
        self._call = call
        log.add(call)

    def end(self, status: int | None) -> None:
        """Note the status (None: no answer came) and how long the call took."""
        self._put(replace(self._call, status=status, took_s=round(time.monotonic() - self._started, 4)))

    def remark(self, note: str) -> None:
        """Note what came to be known only later."""
        self._put(replace(self._call, note=note))

    def _put(self, call: Call) -> None:
        self._log.replace(self._call, call)
        self._call = call


def start_call(
    log: CommandLog,
    method: str,
    url: str,
    body: object = None,
    *,
    headers: tuple[str, ...] = (),
    secrets: Sequence[str] = (),
    note: str = "",
) -> CallRecord:
    """Add a call to the log."""
    text = "" if body is None else json.dumps(without_secrets(body, secrets), ensure_ascii=False)
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return CallRecord(log, Call(at, method, public_url(url), text, headers=headers, note=note))


def public_url(url: str) -> str:
    """The address without a name and password in it."""
    return _USER_INFO.sub(f"{HIDDEN}@", url)


def without_secrets(value: object, secrets: Sequence[str] = ()) -> object:
    """The same JSON value with keys and passwords hidden and long texts shortened."""
    if isinstance(value, dict):
        return {
            name: HIDDEN if isinstance(part, str) and _SECRET_NAMES.search(name) else without_secrets(part, secrets)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(part, secrets) for part in value]
    if isinstance(value, str):
        for secret in secrets:
            if secret:
                value = value.replace(secret, HIDDEN)
        return shorten(value)
    return value


def shorten(text: str, limit: int = MAX_TEXT_CHARS) -> str:
    """The text with its middle left out where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters left out … {text[-half:]}"
