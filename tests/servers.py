"""Real inference servers for the tests: found in the cache that `make servers` fills, started, stopped."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

CURRENT_OLLAMA = "0.34.1"
EARLIER_OLLAMA = "0.24.0"
OLLAMA_VERSIONS = (CURRENT_OLLAMA, EARLIER_OLLAMA)
LLAMA_CPP = "llama.cpp"
LLAMA_PROGRAMS = ("llama-server", "llama-quantize")
READY_SECONDS = 60.0
HOW_TO_BUILD = "`make servers` builds it (needs Go, CMake and a C++ compiler)"


def cache_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Where `tools/servers.sh` puts what it builds."""
    if named := env.get("AETHER_SERVERS"):
        return Path(named)
    base = env.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aether-servers"


@dataclass(frozen=True)
class ServerCache:
    """The built servers on this machine."""

    folder: Path

    def ollama(self, version: str) -> Path | None:
        """The program of that Ollama, or nothing when it, or what it needs to infer, isn't built."""
        home = self.folder / f"ollama-{version}"
        needed = [home / "bin" / "ollama"]
        if version == CURRENT_OLLAMA:
            needed += [home / "lib" / "ollama" / name for name in LLAMA_PROGRAMS]
        return needed[0] if all(map(_is_program, needed)) else None

    def llama(self, name: str) -> Path | None:
        """One of llama.cpp's programs."""
        path = self.folder / LLAMA_CPP / "bin" / name
        return path if _is_program(path) else None

    def missing(self) -> list[str]:
        """What isn't built, in words."""
        names = [f"Ollama {version}" for version in OLLAMA_VERSIONS if self.ollama(version) is None]
        return names + [f"llama.cpp's {name}" for name in LLAMA_PROGRAMS if self.llama(name) is None]


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def plain_environment(home: Path) -> dict[str, str]:
    """An environment for a server that owes nothing to the person who runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return kept | {"HOME": str(home), "LANG": "C.UTF-8", "LLAMA_ARG_THREADS": "1"}


PR_SET_PDEATHSIG = 1
# Loaded before the fork: loading a library between fork and exec can hang.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent() -> None:
    """In the new process: ask Linux to end it when a killed test run can't do so any more."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class ServerDied(RuntimeError):
    """A server that ended, or never answered; carries the end of its log."""


@dataclass
class RealServer:
    """A server process on a loopback port, in a process group of its own."""

    program: Path
    home: Path
    health: str
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    port: int = field(default=0, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return plain_environment(self.home)

    def start(self) -> None:
        """Start on a port of its own, unless it runs already; come back when it answers."""
        if self.running:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        # Kept across a restart, so that a client which held the address finds the server again.
        self.port = self.port or free_port()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """End it, and every process that it started, at once."""
        if self.process is None:
            return
        # The group outlives its leader while a child runs, so it is signalled even after the leader's end.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """Ask it to end; kill what is left."""
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=5)
        self.kill()

    def restart(self) -> None:
        self.kill()
        self.start()

    def log_tail(self, characters: int = 2000) -> str:
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(trust_env=False, timeout=5.0) as client:
            while time.monotonic() < deadline:
                if not self.running:
                    break
                if self._answers(client):
                    return
                time.sleep(0.05)
        tail = self.log_tail()
        self.kill()
        raise ServerDied(f"{self.program} did not get ready on port {self.port}. The end of its log:\n{tail}")

    def _answers(self, client: httpx.Client) -> bool:
        try:
            return client.get(self.url + self.health).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@dataclass
class OllamaServer(RealServer):
    """`ollama serve` with a store of its own."""

    version: str = ""
    health: str = "/api/version"

    @property
    def store(self) -> Path:
        return self.home / "models"

    def command(self) -> Sequence[str | Path]:
        return [self.program, "serve"]

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "OLLAMA_HOST": f"127.0.0.1:{self.port}",
            "OLLAMA_MODELS": str(self.store),
            "OLLAMA_NO_CLOUD": "1",
            "OLLAMA_NUM_PARALLEL": "1",
            "OLLAMA_MAX_LOADED_MODELS": "1",
            "OLLAMA_NOHISTORY": "1",
        }


@dataclass
class LlamaServer(RealServer):
    """llama.cpp's own server on one GGUF file."""

    model: Path = Path()
    health: str = "/health"
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    options: Sequence[str] = ()

    def command(self) -> Sequence[str | Path]:
        address = ["--host", "127.0.0.1", "--port", str(self.port), "--api-key", self.key]
        return [self.program, "--model", self.model, *address, "--threads", "1", "--no-webui", *self.options]
