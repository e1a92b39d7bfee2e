"""Which host is current, what it is asked with, and what never shows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aether_tui.core.chat import ChatRequest, Message, PhaseChanged, TextDelta
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind
from aether_tui.engines.llamacpp import LlamaServerEngine
from aether_tui.services import Services
from aether_tui.services.hosts import HostService
from aether_tui.settings import Host, Settings, load_settings


def service(tmp_path: Path, *hosts: Host, host: str = "", **env: str) -> HostService:
    return HostService(Settings(home=tmp_path, hosts=hosts, host=host), env=env)


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("   ", "http://127.0.0.1:11434"),
        (":4000", "http://127.0.0.1:4000"),
        ("0.0.0.0:4000", "http://127.0.0.1:4000"),
        ("https://box/ollama", "https://box:443/ollama"),
    ],
)
def test_the_environment_says_where_ollama_is(tmp_path: Path, variable: str, address: str) -> None:
    hosts = service(tmp_path, OLLAMA_HOST=variable)
    assert hosts.current.address == address


async def test_a_password_in_an_address_is_never_shown(tmp_path: Path) -> None:
    hosts = service(tmp_path, Host("box", EngineKind.OLLAMA, "http://bob:hun@ter2@127.0.0.1:9"), host="box")
    status = await hosts.status()
    engine = hosts.engine()
    shown = [engine.address, status.address, status.reason, *(call.url for call in engine.log.calls)]
    assert not status.reachable and all("ter2" not in text for text in shown)
    assert "***@127.0.0.1:9" in status.reason
    await hosts.aclose()


async def test_the_key_comes_from_the_hosts_variable_and_only_its_name_is_shown(tmp_path: Path) -> None:
    box = Host("box", EngineKind.LLAMACPP, "http://127.0.0.1:9", key_env="BOX_KEY")
    hosts = service(tmp_path, box, host="box", BOX_KEY="sesame")
    engine = hosts.engine()
    assert isinstance(engine, LlamaServerEngine)
    await hosts.status()
    assert engine.log.calls[-1].headers == ("Authorization: Bearer $BOX_KEY",)
    await hosts.aclose()


async def test_a_host_that_is_gone_from_the_settings_is_named_once(tmp_path: Path) -> None:
    hosts = service(tmp_path, host="gone")
    assert hosts.missing is not None and hosts.missing.code is ErrorCode.HOST_NOT_FOUND
    status = await hosts.detect()
    assert not status.reachable and "gone" in status.reason and "local" in status.remedy
    hosts.choose("embedded")
    assert hosts.missing is None


async def test_a_switch_is_remembered_and_one_that_can_not_be_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    hosts = service(home)
    assert (await hosts.switch("embedded")).reachable
    assert load_settings({"AETHER_HOME": str(home)}).host == "embedded"
    blocked = tmp_path / "blocked"
    blocked.write_text("a file in the folder's place")
    hosts = service(blocked)
    status = await hosts.switch("embedded")
    assert status.reachable and "not kept" in status.remedy
    with pytest.raises(AetherError):
        await hosts.switch("none")
    assert hosts.current.name == "embedded"
    await hosts.aclose()


async def test_the_log_that_an_error_names_is_there_after_the_run(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = Services(Settings(home=home, host="embedded"))
    chat = made.new_chat()
    await chat.choose("demo")
    chat.settings.set_value("num_ctx", 99_999_999_999_999)
    async for _ in chat.send("Hello!"):
        pass
    await made.aclose()
    error = chat.turns[-1].error
    assert error is not None and Path(str(error.details["log"])).is_file()


async def test_the_embedded_engine_serves_where_our_folder_can_not_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file in the folder's place")
    made = Services(Settings(home=blocked, host="embedded"))
    chat = made.new_chat()
    await chat.choose("demo")
    chat.settings.set_value("num_predict", 2)
    async for _ in chat.send("Hello!"):
        pass
    assert chat.turns[-1].error is None
    await made.aclose()


async def test_closing_does_not_wait_for_answers_that_nobody_reads(tmp_path: Path) -> None:
    hosts = service(tmp_path, host="embedded")
    engine = hosts.engine()
    quick = {"num_thread": 1, "num_predict": 50}
    reading = engine.chat(ChatRequest("demo", [Message("user", "Hello!")], {**quick, "num_ctx": 512}))
    async for event in reading:
        if isinstance(event, TextDelta):
            break
    waiting = engine.chat(ChatRequest("demo", [Message("user", "Hello!")], {**quick, "num_ctx": 1024}))
    assert isinstance(await anext(waiting), PhaseChanged)
    next_event = asyncio.create_task(anext(waiting))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(hosts.aclose(), 20)
    next_event.cancel()
    await asyncio.wait([next_event])
    await reading.aclose()
