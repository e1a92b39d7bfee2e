"""The real servers and the fixtures that run them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import httpx
import psutil
import pytest

from tests.servers import LLAMA_PROGRAMS, LlamaServer, OllamaServer, RealServer, ServerCache, ServerDied, cache_folder
from tests.support import ROOT

# A server with a child of its own, as Ollama has: prints the child's pid, then answers every request.
PARENT = """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[2], "w").write(str(child.pid))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Parent(RealServer):
    def command(self) -> Sequence[str | Path]:
        return [self.program, "-c", PARENT, str(self.port), self.home / "child"]

    @property
    def child(self) -> int:
        return int((self.home / "child").read_text())


class Broken(RealServer):
    def command(self) -> Sequence[str | Path]:
        return [self.program, "-c", "raise SystemExit('no such model')"]


def is_gone(pid: int) -> bool:
    """Ended; where no init process reaps orphans, a dead child stays behind as a zombie."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("end", [RealServer.kill, RealServer.stop])
def test_a_server_ends_with_all_its_children(tmp_path: Path, end: Callable[[RealServer], None]) -> None:
    server = Parent(Path(sys.executable), tmp_path, health="/")
    server.start()
    child = server.child
    assert psutil.Process(child).status() != psutil.STATUS_ZOMBIE
    end(server)
    assert not server.running
    assert is_gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_server_ends_with_a_killed_test_run(tmp_path: Path) -> None:
    code = f"""
import os, pathlib, signal, sys
from tests.test_servers import Parent
server = Parent(pathlib.Path(sys.executable), pathlib.Path({str(tmp_path)!r}), health="/")
server.start()
pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(server.process.pid))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    child = int((tmp_path / "child").read_text())
    assert is_gone(int((tmp_path / "pid").read_text()))
    # The stand-in doesn't end its child on a signal, as Ollama does.
    psutil.Process(child).kill()


def test_a_restarted_server_keeps_its_address(tmp_path: Path) -> None:
    server = Parent(Path(sys.executable), tmp_path, health="/")
    server.start()
    try:
        before = server.url
        server.restart()
        assert server.url == before
        assert httpx.get(server.url, trust_env=False).status_code == 200
    finally:
        server.stop()


def test_a_server_that_dies_at_start_shows_its_log(tmp_path: Path) -> None:
    with pytest.raises(ServerDied, match="no such model"):
        Broken(Path(sys.executable), tmp_path, health="/").start()


def test_the_cache_names_what_is_missing(tmp_path: Path) -> None:
    cache = ServerCache(tmp_path)
    assert cache.missing() == ["Ollama 0.34.1", "Ollama 0.24.0", *(f"llama.cpp's {name}" for name in LLAMA_PROGRAMS)]
    program = tmp_path / "ollama-0.24.0" / "bin" / "ollama"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o644)
    assert cache.ollama("0.24.0") is None, "a file that can't be run is no server"
    program.chmod(0o755)
    assert cache.ollama("0.24.0") == program


def test_the_current_ollama_needs_llama_cpp_beside_it(tmp_path: Path) -> None:
    home = tmp_path / "ollama-0.34.1"
    for name in ("bin/ollama", "lib/ollama/llama-server", "lib/ollama/llama-quantize"):
        assert ServerCache(tmp_path).ollama("0.34.1") is None
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch(mode=0o755)
    assert ServerCache(tmp_path).ollama("0.34.1") == home / "bin" / "ollama"


def test_the_cache_folder_follows_the_environment() -> None:
    assert cache_folder({"AETHER_SERVERS": "/a/b", "XDG_CACHE_HOME": "/c"}) == Path("/a/b")
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/aether-servers")
    assert cache_folder({}) == Path.home() / ".cache" / "aether-servers"


def test_tests_see_nothing_of_the_users_settings(scratch_home: Path) -> None:
    assert Path.home() == scratch_home
    assert Path(os.environ["AETHER_HOME"]).is_relative_to(scratch_home)
    for name in ("OLLAMA_HOST", "OLLAMA_MODELS", "NO_COLOR", "HF_TOKEN", "AETHER_SERVERS"):
        assert name not in os.environ


def test_ollama_answers_with_its_version(ollama: OllamaServer) -> None:
    assert httpx.get(f"{ollama.url}/api/version", trust_env=False).json() == {"version": ollama.version}
    assert ollama.store.is_relative_to(ollama.home)


def test_ollama_can_be_killed_and_comes_back(ollama: OllamaServer) -> None:
    ollama.kill()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{ollama.url}/api/version", trust_env=False)
    ollama.start()
    assert httpx.get(f"{ollama.url}/api/version", trust_env=False).status_code == 200


def test_ollama_chats_with_the_demonstration_model(ollama: OllamaServer, demo_gguf: Path) -> None:
    with httpx.Client(base_url=ollama.url, trust_env=False, timeout=60) as client:
        digest = push_blob(client, demo_gguf)
        client.post("/api/create", json={"model": "setup", "files": {"demo.gguf": digest}}).raise_for_status()
        body = {"model": "setup", "prompt": "Hello!", "options": {"num_thread": 1, "num_predict": 8, "num_ctx": 512}}
        answer = client.post("/api/generate", json=body | {"stream": False}).raise_for_status().json()
    assert answer["done"] and answer["response"] + answer.get("thinking", "")


def push_blob(client: httpx.Client, path: Path) -> str:
    content = path.read_bytes()
    digest = f"sha256:{sha256(content).hexdigest()}"
    client.post(f"/api/blobs/{digest}", content=content).raise_for_status()
    return digest


def test_llama_server_chats_with_the_demonstration_model(llama_server: LlamaServer) -> None:
    body = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 8}
    headers = {"Authorization": f"Bearer {llama_server.key}"}
    url = f"{llama_server.url}/v1/chat/completions"
    answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=60).raise_for_status().json()
    assert answer["usage"]["completion_tokens"] > 0
