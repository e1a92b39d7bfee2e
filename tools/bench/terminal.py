"""A program in a pseudo terminal: its bytes with their times, its processor seconds and memory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

QUIET_S = 0.06
PAINT_LIMIT_S = 2.0
_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b[=>]|\x1b\][^\x07]*\x07")


class Terminal:
    """Runs a program in a pty of its own and reads what it sends; ends it on leaving the `with` block."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], *, columns: int = 120, rows: int = 40) -> None:
        self.started_s = time.perf_counter()
        self.chunks: list[tuple[float, bytes]] = []
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _exec(argv, env)
        self.resize(columns, rows)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End the program and everything it started."""
        for number in (signal.SIGCONT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: str) -> float:
        """Type; returns when, in perf_counter seconds."""
        at_s = time.perf_counter()
        os.write(self._fd, keys.encode())
        return at_s

    @property
    def byte_count(self) -> int:
        """How many bytes came so far."""
        return sum(len(data) for _, data in list(self.chunks))

    def text(self, since: int = 0) -> str:
        """What came from chunk `since` on, without escape sequences."""
        data = b"".join(data for _, data in list(self.chunks)[since:])
        return _ESCAPES.sub(b"", data).decode("utf-8", "replace")

    def wait_for(self, *texts: str, timeout_s: float = 30.0, since: int = 0) -> float:
        """Wait until all texts were sent; returns the seconds since the start. Raises TimeoutError."""
        deadline_s = time.perf_counter() + timeout_s
        while time.perf_counter() < deadline_s:
            seen = self.text(since)
            if all(text in seen for text in texts):
                return self.chunks[-1][0] - self.started_s
            time.sleep(0.002)
        raise TimeoutError(f"{texts} did not appear; the last text was {self.text(since)[-400:]!r}")

    def wait_quiet(self, quiet_s: float = 0.4, timeout_s: float = 20.0) -> None:
        """Wait until nothing was sent for a while."""
        deadline_s = time.perf_counter() + timeout_s
        while time.perf_counter() < deadline_s:
            last_s = self.chunks[-1][0] if self.chunks else time.perf_counter()
            if time.perf_counter() - last_s > quiet_s:
                return
            time.sleep(0.01)

    def answer_to(self, keys: str, quiet_s: float = QUIET_S) -> tuple[float, int]:
        """Type and wait for the paint: milliseconds to its last byte, and its bytes."""
        before = len(self.chunks)
        return self._paint_after(before, self.send(keys), quiet_s)

    def shown_after(self, keys: str, *texts: str) -> float:
        """Type and wait until all texts were sent anew: milliseconds to the last of them."""
        before = len(self.chunks)
        sent_s = self.send(keys)
        while time.perf_counter() < sent_s + PAINT_LIMIT_S:
            seen = self.text(before)
            if all(text in seen for text in texts):
                return (self.chunks[-1][0] - sent_s) * 1000
            time.sleep(0.0005)
        return float("nan")

    def answer_to_resize(self, columns: int, rows: int) -> float:
        """Change the size and wait for the paint: milliseconds to its last byte."""
        before, at_s = len(self.chunks), time.perf_counter()
        self.resize(columns, rows)
        return self._paint_after(before, at_s, 0.3)[0]

    def _paint_after(self, before: int, at_s: float, quiet_s: float) -> tuple[float, int]:
        """What was sent since chunk `before`, once nothing more comes."""
        while time.perf_counter() < at_s + PAINT_LIMIT_S:
            came = self.chunks[before:]
            if came and time.perf_counter() - came[-1][0] > quiet_s:
                return (came[-1][0] - at_s) * 1000, sum(len(data) for _, data in came)
            time.sleep(0.001)
        return float("nan"), 0

    def freeze(self) -> None:
        """Halt the program, so that its figures stand still while they are read."""
        os.kill(self.pid, signal.SIGSTOP)

    def cpu_s(self) -> float:
        """Processor seconds of all threads of the program, without its children."""
        total_ns = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                total_ns += int((task / "schedstat").read_text().split()[0])
        return total_ns / 1e9

    def memory_mib(self) -> float:
        """Resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def _read(self) -> None:
        while True:
            try:
                select.select([self._fd], [], [])
                data = os.read(self._fd, 65536)
            except OSError:
                return
            if not data:
                return
            self.chunks.append((time.perf_counter(), data))


def _exec(argv: Sequence[str], env: Mapping[str, str]) -> None:
    try:
        os.execvpe(argv[0], list(argv), dict(env))
    except OSError as error:
        os.write(2, str(error).encode())
        os._exit(127)
