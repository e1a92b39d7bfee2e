"""A client of llama.cpp's own server, started by someone else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aether_tui.core.chat import Message, Phase
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.engines.llamacpp import LlamaServerEngine
from aether_tui.engines.openai import OpenAIEngine, base_url
from tests.engines.asking import PLAIN_QUESTION, THINKING_QUESTION, Subject

GREEDY = {"temperature": 0.0}


def llama_of(subject: Subject) -> LlamaServerEngine:
    assert isinstance(subject.engine, LlamaServerEngine)
    return subject.engine


async def test_it_tells_what_it_serves(on_llama_server: Subject, demo_gguf: Path) -> None:
    engine = llama_of(on_llama_server)
    status = await engine.status()
    assert status.reachable and status.version
    (model,) = await engine.models()
    assert model.name == str(demo_gguf) and model.context_length_tokens == 4096 and model.size_bytes
    details = await engine.details(model.name)
    assert "reasoning_content" in details.chat_template and details.summary.path == str(demo_gguf)
    (loaded,) = await engine.loaded()
    assert loaded.context_length_tokens == 2048
    with pytest.raises(AetherError) as caught:
        await engine.details("another")
    assert caught.value.code is ErrorCode.MODEL_NOT_FOUND and str(demo_gguf) in caught.value.remedy


async def test_an_answer_goes_through_its_phases(on_llama_server: Subject) -> None:
    answered = await on_llama_server.ask(THINKING_QUESTION, parameters={**GREEDY, "cache_prompt": False})
    assert answered.phases == [Phase.READING, Phase.THINKING, Phase.ANSWERING]
    stats = answered.finished.stats
    assert stats.prompt_tokens == 17 and stats.cached_tokens == 0 and stats.load_s is None
    assert stats.tokens_per_s and stats.prompt_tokens_per_s and stats.time_to_first_token_s
    readings = [event for event in answered.events if getattr(event, "total_tokens", None)]
    assert readings[-1].done_tokens == readings[-1].total_tokens == 17  # type: ignore[union-attr]


async def test_thinking_schema_and_log_probabilities(on_llama_server: Subject) -> None:
    plain = await on_llama_server.ask(THINKING_QUESTION, think=False, parameters=GREEDY)
    assert Phase.THINKING not in plain.phases and plain.text
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    shaped = await on_llama_server.ask(PLAIN_QUESTION, output_schema=schema, think=False)
    assert isinstance(json.loads(shaped.text)["a"], int)
    told = await on_llama_server.ask(PLAIN_QUESTION, top_logprobs=3, parameters=GREEDY)
    assert len(told.logprobs[0].top) == 3


async def test_the_prompt_and_its_tokens_are_told(on_llama_server: Subject) -> None:
    engine = llama_of(on_llama_server)
    messages = [Message("user", "one"), Message("assistant", "two", thinking="why"), Message("user", "three")]
    prompt = await engine.apply_template(messages)
    assert "why" in prompt and prompt.endswith("<|im_start|>assistant\n")
    with_marks, without = await engine.tokenize("<|im_end|>"), await engine.tokenize("<|im_end|>", special=False)
    assert len(with_marks) == 1 < len(without)


async def test_what_a_running_server_does_not_take_is_told(on_llama_server: Subject, on_openai: Subject) -> None:
    extras = {"num_ctx": 512, "use_mmap": False, "tfs_z": 0.5, "top_k": 3, "temperature": 0.1}
    assert (await on_llama_server.ask(parameters=extras)).finished
    assert set(on_llama_server.engine.untaken(extras)) == {"num_ctx", "use_mmap", "tfs_z"}
    note = on_llama_server.engine.log.calls[-1].note
    assert "num_ctx" in note and "top_k" not in note
    assert set(on_openai.engine.untaken(extras)) == {"num_ctx", "use_mmap", "tfs_z", "top_k"}


async def test_what_it_can_not_do_is_said(on_llama_server: Subject, on_openai: Subject) -> None:
    for subject in (on_llama_server, on_openai):
        with pytest.raises(AetherError) as caught:
            await subject.engine.unload(subject.model)
        assert caught.value.code is ErrorCode.NOT_SUPPORTED and caught.value.remedy
        for fixed in ({"template": "x"}, {"adapter": "/a.gguf"}):
            assert (await subject.ask(**fixed)).error.code is ErrorCode.NOT_SUPPORTED


async def test_an_openai_server_answers_with_figures(on_openai: Subject) -> None:
    answered = await on_openai.ask(THINKING_QUESTION, parameters=GREEDY)
    assert answered.phases == [Phase.READING, Phase.THINKING, Phase.ANSWERING]
    assert answered.finished.stats.prompt_tokens == 17 and answered.finished.stats.tokens_per_s
    (model,) = await on_openai.engine.models()
    assert (await on_openai.engine.details(model.name)).summary == model
    assert await on_openai.engine.loaded() == []
    assert isinstance(on_openai.engine, OpenAIEngine)


def test_the_base_of_an_openai_address() -> None:
    assert base_url("localhost:8000") == "http://localhost:8000/v1"
    assert base_url("https://api.groq.com/openai/v1/") == "https://api.groq.com/openai/v1"
    assert base_url("http://h/v1") == "http://h/v1"
