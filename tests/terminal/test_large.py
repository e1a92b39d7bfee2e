"""A paste of a megabyte: the app answers the next key, and nothing of the text is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.terminal.conftest import Start, ready
from tests.terminal.screen import DOWN, ENTER, ESC, F4, F5, RIGHT, UP, Screen

pytestmark = pytest.mark.terminal

LINE = "The quick brown fox jumps over the lazy dog, and äöü 漢字 stay whole.\n"
MEGABYTE = LINE * (1_000_000 // len(LINE.encode()))


def open_system_prompt(screen: Screen) -> None:
    """Go to its row from the last one up, and open it."""
    screen.type("G")
    screen.wait_for("─ Licence ─")
    for title in ("Adapter", "Messages", "Template", "System prompt"):
        screen.type(UP)
        screen.wait_for(f"─ {title} ─")
    screen.type(ENTER)
    screen.wait_for("0 characters")


def test_a_megabyte_pasted_into_the_system_prompt_stays_whole(start: Start, tmp_path: Path) -> None:
    screen = ready(start("--demo", cwd=tmp_path))
    open_system_prompt(screen)
    screen.paste(MEGABYTE)
    screen.wait_for("1 MB of text", timeout_s=60)
    screen.type(ESC)
    screen.wait_for("F4 Editor", "1 change")
    screen.type("s")
    screen.wait_for("Save", "Modelfile")
    screen.type(ENTER)
    screen.wait_for("saved to")
    written = (tmp_path / "Modelfile").read_text()
    assert MEGABYTE.strip() in written
    # A key is answered: the app is no slower for the text it holds.
    screen.type("g", DOWN, DOWN, RIGHT)
    screen.wait_for("1 change", timeout_s=10)
    screen.wait_row("temperature", "0.65", timeout_s=10)


class Recorder(ThreadingHTTPServer):
    """Answers as Ollama does and keeps what it was asked."""

    daemon_threads = True
    asked: list[dict[str, object]]


class _Answers(BaseHTTPRequestHandler):
    server: Recorder

    def do_GET(self) -> None:
        tags = {"models": [{"name": "ear:latest", "model": "ear:latest", "size": 1, "digest": "0" * 64}]}
        self._send({"/api/version": {"version": "0.34.1"}, "/api/tags": tags}.get(self.path, {"models": []}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/api/chat":
            self._send({"details": {"family": "llama"}, "model_info": {}, "capabilities": ["completion"]})
            return
        self.server.asked.append(asked)
        message = {"role": "assistant", "content": "heard"}
        self._send({"model": "ear", "message": message, "done": True, "done_reason": "stop", "eval_count": 1})

    def _send(self, values: object) -> None:
        body = json.dumps(values).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A running one."""
    server = Recorder(("127.0.0.1", 0), _Answers)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_megabyte_pasted_into_the_chat_field_is_sent_whole(start: Start, recorder: Recorder) -> None:
    screen = start(env={"OLLAMA_HOST": f"http://127.0.0.1:{recorder.server_port}"})
    screen.wait_for("temperature", "0.34.1")
    screen.type(F5)
    screen.wait_for("Ask ear")
    screen.type("before ")
    screen.paste(MEGABYTE)
    screen.wait_for("> before [pasted 1 MB]", timeout_s=60)
    screen.type(" after")
    screen.wait_for(" after", timeout_s=10)
    screen.type(ENTER)
    screen.wait_for("heard", timeout_s=60)
    question = recorder.asked[0]["messages"][-1]["content"]  # type: ignore[index]
    assert question == f"before {MEGABYTE} after"
    screen.type(F4)
    screen.wait_for("Modelfile", timeout_s=10)
    screen.type(F5, "next")
    screen.wait_for("> next", timeout_s=10)
