"""Creating on both real servers and as an alias: inheritance, removal, versions, failures that change nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.modelfile.document import parse
from aether_tui.services import Services
from aether_tui.services.editing import EditSession
from aether_tui.settings import load_settings
from tests.servers import CURRENT_OLLAMA, OllamaServer

CHATML = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
BOT = f'FROM demo\nTEMPLATE """{CHATML}"""\nPARAMETER temperature 0.7\nPARAMETER stop <|im_end|>\nSYSTEM Be short.\n'


@pytest.fixture
async def on_ollama(ollama: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    """Services whose current host is a real Ollama."""
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    made = Services(load_settings())
    await made.hosts.detect()
    yield made
    await made.aclose()


@pytest.fixture
async def on_embedded() -> AsyncIterator[Services]:
    """Services on the embedded engine."""
    made = Services(load_settings(), demo=True)
    await made.hosts.detect()
    yield made
    await made.aclose()


async def create(made: Services, session: EditSession, name: str) -> list[str]:
    return [progress.text async for progress in made.editor.create(session, name)]


async def create_text(made: Services, text: str, name: str, folder: Path) -> EditSession:
    session = await made.editor.open_document(parse(text), folder)
    await create(made, session, name)
    return session


async def test_a_model_is_made_and_opens_as_it_was_written(on_ollama: Services, tmp_path: Path) -> None:
    await create_text(on_ollama, BOT, "bot", tmp_path)
    edit = await on_ollama.editor.open_model("bot")
    assert edit.value("temperature") == 0.7
    assert edit.raw("stop") == ("<|im_end|>",)
    assert edit.document.get("SYSTEM") == "Be short."
    assert edit.changes == 0 and edit.installed
    assert edit.facts.context_length_tokens == 4096


async def test_what_is_taken_out_is_really_gone(on_ollama: Services, tmp_path: Path) -> None:
    await create_text(on_ollama, BOT, "slim", tmp_path)
    edit = await on_ollama.editor.open_model("slim")
    edit.unset("temperature")
    edit.set_instruction("SYSTEM", None)
    await create(on_ollama, edit, "slim")
    details = await on_ollama.models.details("slim")
    assert details.system == "" and "temperature" not in details.parameters
    assert details.parameters["stop"] == ("<|im_end|>",)
    assert CHATML.strip() in details.template


async def test_the_earlier_version_is_kept(on_ollama: Services, tmp_path: Path) -> None:
    await create_text(on_ollama, BOT, "kept", tmp_path)
    edit = await on_ollama.editor.open_model("kept")
    edit.set_value("temperature", 0.1)
    await create(on_ollama, edit, "kept")
    texts = [version.path.read_text() for version in on_ollama.versions.list("kept")]
    assert any("temperature 0.7" in text for text in texts) and "temperature 0.1" in texts[-1]


async def test_a_failed_create_leaves_the_old_model_as_it_was(on_ollama: Services, tmp_path: Path) -> None:
    await create_text(on_ollama, BOT, "safe", tmp_path)
    before = await on_ollama.models.details("safe")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x00" * 40)
    session = await on_ollama.editor.open_document(parse(f"FROM {broken}\nPARAMETER temperature 0.1\n"), tmp_path)
    with pytest.raises(AetherError) as caught:
        await create(on_ollama, session, "safe")
    assert caught.value.remedy
    after = await on_ollama.models.details("safe")
    assert after.parameters == before.parameters and after.weights_digests == before.weights_digests


async def test_errors_in_the_file_are_refused_before_anything_is_sent(on_ollama: Services, tmp_path: Path) -> None:
    session = await on_ollama.editor.open_document(parse("FROM demo\nPARAMETER num_ctx abc\n"), tmp_path)
    with pytest.raises(AetherError) as caught:
        await create(on_ollama, session, "never")
    assert caught.value.code is ErrorCode.MODELFILE_HAS_ERRORS and caught.value.details["line"] == 2


async def test_an_adapter_is_refused_before_it_is_tried_where_the_server_takes_none(
    on_ollama: Services, ollama: OllamaServer, tmp_path: Path
) -> None:
    (tmp_path / "adapter.gguf").write_bytes(b"GGUF")
    session = await on_ollama.editor.open_document(parse("FROM demo\nADAPTER ./adapter.gguf\n"), tmp_path)
    named = [problem for problem in session.problems() if problem.subject == "ADAPTER"]
    assert (ollama.version == CURRENT_OLLAMA) == any(problem.severity == "error" for problem in named)


async def test_a_name_that_no_server_takes_is_refused(on_ollama: Services, tmp_path: Path) -> None:
    session = await on_ollama.editor.open_document(parse("FROM demo\n"), tmp_path)
    with pytest.raises(AetherError) as caught:
        await create(on_ollama, session, "bad name")
    assert caught.value.code is ErrorCode.NAME_INVALID


async def test_on_the_embedded_engine_it_becomes_an_alias_that_can_be_talked_to(
    on_embedded: Services, tmp_path: Path
) -> None:
    text = "FROM demo\nPARAMETER num_ctx 1024\nPARAMETER num_thread 1\nPARAMETER num_predict 5\nSYSTEM Be short.\n"
    await create_text(on_embedded, text, "small:bot", tmp_path)
    alias = on_embedded.aliases.get("small:bot")
    assert alias is not None and alias.model == "demo"
    assert alias.context_params == {"num_ctx": 1024, "num_thread": 1}
    chat = on_embedded.new_chat()
    await chat.choose("small:bot")
    assert chat.request().messages[0].content == "Be short."
    async for _ in chat.send("What does os.path.join do?"):
        pass
    turn = chat.turns[-1]
    assert turn.error is None and turn.stats is not None and turn.stats.answer_tokens == 5
    assert turn.done_reason == "length"


async def test_a_missing_file_is_named_before_an_alias_is_written(on_embedded: Services, tmp_path: Path) -> None:
    session = await on_embedded.editor.open_document(parse("FROM ./none.gguf\n"), tmp_path)
    with pytest.raises(AetherError) as caught:
        await create(on_embedded, session, "none")
    assert "none.gguf" in caught.value.text
    assert on_embedded.aliases.list() == []
