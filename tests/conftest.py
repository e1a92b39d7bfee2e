"""Fixtures for every test: a scratch home, recorded vectors, the demonstration model, real servers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.servers import (
    HOW_TO_BUILD,
    OLLAMA_VERSIONS,
    LlamaServer,
    OllamaServer,
    RealServer,
    ServerCache,
    cache_folder,
)
from tests.support import DEMO_GGUF, load_vectors

# A shell that starts us in the background has ctrl+c ignored, and every program of the tests would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Read before any test moves HOME.
SERVERS = ServerCache(cache_folder())
SERVERS_REQUIRED = os.environ.get("AETHER_REQUIRE_SERVERS") == "1"

FOREIGN_PREFIXES = ("AETHER_", "OLLAMA_", "HF_", "HUGGING_FACE_", "LLAMA_", "TEXTUAL")
FOREIGN_PROXIES = [f"{kind}_PROXY" for kind in ("HTTP", "HTTPS", "ALL")]
FOREIGN_NAMES = frozenset(
    ["NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLORTERM", "COLORFGBG", "COLUMNS", "LINES", "TERM_PROGRAM"]
    + ["TMUX", "STY", "SSH_CONNECTION", "SSH_TTY", "EDITOR", "VISUAL"]
    + ["OPENAI_API_KEY", "OPENAI_BASE_URL", "GROQ_API_KEY"]
    + FOREIGN_PROXIES
    + [name.lower() for name in FOREIGN_PROXIES]
)


@pytest.fixture(autouse=True)
def scratch_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test lives in folders of its own and sees nothing of the settings of the person who runs it."""
    for name in list(os.environ):
        if name in FOREIGN_NAMES or name.startswith(FOREIGN_PREFIXES):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    folders = {
        "HOME": home,
        "AETHER_HOME": home / "aether",
        "HF_HOME": home / "huggingface",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
    }
    for name, folder in folders.items():
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return home


@pytest.fixture
def aether_home(scratch_home: Path) -> Path:
    """`$AETHER_HOME` of this test; not created yet."""
    return scratch_home / "aether"


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], dict[str, Any]]:
    """`vectors("modelfile_vectors")` reads the recorded answers of that name."""
    return load_vectors


@pytest.fixture(scope="session")
def demo_gguf() -> Path:
    """The demonstration model that ships with the project."""
    if not DEMO_GGUF.is_file():
        pytest.fail(f"the demonstration model is not there: {DEMO_GGUF}")
    return DEMO_GGUF


def not_built(name: str) -> NoReturn:
    reason = f"{name} is not built in {SERVERS.folder}: {HOW_TO_BUILD}"
    if SERVERS_REQUIRED:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def real_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RealServer]]:
    """The servers that this session started, by name; all ended with it."""
    started: dict[str, RealServer] = {}
    yield started
    for server in started.values():
        server.stop()


@pytest.fixture(params=OLLAMA_VERSIONS)
def ollama(
    request: pytest.FixtureRequest, real_servers: dict[str, RealServer], tmp_path_factory: pytest.TempPathFactory
) -> OllamaServer:
    """A running Ollama, once of each kind. Its store lasts for the session, so tests name their own models."""
    version: str = request.param
    name = f"ollama-{version}"
    program = SERVERS.ollama(version)
    if program is None:
        not_built(f"Ollama {version}")
    if name not in real_servers:
        real_servers[name] = OllamaServer(program, tmp_path_factory.mktemp(name), version=version)
    server = real_servers[name]
    # A test may have killed it.
    server.start()
    assert isinstance(server, OllamaServer)
    return server


@pytest.fixture
def llama_server(
    real_servers: dict[str, RealServer], tmp_path_factory: pytest.TempPathFactory, demo_gguf: Path
) -> LlamaServer:
    """llama.cpp's own server, running the demonstration model."""
    program = SERVERS.llama("llama-server")
    if program is None:
        not_built("llama.cpp's llama-server")
    if "llama-server" not in real_servers:
        home = tmp_path_factory.mktemp("llama-server")
        options = ("--ctx-size", "2048", "--parallel", "1")
        real_servers["llama-server"] = LlamaServer(program, home, model=demo_gguf, options=options)
    server = real_servers["llama-server"]
    server.start()
    assert isinstance(server, LlamaServer)
    return server


@pytest.fixture
def llama_server_program() -> Path:
    """The path of llama.cpp's llama-server."""
    return SERVERS.llama("llama-server") or not_built("llama.cpp's llama-server")


@pytest.fixture
def llama_quantize_program() -> Path:
    """The path of llama.cpp's llama-quantize."""
    return SERVERS.llama("llama-quantize") or not_built("llama.cpp's llama-quantize")


def server_of(item: pytest.Item) -> str | None:
    """The real server that a test uses, if any."""
    names: set[str] = set(getattr(item, "fixturenames", ()))
    if "ollama" in names:
        callspec = getattr(item, "callspec", None)
        version = callspec.params.get("ollama") if callspec else None
        return f"ollama-{version}"
    return "llama-server" if "llama_server" in names else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one server, and those in a real terminal, run one after the other in one process."""
    for item in items:
        if server := server_of(item):
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.xdist_group(server))
        elif item.get_closest_marker("terminal"):
            item.add_marker(pytest.mark.xdist_group("terminal"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    missing = SERVERS.missing()
    terminalreporter.section("real servers")
    terminalreporter.write_line(f"looked in {SERVERS.folder}")
    if not missing:
        terminalreporter.write_line("all there: Ollama " + ", ".join(OLLAMA_VERSIONS) + ", llama.cpp")
        return
    for name in missing:
        terminalreporter.write_line(f"not there: {name}; its tests were {'failed' if SERVERS_REQUIRED else 'skipped'}")
    terminalreporter.write_line("`make servers` builds them (needs Go, CMake and a C++ compiler).")
