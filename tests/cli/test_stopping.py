"""Leaving in the middle: ctrl+c, a closed pipe, the end of a conversation, characters that would drive the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engines.scripted import JSON, Script, ScriptedServer, line, piece, scripted_server

PIECES = 2000
PAUSE_S = 0.02


@pytest.fixture
async def slow_ollama(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedServer]:
    """An Ollama whose answer takes much longer than any test."""
    async with scripted_server() as server:
        server.on("/api/version", Script([line(version="0.34.1")], content_type=JSON))
        server.on("/api/show", Script([line(template="{{ .Prompt }}", details={}, model_info={})], content_type=JSON))
        server.on("/api/tags", Script([line(models=[{"name": "slow:latest"}])], content_type=JSON))
        server.on("/api/ps", Script([line(models=[])], content_type=JSON))
        server.on("/api/generate", Script([line(done=True)], content_type=JSON))
        answer = [piece("first "), *[piece("word ") for _ in range(PIECES)], line(done=True, done_reason="stop")]
        server.on("/api/chat", Script(answer, pause_s=PAUSE_S))
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


async def start(*argv: str, stdout: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "aether_tui",
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
    )


async def asked(server: ScriptedServer, path: str) -> None:
    while not server.bodies(path):  # noqa: ASYNC110  # The server only keeps a list.
        await asyncio.sleep(0.02)


async def test_ctrl_c_in_the_middle_of_an_answer_is_130_and_still_one_object(slow_ollama: ScriptedServer) -> None:
    process = await start("chat", "slow", "hi", "--json")
    await asked(slow_ollama, "/api/chat")
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130 and b"Traceback" not in err
    values = json.loads(out)
    assert out.count(b"\n") == 1 and values["error_code"] == "CANCELLED" and values["success"] is False


async def test_ctrl_c_without_json_keeps_what_came_and_says_so(slow_ollama: ScriptedServer) -> None:
    process = await start("chat", "slow", "hi")
    assert process.stdout is not None
    assert await process.stdout.readexactly(6) == b"first "
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130 and err.decode() == "aether: Stopped\n"


async def test_a_reader_that_leaves_ends_the_answer_quietly(slow_ollama: ScriptedServer) -> None:
    reading, writing = os.pipe()
    process = await start("chat", "slow", "hi", stdout=writing)
    os.close(writing)
    assert await asyncio.to_thread(os.read, reading, 6) == b"first "
    os.close(reading)
    _, err = await process.communicate()
    assert process.returncode == 0 and err == b""


async def test_ctrl_c_while_a_file_is_read_for_a_create_leaves_nothing_behind(
    slow_ollama: ScriptedServer, tmp_path: Path, aether_home: Path, demo_gguf: Path
) -> None:
    big = tmp_path / "big.gguf"
    big.write_bytes(demo_gguf.read_bytes())
    os.truncate(big, 60_000_000_000)
    (tmp_path / "Modelfile").write_text("FROM ./big.gguf\n")
    process = await start("create", "big", "-f", str(tmp_path / "Modelfile"), "--json")
    assert process.stderr is not None
    while b"hashing" not in await process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, _ = await process.communicate()
    assert process.returncode == 130 and json.loads(out)["error_code"] == "CANCELLED"
    assert slow_ollama.bodies("/api/create") == []
    assert not [path for path in aether_home.rglob("*") if path.suffix == ".part"]


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *argv: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-m", "aether_tui", *argv])
        self.text = ""

    def wait_for(self, words: str) -> None:
        while words not in self.text:
            self.text += os.read(self._fd, 4096).decode("utf-8", "replace")

    def type(self, text: str) -> None:
        self.text = ""
        os.write(self._fd, text.encode())

    def end(self) -> int:
        """The exit status, with all that was written until then in `text`."""
        try:
            while data := os.read(self._fd, 4096):
                self.text += data.decode("utf-8", "replace")
        except OSError:
            pass  # Linux tells the end of a terminal so.
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._fd)
        return status


def test_a_conversation_on_a_terminal() -> None:
    terminal = Terminal("chat", "demo", "-p", "num_thread=1", "-p", "num_predict=12", "--host", "embedded")
    terminal.wait_for("> ")
    terminal.type("Hello!\n")
    terminal.wait_for("tok/s")
    terminal.wait_for("> ")
    terminal.type("\x04")
    assert terminal.end() == 0


def test_ctrl_c_at_the_prompt_of_a_conversation_ends_it_at_once() -> None:
    terminal = Terminal("chat", "demo", "--host", "embedded")
    terminal.wait_for("> ")
    terminal.type("half a line\x03")
    assert terminal.end() == 130
    assert "Stopped" in terminal.text


async def test_an_answer_can_not_drive_the_terminal_and_keeps_its_letters(slow_ollama: ScriptedServer) -> None:
    text = (
        "\x1b]0;title\x07 \x9b31m \u202etxt.exe\u202c \r\ncaf\u00e9\u00a0!\u3000\U0001f468\u200d\U0001f469\u200c\ttab"
    )
    slow_ollama.on("/api/chat", Script([piece(text), line(done=True, done_reason="stop")]))
    process = await start("chat", "slow", "hi")
    out, _ = await process.communicate()
    said = out.decode()
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(said)
    assert "caf\u00e9\u00a0!\u3000\U0001f468\u200d\U0001f469\u200c\ttab" in said
    as_json = await start("chat", "slow", "hi", "--json")
    out, _ = await as_json.communicate()
    assert json.loads(out)["answer"] == text
