"""Inside a real tmux: detached and attached again in another size, and its clipboard."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal.screen import APP, RIGHT, WAIT_S, Screen

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]


class Tmux:
    """A tmux server of its own, with the app in its one window."""

    def __init__(self, socket: Path, home: Path) -> None:
        self._socket = socket
        environment = [word for name in ("HOME", "AETHER_HOME") for word in ("-e", f"{name}={os.environ[name]}")]
        command = shlex.join([*APP, "--demo"])
        self.do("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", "-c", str(home), *environment, command)
        self.do("set", "-s", "set-clipboard", "on")

    def do(self, *words: str) -> str:
        """Run a tmux command; what it prints."""
        # The environment is named, because readline puts the size of pytest's terminal into the inherited one.
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words], env=dict(os.environ), capture_output=True, text=True, timeout=20
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def text(self) -> str:
        """The picture of the pane."""
        return self.do("capture-pane", "-p")

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds."""
        deadline_s = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline_s, self.text
            time.sleep(0.05)

    def attach(self, size: tuple[int, int]) -> Screen:
        """A client in a terminal of that size."""
        return Screen("-S", str(self._socket), "attach", size=size, command=["tmux"])


@pytest.fixture
def tmux(tmp_path: Path, scratch_home: Path) -> Iterator[Tmux]:
    """A running one; its socket's path must be short."""
    server = Tmux(tmp_path / "t", scratch_home)
    server.wait(lambda: "llama.cpp 20" in server.text and "(this file)" in server.text)
    yield server
    server.do("kill-server")


def look_in(tmux: Tmux, size: tuple[int, int]) -> None:
    """Attach a client, see a whole frame, change and undo a value, detach."""
    client = tmux.attach(size)
    try:
        # tmux keeps the last line for itself.
        client.wait(lambda: client.display[-2].strip().endswith("palette"), "the key bar above tmux's own line")
        client.wait_for("temperature", "╰", "F4 Editor")
        client.type(RIGHT)
        client.wait_for("1 change")
        client.type("u")
        client.wait_gone("1 change")
        client.type("\x02d")
        client.wait_end()
    finally:
        client.kill()


def test_attached_in_another_size_it_shows_a_whole_frame(tmux: Tmux) -> None:
    look_in(tmux, (120, 40))
    look_in(tmux, (80, 24))
    assert "temperature" in tmux.text


def test_copy_arrives_in_the_buffer_of_tmux(tmux: Tmux) -> None:
    tmux.do("send-keys", "Right")
    tmux.wait(lambda: "PARAMETER temperature" in tmux.text)
    tmux.do("send-keys", "y")
    tmux.wait(lambda: "copied" in tmux.text)
    tmux.wait(lambda: tmux.do("list-buffers"))
    assert tmux.do("show-buffer").startswith("FROM demo\nPARAMETER temperature 0.65")


def test_alternate_keys_of_tmux_arrive_as_they_are(tmux: Tmux) -> None:
    tmux.do("send-keys", "F5")
    tmux.wait(lambda: "Ask demo" in tmux.text)
    tmux.do("send-keys", "-l", "two")
    tmux.do("send-keys", "C-j")
    tmux.do("send-keys", "-l", "lines")
    tmux.wait(lambda: "> two" in tmux.text and "  lines" in tmux.text)
    tmux.do("send-keys", "Escape")
    tmux.wait(lambda: "? keys" in tmux.text)
