"""A program in a real terminal: a pty, its picture kept by pyte, its bytes, its processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import pyte

WAIT_S = float(os.environ.get("AETHER_TEST_WAIT_S", "45"))
QUIET_S = 0.6
ESC, ENTER, TAB, CTRL_C, CTRL_R, CTRL_U, CTRL_Z = "\x1b", "\r", "\t", "\x03", "\x12", "\x15", "\x1a"
UP, DOWN, LEFT, RIGHT = (f"\x1b[{letter}" for letter in "ABDC")
F4, F5 = "\x1bOS", "\x1b[15~"
APP = (sys.executable, "-m", "aether_tui")

# pyte prints what it does not know: the content of device control strings, the keyboard modes of newer terminals.
_UNKNOWN = re.compile(rb"\x1b[P_^X].*?\x1b\\|\x1b\[[<>=][0-9;]*u", re.DOTALL)


class Picture(pyte.Screen):
    """What the terminal shows."""

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        """Editors ask for keyboard modes by sequences that look like a change of style."""
        if not private:
            super().select_graphic_rendition(*attributes)


class Screen:
    """Runs a program in a terminal of its own. Waits read the picture; nothing here sleeps a fixed time."""

    def __init__(
        self,
        *arguments: str,
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        command: Sequence[str] = APP,
    ) -> None:
        self.raw = b""
        self._picture = Picture(*size)
        self._stream = pyte.ByteStream(self._picture)
        self._lock = threading.Lock()
        self._fd, inner = os.openpty()
        self._set_size(*size)
        self.attributes_at_start = self.attributes
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(inner)
        self._last_s = time.monotonic()
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # What is seen

    @property
    def attributes(self) -> list[object]:
        """How the terminal is set: echo, line editing and so on."""
        return list(termios.tcgetattr(self._fd))

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._picture.columns, self._picture.lines

    @property
    def display(self) -> list[str]:
        """The lines of the picture."""
        with self._lock:
            return self._lines()

    @property
    def text(self) -> str:
        """The picture as one text."""
        return "\n".join(self.display)

    @property
    def key_bar(self) -> str:
        """The last line."""
        return self.display[-1].rstrip()

    def row(self, text: str) -> str:
        """The first line that holds the text."""
        return next((line for line in self.display if text in line), "")

    def styles(self, text: str) -> list[pyte.screens.Char]:
        """The cells of the first place where the text stands."""
        with self._lock:
            for number, line in enumerate(self._lines()):
                if (at := line.find(text)) >= 0:
                    return [self._picture.buffer[number][at + offset] for offset in range(len(text))]
        return []

    @property
    def byte_count(self) -> int:
        """How many bytes came so far."""
        with self._lock:
            return len(self.raw)

    def since(self, mark: int) -> bytes:
        """The bytes that came after a byte count."""
        with self._lock:
            return self.raw[mark:]

    # Waiting

    def wait(self, condition: Callable[[], object], what: str, timeout_s: float = WAIT_S) -> None:
        """Wait until a condition holds; AssertionError shows the picture."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline_s:
                tail = self.since(max(0, self.byte_count - 400))
                raise AssertionError(f"waited in vain for {what}; the screen is\n{self.text}\nand came by {tail!r}")
            time.sleep(0.02)

    def wait_for(self, *texts: str, timeout_s: float = WAIT_S) -> None:
        """Wait until all texts are seen at once."""
        self.wait(lambda: all(text in self.text for text in texts), repr(texts), timeout_s)

    def wait_gone(self, text: str, timeout_s: float = WAIT_S) -> None:
        """Wait until a text is seen no more."""
        self.wait(lambda: text not in self.text, f"{text!r} to go", timeout_s)

    def wait_row(self, row: str, *texts: str, timeout_s: float = WAIT_S) -> None:
        """Wait until the line that holds `row` holds the other texts too."""
        self.wait(
            lambda: any(row in line and all(text in line for text in texts) for line in self.display),
            f"{texts} in the line of {row!r}",
            timeout_s,
        )

    def wait_raw(self, data: bytes, since: int = 0, timeout_s: float = WAIT_S) -> None:
        """Wait until some bytes were sent."""
        self.wait(lambda: data in self.since(since), repr(data), timeout_s)

    def wait_quiet(self, quiet_s: float = QUIET_S, timeout_s: float = WAIT_S) -> None:
        """Wait until nothing was painted for a while."""
        self.wait(lambda: time.monotonic() - self._last_s > quiet_s, f"{quiet_s} s without a byte", timeout_s)

    def wait_end(self, timeout_s: float = WAIT_S) -> int:
        """Wait until the program ended; its exit status."""
        status = self.process.wait(timeout_s)
        self._ended.wait(5)
        return status

    # Doing

    def type(self, *keys: str) -> None:
        """Write keys to the program, all in one go."""
        data = "".join(keys).encode()
        while data:
            # A terminal takes 4 KB at a time, and the rest as the program reads.
            select.select([], [self._fd], [], WAIT_S)
            data = data[os.write(self._fd, data[:4000]) :]

    def keys(self, *keys: str) -> None:
        """Type keys one by one, each shown before the next."""
        for key in keys:
            self.type(key)
            self.wait_quiet(0.15)

    def paste(self, text: str) -> None:
        """Paste as a terminal does that was asked for bracketed paste."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        with self._lock:
            self._picture.resize(rows, columns)
        self._set_size(columns, rows)

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End the program, and everything that it started, without a chance to tidy up."""
        family = self.family()
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()
        # Closed under the reader, the number may be another terminal's next, and its bytes be read here.
        self._reader.join(5)
        if not self._reader.is_alive():
            with contextlib.suppress(OSError):
                os.close(self._fd)

    def family(self) -> list[psutil.Process]:
        """The program and its children, as far as they live."""
        try:
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.Error:
            return []

    # Within

    def _lines(self) -> list[str]:
        # pyte's own `display` fails on the half of a wide character that was written over.
        columns, rows = self.size
        buffer = self._picture.buffer
        return ["".join(buffer[row][column].data for column in range(columns)) for row in range(rows)]

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                break
            if not data:
                break
            with self._lock:
                self.raw += data
                self._last_s = time.monotonic()
                self._stream.feed(_UNKNOWN.sub(b"", data))
        self._ended.set()


def take_terminal() -> None:
    """In the new process: make the terminal its own, as a login would."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
