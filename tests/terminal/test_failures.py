"""What goes wrong is said with the next step, nothing is lost, and the app works on."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import SERVERS, not_built
from tests.servers import CURRENT_OLLAMA, OllamaServer, free_port
from tests.terminal.conftest import PacedServer, Start, ready
from tests.terminal.screen import CTRL_C, CTRL_R, ENTER, ESC, F4, F5, RIGHT, Screen

pytestmark = pytest.mark.terminal


def works(screen: Screen) -> None:
    """A value can be turned, and the preview follows where there is room for it."""
    screen.type(RIGHT)
    screen.wait_for("1 change", *(["PARAMETER temperature"] if screen.size[0] >= 100 else []))


# No server, another server


@pytest.mark.parametrize("size", [(200, 40), (60, 20)])
def test_without_a_server_the_address_and_the_next_step_are_said(start: Start, size: tuple[int, int]) -> None:
    address = f"127.0.0.1:{free_port()}"
    screen = start(env={"OLLAMA_HOST": address}, size=size)
    screen.wait_for("not reached", address, "ollama serve", "another")
    works(screen)
    screen.type("n")
    screen.wait_for("Open", address, "ctrl+r", "demo")
    screen.type("demo", ENTER)
    screen.wait_for("─ demo ─")
    screen.type(F5)
    screen.wait_for("Playground", "ollama serve", "again")


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[str]:
    """A web server that is no inference server."""
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield f"127.0.0.1:{port}"
        process.kill()


def test_a_server_of_another_kind_is_told_apart(start: Start, other_server: str) -> None:
    screen = start(env={"OLLAMA_HOST": other_server}, size=(200, 40))
    screen.wait_for("not reached", "is no Ollama")
    works(screen)
    screen.type("n")
    screen.wait_for("is no Ollama", "Check host and port", "ctrl+r")


# A server that dies in the middle


def test_an_embedded_engine_killed_in_the_middle_is_retried(start: Start) -> None:
    screen = ready(start("--demo"))
    screen.type(F5)
    screen.wait_for("Ask demo")
    screen.type("Hello", ENTER)
    screen.wait_for("done")
    for child in psutil.Process(screen.process.pid).children(recursive=True):
        child.kill()
    screen.type("Once more", ENTER)
    screen.wait_for("you   Once more", "done")

    # While it answers: frozen first, so that the answer can't be over before it is killed.
    children = psutil.Process(screen.process.pid).children(recursive=True)
    for child in children:
        child.suspend()
    screen.type("And now", ENTER)
    screen.wait_for("you   And now")
    for child in children:
        child.kill()
    screen.wait_for("killed", "r")
    screen.type(CTRL_R)
    screen.wait_gone("killed")
    screen.wait_for("you   And now", "done")
    assert screen.text.count("you   ") == 3


@pytest.fixture
def own_ollama(tmp_path: Path) -> Iterator[OllamaServer]:
    """An Ollama that the test may kill."""
    program = SERVERS.ollama(CURRENT_OLLAMA)
    if program is None:
        not_built(f"Ollama {CURRENT_OLLAMA}")
    server = OllamaServer(program, tmp_path / "ollama", version=CURRENT_OLLAMA)
    server.start()
    yield server
    server.stop()


def test_an_ollama_killed_before_it_answers_is_retried(start: Start, own_ollama: OllamaServer, demo_gguf: Path) -> None:
    with httpx.Client(base_url=own_ollama.url, trust_env=False, timeout=60) as client:
        digest = "sha256:" + hashlib.sha256(demo_gguf.read_bytes()).hexdigest()
        client.post(f"/api/blobs/{digest}", content=demo_gguf.read_bytes()).raise_for_status()
        order = {"model": "only", "files": {"demo.gguf": digest}, "parameters": {"num_thread": 1}, "stream": False}
        client.post("/api/create", json=order).raise_for_status()
    screen = start(env={"OLLAMA_HOST": own_ollama.url}, size=(160, 40))
    screen.wait_for("temperature", own_ollama.version)
    screen.type(F5)
    screen.wait_for("Ask only")
    assert own_ollama.process is not None
    os.killpg(own_ollama.process.pid, signal.SIGSTOP)
    screen.type("Are you there", ENTER)
    screen.wait_for("you   Are you there")
    own_ollama.kill()
    screen.wait_for("✗", "retr")
    own_ollama.start()
    screen.type(CTRL_R)
    screen.wait_for("you   Are you there", "done", "tok/s")
    screen.wait_gone("not reached")
    assert "No Ollama answers" not in screen.text
    assert screen.text.count("you   ") == 1


def test_what_came_before_a_server_died_stays(start: Start, paced_server: PacedServer) -> None:
    screen = start(env={"OLLAMA_HOST": paced_server.url})
    screen.wait_for("temperature", "0.34.1")
    screen.type(F5)
    screen.wait_for("Ask paced")
    screen.type("go 20", ENTER)
    screen.wait_for("The separator of the system")
    paced_server.process.kill()
    screen.wait_for("✗", "retr")
    screen.wait_for("you   go 20", "The separator of the system")
    screen.type("kept", ESC)
    screen.wait_for("> kept", "? keys")


# Files


def broken_ggufs(whole: bytes) -> dict[str, bytes]:
    return {
        "cut.gguf": whole[:3000],
        "short.gguf": whole[: len(whole) // 2],
        "empty.gguf": b"",
        "other.gguf": b"PK\x03\x04" + whole[4:2000],
        "huge.gguf": whole[:8] + b"\xff" * 16 + whole[24:4000],
    }


def test_broken_gguf_files_are_named_and_the_edit_stays(start: Start, demo_gguf: Path, tmp_path: Path) -> None:
    screen = ready(start("--demo", size=(200, 40), cwd=tmp_path))
    works(screen)
    for name, data in broken_ggufs(demo_gguf.read_bytes()).items():
        (tmp_path / name).write_bytes(data)
        screen.type("n")
        screen.wait_for("Open", "On this machine")
        screen.type(f"./{name}", ENTER)
        screen.wait_for("F4 Editor", "Generation", name)
        assert "1 change" in screen.text


# A home that can't be written


def test_a_file_in_the_homes_place_is_said_and_all_else_works(start: Start, aether_home: Path) -> None:
    aether_home.write_text("not a folder")
    screen = ready(start("--demo", size=(200, 40)))
    works(screen)
    screen.wait_for("not kept", str(aether_home))
    screen.type("y")
    screen.wait_for("copied")
    screen.type(F5)
    screen.wait_for("Ask demo")
    screen.type("Hello", ENTER)
    screen.wait_for("done", "tok/s")
    screen.type(CTRL_C, CTRL_C)
    assert screen.wait_end() == 0
    assert aether_home.read_text() == "not a folder"


@pytest.fixture
def read_only_home(tmp_path: Path) -> Iterator[Path]:
    """A home on a mount that takes no writes, where this user may mount."""
    home = tmp_path / "fixed"
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(home)], capture_output=True).returncode:
        if os.geteuid() == 0:
            pytest.skip("this user may not mount, and root writes everywhere else")
        home.chmod(0o500)
        yield home
        home.chmod(0o700)
        return
    yield home
    subprocess.run(["umount", "-l", str(home)], check=True)


def test_a_read_only_home_is_said_and_all_else_works(start: Start, read_only_home: Path) -> None:
    screen = ready(start("--demo", size=(200, 40), env={"AETHER_HOME": str(read_only_home)}))
    works(screen)
    screen.wait_for("not kept", str(read_only_home))
    screen.type("C")
    screen.wait_for("Save as alias")
    screen.type("x", ENTER)
    screen.wait_for("can't be written")
    screen.type(ESC)
    screen.wait_for("? keys")
    screen.type(":")
    screen.wait_for("Palette")
    screen.type("theme", ENTER)
    screen.wait_for("light")
    screen.type("light", ENTER)
    screen.wait_for("the theme is not kept")
    screen.type(F4, CTRL_C, CTRL_C)
    assert screen.wait_end() == 0
