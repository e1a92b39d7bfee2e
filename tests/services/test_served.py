"""Servers of the user's own: what they serve is opened, made an alias of, and talked to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aether_tui.core.aliases import Alias
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind
from aether_tui.core.modelfile.document import parse
from aether_tui.services import Services
from aether_tui.services.gguf_files import demo_path
from aether_tui.settings import Host, Settings, load_settings
from tests.servers import LlamaServer, OllamaServer


def services_on(home: Path, kind: EngineKind, server: LlamaServer, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("BOX_KEY", server.key)
    box = Host("box", kind, server.url, key_env="BOX_KEY")
    return Services(Settings(home=home, hosts=(box,), host="box"))


@pytest.fixture(params=[EngineKind.LLAMACPP, EngineKind.OPENAI])
async def on_box(
    request: pytest.FixtureRequest, llama_server: LlamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    """Services whose current host is a llama-server of the user's, by either protocol."""
    made = services_on(tmp_path / "home", request.param, llama_server, monkeypatch)
    assert (await made.hosts.detect()).reachable
    yield made
    await made.aclose()


async def answer_tokens(made: Services, name: str) -> int | None:
    """How long the answer of that model or alias is."""
    chat = made.new_chat()
    await chat.choose(name)
    async for _ in chat.send("What does os.path.join do?"):
        pass
    turn = chat.turns[-1]
    assert turn.error is None, turn.error
    return turn.stats.answer_tokens if turn.stats else None


async def test_what_a_server_serves_becomes_an_alias(on_box: Services, tmp_path: Path) -> None:
    (listed,) = await on_box.models.list()
    edit = await on_box.editor.open_model(listed.name)
    edit.set_value("num_predict", 3)
    assert [problem for problem in edit.problems() if problem.severity == "error"] == []
    async for _ in on_box.editor.create(edit, "bot"):
        pass
    alias = on_box.aliases.get("bot")
    assert alias is not None and alias.model == listed.name
    assert await answer_tokens(on_box, "bot") == 3


async def test_the_alias_of_the_served_file_is_talked_to(
    llama_server: LlamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = services_on(tmp_path, EngineKind.LLAMACPP, llama_server, monkeypatch)
    made.aliases.save(Alias("bot", model=str(llama_server.model), request_params={"num_predict": 3}))
    made.aliases.save(Alias("other", model="/models/other.gguf"))
    assert await answer_tokens(made, "bot") == 3
    with pytest.raises(AetherError) as caught:
        await answer_tokens(made, "other")
    assert caught.value.code is ErrorCode.MODEL_NOT_FOUND
    await made.aclose()


async def test_what_a_running_server_can_not_take_is_told(on_box: Services) -> None:
    chat = on_box.new_chat()
    await chat.choose((await on_box.models.list())[0].name)
    chat.settings.set_value("num_ctx", 2048)
    chat.settings.set_value("num_predict", 2)
    async for _ in chat.send("Hello!"):
        pass
    assert "num_ctx" in chat.turns[-1].untaken


@pytest.fixture
async def on_ollama(ollama: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    """Services whose current host is a real Ollama."""
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    made = Services(load_settings())
    await made.hosts.detect()
    yield made
    await made.aclose()


async def make(made: Services, text: str, name: str, folder: Path) -> None:
    session = await made.editor.open_document(parse(text), folder)
    async for _ in made.editor.create(session, name):
        pass


async def test_an_alias_of_a_model_of_ollamas(on_ollama: Services, tmp_path: Path) -> None:
    await make(on_ollama, "FROM demo\n", "served-base", tmp_path)
    on_ollama.aliases.save(Alias("short", model="served-base", request_params={"num_predict": 3}, system="Be short."))
    assert await answer_tokens(on_ollama, "short") in (1, 2, 3)
    chat = on_ollama.new_chat()
    await chat.choose("short")
    assert chat.request().messages[0].content == "Be short."


async def test_a_model_made_of_the_demonstration_may_be_called_demo(on_ollama: Services, tmp_path: Path) -> None:
    edit = await on_ollama.editor.open_gguf("demo")
    async for _ in on_ollama.editor.create(edit, "demo"):
        pass
    chat = on_ollama.new_chat()
    chat.use(edit)
    chat.settings.set_value("num_predict", 2)
    async for _ in chat.send("Hello!"):
        pass
    assert chat.turns[-1].error is None


async def test_messages_that_ollama_sends_itself_are_not_sent_twice(on_ollama: Services, tmp_path: Path) -> None:
    text = "FROM demo\nMESSAGE user Ahoy\nMESSAGE assistant Arr\n"
    await make(on_ollama, text, "served-pirate", tmp_path)
    edit = await on_ollama.editor.open_model("served-pirate")
    chat = on_ollama.new_chat()
    chat.use(edit)
    assert list(chat.request().messages) == []
    edit.set_messages([*edit.document.messages, *parse("FROM x\nMESSAGE user More\n").messages])
    chat.use(edit)
    assert [message.content for message in chat.request().messages] == ["More"]


async def test_a_draft_model_is_sent_with_the_create(on_ollama: Services, ollama: OllamaServer, tmp_path: Path) -> None:
    (tmp_path / "small.gguf").write_bytes(demo_path().read_bytes())
    session = await on_ollama.editor.open_document(parse("FROM demo\nDRAFT ./small.gguf\n"), tmp_path)
    if [problem for problem in session.problems() if problem.subject == "DRAFT" and problem.severity == "error"]:
        return  # This server has no draft models, which is said before it is tried.
    async for _ in on_ollama.editor.create(session, "served-draft"):
        pass
    assert "\nDRAFT " in (await on_ollama.models.details("served-draft")).modelfile
    edit = await on_ollama.editor.open_model("served-draft")
    edit.set_instruction("SYSTEM", "Be short.")
    async for _ in on_ollama.editor.create(edit, "served-draft"):
        pass
    edit.set_instruction("SYSTEM", None)
    async for _ in on_ollama.editor.create(edit, "served-draft"):
        pass
    details = await on_ollama.models.details("served-draft")
    assert details.system == "" and details.draft_digests
