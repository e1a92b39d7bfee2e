"""A conversation through the services, on the embedded engine with the demonstration model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from aether_tui.core.chat import Failed, Finished, TextDelta
from aether_tui.core.errors import ErrorCode
from aether_tui.core.modelfile.document import parse
from aether_tui.services import Services
from aether_tui.services.chatting import ChatSession
from aether_tui.settings import load_settings

QUICK = "PARAMETER num_thread 1\nPARAMETER num_ctx 512\nPARAMETER temperature 0\n"


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    """Services on the embedded engine."""
    made = Services(load_settings(), demo=True)
    await made.hosts.detect()
    yield made
    await made.aclose()


async def chat_of(services: Services, text: str, folder: Path) -> ChatSession:
    chat = services.new_chat()
    chat.use(await services.editor.open_document(parse(text), folder))
    return chat


async def ask(chat: ChatSession, text: str) -> str:
    async for _ in chat.send(text):
        pass
    assert chat.turns[-1].error is None, chat.turns[-1].error
    return chat.turns[-1].content


async def test_stop_keeps_what_came_and_the_next_question_is_answered(services: Services, tmp_path: Path) -> None:
    chat = await chat_of(services, f"FROM demo\n{QUICK}PARAMETER num_predict 400\n", tmp_path)
    async for event in chat.send("Count to fifty."):
        if isinstance(event, TextDelta):
            chat.stop()
    assert chat.turns[-1].state == "stopped" and chat.turns[-1].content
    assert not chat.is_streaming
    chat.settings.set_value("num_predict", 5)
    await ask(chat, "Hello!")
    assert chat.turns[-1].state == "done"


async def test_a_stop_before_the_first_token_ends_the_answer_at_once(services: Services, tmp_path: Path) -> None:
    chat = await chat_of(services, f"FROM demo\n{QUICK}", tmp_path)
    asking = asyncio.create_task(ask_quietly(chat, "Hello!"))
    await asyncio.sleep(0)
    chat.stop()
    await asyncio.wait_for(asking, 20)
    assert chat.turns[-1].state in ("stopped", "done")


async def ask_quietly(chat: ChatSession, text: str) -> None:
    async for _ in chat.send(text):
        pass


async def test_editing_a_question_drops_what_followed(services: Services, tmp_path: Path) -> None:
    chat = await chat_of(services, f"FROM demo\n{QUICK}PARAMETER num_predict 8\n", tmp_path)
    await ask(chat, "Hello!")
    await ask(chat, "Who are you?")
    async for _ in chat.edit_and_resend(0, "Thank you!"):
        pass
    assert [turn.role for turn in chat.turns] == ["user", "assistant"]
    assert chat.turns[0].content == "Thank you!"


async def test_clearing_can_be_taken_back(services: Services, tmp_path: Path) -> None:
    chat = await chat_of(services, f"FROM demo\n{QUICK}PARAMETER num_predict 4\n", tmp_path)
    await ask(chat, "Hello!")
    chat.clear()
    assert chat.turns == []
    assert chat.restore() and len(chat.turns) == 2


async def test_a_changed_setting_holds_for_the_next_message(services: Services, tmp_path: Path) -> None:
    chat = await chat_of(services, f"FROM demo\n{QUICK}", tmp_path)
    chat.settings.set_value("num_predict", 3)
    events = [event async for event in chat.send("What is the json module?")]
    assert isinstance(events[-1], Finished)
    assert events[-1].stats.answer_tokens == 3 and events[-1].done_reason == "length"


async def test_an_adapter_changes_what_the_model_says(services: Services, tmp_path: Path) -> None:
    write_adapter(tmp_path / "loud.gguf")
    plain = await ask(await chat_of(services, f"FROM demo\n{QUICK}PARAMETER num_predict 12\n", tmp_path), "Hello!")
    text = f"FROM demo\nADAPTER {tmp_path / 'loud.gguf'}\n{QUICK}PARAMETER num_predict 12\n"
    assert await ask(await chat_of(services, text, tmp_path), "Hello!") != plain


def write_adapter(path: Path) -> None:
    """A LoRA that shifts every layer's attention output by noise."""
    from gguf import GGUFWriter

    rng = np.random.default_rng(1)
    writer = GGUFWriter(str(path), "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 64.0)
    for layer in range(4):
        name = f"blk.{layer}.attn_output.weight"
        writer.add_tensor(f"{name}.lora_a", rng.normal(size=(8, 256)).astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", rng.normal(size=(256, 8)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


async def test_a_file_on_ollama_is_refused_with_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    made = Services(load_settings())
    chat = made.new_chat()
    chat.use(await made.editor.open_document(parse("FROM demo\n"), tmp_path))
    await ask_quietly(chat, "Hello!")
    error = chat.turns[-1].error
    assert error is not None and "Create a model" in error.remedy
    await made.aclose()


async def test_a_second_question_while_an_answer_comes_changes_nothing(services: Services, tmp_path: Path) -> None:
    chat = await chat_of(services, f"FROM demo\n{QUICK}", tmp_path)
    refused: list[object] = []
    async for _ in chat.send("Hello!"):
        if not refused:
            for again in (chat.send("Two"), chat.resend(), chat.edit_and_resend(0, "Three")):
                refused += [event async for event in again]
    assert len(refused) == 3 and all(isinstance(event, Failed) for event in refused)
    assert [(turn.role, turn.state) for turn in chat.turns] == [("user", "sent"), ("assistant", "done")]


async def test_a_question_that_was_too_long_does_not_stand_in_the_way_of_the_next(
    services: Services, tmp_path: Path
) -> None:
    chat = await chat_of(services, f"FROM demo\n{QUICK}PARAMETER num_predict 4\n", tmp_path)
    await ask_quietly(chat, "word " * 2000)
    error = chat.turns[-1].error
    assert error is not None and error.code is ErrorCode.CONTEXT_EXCEEDED
    suggested = error.details["suggested_num_ctx"]
    assert isinstance(suggested, int) and suggested > 2000
    await ask(chat, "Hello!")
    assert [message.content for message in chat.request().messages if message.role == "user"] == ["Hello!"]
    assert [turn.role for turn in chat.turns] == ["user", "assistant"] * 2


async def test_a_value_that_llama_cpp_can_not_take_is_named(services: Services, tmp_path: Path) -> None:
    chat = await chat_of(services, "FROM demo\nPARAMETER num_ctx 99999999999999\n", tmp_path)
    await ask_quietly(chat, "Hello!")
    error = chat.turns[-1].error
    assert error is not None and "num_ctx" in error.message and "99999999999999" in error.message
