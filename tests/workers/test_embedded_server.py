"""The child process of the embedded engine, spoken to by hand."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

Process = subprocess.Popen[bytes]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Process]:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aether_tui.workers.embedded_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
        )
    yield process
    process.kill()
    process.wait()


def order(worker: Process, **fields: Any) -> dict[str, Any]:
    assert worker.stdin and worker.stdout
    worker.stdin.write(json.dumps({"key": "k", "load": {"num_thread": 1, "num_ctx": 256}, **fields}).encode() + b"\n")
    worker.stdin.flush()
    answer: dict[str, Any] = json.loads(worker.stdout.readline())
    return answer


def get(address: str, path: str, key: str = "k") -> int:
    request = urllib.request.Request(address + path, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def close(worker: Process) -> int:
    assert worker.stdin
    worker.stdin.close()
    return worker.wait(timeout=10)


def test_it_serves_until_its_input_ends(worker: Process, demo_gguf: Path) -> None:
    answer = order(worker, model=str(demo_gguf))
    assert answer["untaken"] == [] and answer["address"].startswith("http://127.0.0.1:")
    assert get(answer["address"], "/props") == 200 and get(answer["address"], "/props", "other") == 401
    assert close(worker) == 0
    assert worker.stdout and worker.stdout.read() == b""


def test_a_program_of_the_users_serves_until_the_input_ends(
    worker: Process, demo_gguf: Path, llama_server_program: Path
) -> None:
    answer = order(worker, model=str(demo_gguf), program=str(llama_server_program))
    assert get(answer["address"], "/props") == 200 and get(answer["address"], "/props", "other") == 401
    close(worker)
    with pytest.raises(urllib.error.URLError):
        get(answer["address"], "/health")


def test_a_model_that_is_none_ends_it(worker: Process, tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"no model")
    assert "error" in order(worker, model=str(tmp_path / "x.gguf"))
    assert worker.wait(timeout=10) == 1
    assert "E " in (tmp_path / "log").read_text()


def test_a_program_that_crashes_ends_it_by_the_same_signal(worker: Process, tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_text('#!/bin/sh\n[ "$1" = --help ] && exit 0\nkill -SEGV $$\n')
    program.chmod(0o755)
    assert "error" in order(worker, model="x.gguf", program=str(program))
    assert worker.wait(timeout=10) == -signal.SIGSEGV


def test_a_busy_port_is_not_the_end(
    worker: Process, demo_gguf: Path, llama_server_program: Path, tmp_path: Path
) -> None:
    # The first start finds its port taken: a listener stands where the program was told to listen.
    program = tmp_path / "llama-server"
    first = f"touch {tmp_path}/tried; exec {sys.executable} {tmp_path}/busy.py"
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --help ] && exec {llama_server_program} --help\n'
        f'if [ ! -e {tmp_path}/tried ]; then {first} "$@"; fi\n'
        f'exec {llama_server_program} "$@"\n'
    )
    program.chmod(0o755)
    (tmp_path / "busy.py").write_text(
        "import os, socket, sys, time\n"
        "held = socket.socket()\n"
        "held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
        "held.bind(('127.0.0.1', int(sys.argv[sys.argv.index('--port') + 1])))\n"
        "held.listen()\n"
        "if os.fork():\n    os._exit(1)\n"
        "time.sleep(5)\n"
    )
    answer = order(worker, model=str(demo_gguf), program=str(program))
    assert (tmp_path / "tried").exists()
    assert get(answer["address"], "/props") == 200
    close(worker)
