"""What several commands need: options, input from a file or standard input, a running set of services."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from aether_tui.cli.output import note
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineStatus
from aether_tui.files import TEXT_LIMIT_BYTES, read_whole, user_path
from aether_tui.services.container import Services
from aether_tui.settings import EMBEDDED_HOST, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HostName = Annotated[str, typer.Option("--host", help="A host by name, instead of the current one.")]

Result = TypeVar("Result")


def note_manifest(made: Services, model: str) -> None:
    """Say beside the answer that the user's manifest can't be taken; the work goes on without it."""
    try:
        made.models.manifest_entry(model)
    except AetherError as error:
        note(error.text)


def read_input(file: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises AetherError."""
    path = user_path(file)
    if file == "-":
        data = sys.stdin.buffer.read(TEXT_LIMIT_BYTES + 1)
    elif _is_pipe(path):
        # What a shell gives for <(command).
        with path.open("rb") as pipe:
            data = pipe.read(TEXT_LIMIT_BYTES + 1)
    else:
        return read_whole(path)
    if len(data) > TEXT_LIMIT_BYTES:
        raise AetherError(ErrorCode.BAD_INPUT, "The input is too large for a text", "Give a smaller one")
    return data


def _is_pipe(path: Path) -> bool:
    try:
        return path.is_fifo()
    except OSError:
        return False  # `read_whole` says why.


def folder_of(file: str) -> Path:
    """Where the relative paths of a Modelfile begin: its folder, or this one for standard input."""
    return Path.cwd() if file == "-" else user_path(file).absolute().parent


def run_async(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run one async command to its end."""
    import asyncio

    async def main() -> Result:
        return await work()

    return asyncio.run(main())


@asynccontextmanager
async def services(host: str = "", *, embedded: bool = False) -> AsyncIterator[Services]:
    """Services on the named host, closed afterwards. Raises AetherError where the settings can't be taken."""
    settings = load_settings()
    if settings.problem is not None:
        raise settings.problem
    made = Services(settings)
    try:
        if host:
            made.hosts.choose(host)
        elif embedded:
            made.hosts.choose(EMBEDDED_HOST)
        yield made
    finally:
        await made.aclose()


async def require_engine(made: Services) -> EngineStatus:
    """The status of the current host. Raises AetherError where it does not answer."""
    if made.hosts.missing is not None:
        raise made.hosts.missing
    status = await made.hosts.detect()
    if not status.reachable:
        raise AetherError(
            ErrorCode.ENGINE_UNREACHABLE,
            status.reason or f"{status.address} does not answer",
            status.remedy,
            {"host": made.hosts.current.name, "address": status.address},
        )
    return status
