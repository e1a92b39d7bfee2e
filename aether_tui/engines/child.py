"""The process behind the embedded engine: started, waited for, ended, and its end explained."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from aether_tui.core.chat import ParameterValue
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.load_failures import KILLED, load_failure

WORKER = "aether_tui.workers.embedded_server"
GRACE_S = 3.0
LOG_TAIL_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Launch:
    """What a process is started with; another one means another process.

    `load` is by our ids. `changed_ns` is when model and adapter were last written: new files are loaded anew.
    """

    model: Path
    load: Mapping[str, ParameterValue] = field(default_factory=dict)
    chat_template: str = ""
    program: str = ""
    changed_ns: tuple[int, ...] = ()
    adapter: str = ""


class Child:
    """One running server process."""

    def __init__(self, launch: Launch, process: asyncio.subprocess.Process, leash: int, key: str, log: Path) -> None:
        self.launch = launch
        self.key = key
        self.log = log
        self.address = ""
        self.untaken: tuple[str, ...] = ()
        self.load_s = 0.0
        self._process = process
        # The write end of the child's standard input: it ends when this is closed, or when this process is gone.
        self._leash: int | None = leash

    @classmethod
    async def start(cls, launch: Launch, work_dir: Path) -> Child:
        """Start a process and wait until its model is loaded. Raises AetherError with the reason from its log."""
        started = time.monotonic()
        log = work_dir / "llama.cpp.log"
        key = secrets.token_hex(16)
        reading, leash = os.pipe()
        try:
            with await asyncio.to_thread(_open_log, log) as stderr:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",
                    "-m",
                    WORKER,
                    stdin=reading,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=stderr,
                    env=_environment(),
                    start_new_session=True,
                )
        except BaseException as error:
            # Also where the start is given up: without its end of the pipe a process that came to be ends at once.
            os.close(leash)
            if not isinstance(error, OSError):
                raise
            raise AetherError(
                ErrorCode.ENGINE_MISSING,
                f"The embedded engine can't be started: {error.strerror or error}",
                f"Check that {work_dir} can be written to",
            ) from error
        finally:
            os.close(reading)
        child = cls(launch, process, leash, key, log)
        try:
            await child._load()
        except BaseException:
            await child.stop()
            raise
        child.load_s = time.monotonic() - started
        return child

    @property
    def alive(self) -> bool:
        """Whether the process still runs, as far as the event loop has heard."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def stop(self) -> None:
        """End the process; comes back when it is gone."""
        if self._leash is not None:
            os.close(self._leash)
            self._leash = None
        try:
            await asyncio.wait_for(self._process.wait(), GRACE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def explain(self, error: AetherError) -> AetherError:
        """The same failure with the reason from the child's end, where it ended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 1.0)
        if self.alive:
            return error
        return AetherError(
            ErrorCode.ENGINE_DIED,
            f"The embedded llama.cpp {self._end()} in the middle of the answer",
            "Send again, which starts it anew; lower num_ctx if it was killed for memory",
            {"model": str(self.launch.model), "log": str(self.log)},
        )

    async def _load(self) -> None:
        order = {
            "program": self.launch.program,
            "model": str(self.launch.model),
            "key": self.key,
            "load": dict(self.launch.load),
            "chat_template": self.launch.chat_template,
            "adapter": self.launch.adapter,
        }
        if self._leash is None or self._process.stdout is None:
            raise RuntimeError("the child has no pipes")
        with contextlib.suppress(BrokenPipeError):
            await asyncio.to_thread(os.write, self._leash, json.dumps(order).encode() + b"\n")
        line = await self._process.stdout.readline()
        answer = json.loads(line) if line else {}
        if "address" not in answer:
            await self._process.wait()
            raise await self._load_failure(str(answer.get("error", "")))
        self.address = answer["address"]
        self.untaken = tuple(answer["untaken"])

    async def _load_failure(self, said: str) -> AetherError:
        text = await asyncio.to_thread(_tail, self.log)
        code = self._process.returncode or 0
        return await asyncio.to_thread(
            load_failure, self.launch.model, text, said, self._end() if code < 0 else "", self.log
        )

    def _end(self) -> str:
        code = self._process.returncode or 0
        if code >= 0:
            return f"ended with code {code}"
        return KILLED if -code == signal.SIGKILL else f"crashed ({signal.Signals(-code).name})"


def _environment() -> dict[str, str]:
    # The package may run from a folder that only this process knows of.
    root = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root}


def _open_log(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another copy of the app may still write to its own.
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
        return file.read().decode("utf-8", "replace")
