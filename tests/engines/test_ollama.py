"""A client of Ollama against both kinds of real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aether_tui.core.chat import Message, Phase
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind
from aether_tui.engines.base import as_curl
from aether_tui.engines.ollama import OllamaEngine
from aether_tui.engines.ollama_create import CreateRequest
from tests.engines.asking import CHATML, PLAIN_QUESTION, THINKING_QUESTION, Subject
from tests.engines.conftest import OLLAMA_MODEL, put_demo
from tests.servers import CURRENT_OLLAMA, EARLIER_OLLAMA, OllamaServer


def ollama_of(subject: Subject) -> OllamaEngine:
    assert isinstance(subject.engine, OllamaEngine)
    return subject.engine


async def test_it_tells_its_version(ollama: OllamaServer, ollama_engine: OllamaEngine) -> None:
    status = await ollama_engine.status()
    assert status.reachable and status.kind is EngineKind.OLLAMA
    assert status.version == ollama.version
    assert status.address == ollama.url


async def test_an_answer_goes_through_its_phases(on_ollama: Subject) -> None:
    await on_ollama.engine.unload(on_ollama.model)
    answered = await on_ollama.ask(THINKING_QUESTION, parameters={"temperature": 0.0})
    assert answered.phases == [Phase.LOADING, Phase.READING, Phase.THINKING, Phase.ANSWERING]
    # 0.24 leaves the tags in the text.
    assert "os" in answered.thinking and "<think>" not in answered.text
    stats = answered.finished.stats
    assert stats.load_s and stats.total_s and stats.time_to_first_token_s
    assert stats.load_s < stats.time_to_first_token_s < stats.total_s
    assert stats.tokens_per_s and stats.prompt_tokens_per_s
    assert stats.prompt_tokens == 17 and stats.cached_tokens == 0
    assert answered.finished.done_reason == "stop"


async def test_the_second_time_nothing_is_loaded_and_the_cache_is_told(on_ollama: Subject) -> None:
    await on_ollama.ask(THINKING_QUESTION)
    answered = await on_ollama.ask(THINKING_QUESTION)
    assert Phase.LOADING not in answered.phases
    stats = answered.finished.stats
    assert stats.prompt_tokens == 17
    if ollama_of(on_ollama).version == CURRENT_OLLAMA:
        assert stats.cached_tokens == 16
    else:
        # Without the share from the cache the speed of reading would be far too high.
        assert stats.cached_tokens is None and stats.prompt_tokens_per_s is None


async def test_a_model_that_can_not_think_answers_all_the_same(on_ollama: Subject) -> None:
    answered = await on_ollama.ask(PLAIN_QUESTION, think=True)
    assert answered.finished.done_reason == "stop"
    assert answered.text


async def test_thinking_can_be_turned_off(on_ollama: Subject) -> None:
    answered = await on_ollama.ask(THINKING_QUESTION, think=False, parameters={"temperature": 0.0})
    assert answered.text
    if ollama_of(on_ollama).version == CURRENT_OLLAMA:
        assert Phase.THINKING not in answered.phases


async def test_an_answer_keeps_to_a_schema(on_ollama: Subject) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    answered = await on_ollama.ask(PLAIN_QUESTION, output_schema=schema, think=False)
    assert isinstance(json.loads(answered.text)["a"], int)


async def test_log_probabilities_come_with_the_tokens(on_ollama: Subject) -> None:
    answered = await on_ollama.ask(PLAIN_QUESTION, top_logprobs=2, parameters={"temperature": 0.0})
    token = next(token for token in answered.logprobs if token.token == "!")
    assert token.logprob <= 0 and len(token.top) == 2
    assert token.top[0][1] >= token.top[1][1]


async def test_what_it_does_not_take_is_told(on_ollama: Subject) -> None:
    engine = ollama_of(on_ollama)
    extras = {"mirostat": 2, "tfs_z": 0.5, "cache_type_k": "q8_0", "typical_p": 0.9}
    answered = await on_ollama.ask(PLAIN_QUESTION, parameters=extras)
    assert answered.finished
    expected = {"mirostat", "tfs_z", "cache_type_k"} | ({"typical_p"} if engine.version == CURRENT_OLLAMA else set())
    assert set(engine.untaken(extras)) == expected
    note = next(call.note for call in reversed(engine.log.calls) if call.url.endswith("/api/chat"))
    assert all(name in note for name in expected)


async def test_a_missing_model_is_named_with_the_way_to_get_it(on_ollama: Subject) -> None:
    on_ollama.model = "no-such-model"
    error = (await on_ollama.ask()).error
    assert error.code is ErrorCode.MODEL_NOT_FOUND
    assert "no-such-model" in error.message and "ollama pull no-such-model" in error.remedy
    with pytest.raises(AetherError) as caught:
        await on_ollama.engine.details("no-such-model")
    assert caught.value.code is ErrorCode.MODEL_NOT_FOUND


async def test_a_wrong_value_is_named(on_ollama: Subject) -> None:
    error = (await on_ollama.ask(parameters={"top_k": "many"})).error
    assert error.code is ErrorCode.PARAMETER_INVALID
    assert "top_k" in error.message


async def test_a_template_or_adapter_with_a_chat_is_refused_not_passed_over(on_ollama: Subject) -> None:
    assert (await on_ollama.ask(template=CHATML)).error.code is ErrorCode.NOT_SUPPORTED
    assert (await on_ollama.ask(adapter="/a.gguf")).error.code is ErrorCode.NOT_SUPPORTED


async def test_it_lists_and_describes_models(on_ollama: Subject, demo_gguf: Path) -> None:
    engine = ollama_of(on_ollama)
    digest = await put_demo(engine, demo_gguf, engine.version)
    listed = next(model for model in await engine.models() if model.name == f"{OLLAMA_MODEL}:latest")
    details = await engine.details(OLLAMA_MODEL)
    assert details.summary.digest == listed.digest and details.summary.size_bytes == listed.size_bytes
    assert details.architecture == "llama" and details.summary.context_length_tokens == 4096
    assert details.parameters["stop"] == ("<|im_end|>",)
    assert details.weights_digests == (digest,)
    if engine.version == EARLIER_OLLAMA:
        assert details.template == CHATML and not details.chat_template
    else:
        assert "{%-" in details.chat_template and not details.template


async def test_parameters_come_back_as_they_were_made(ollama_engine: OllamaEngine, on_ollama: Subject) -> None:
    stops = ("<|im_end|>", 'a "quoted" \\ one', "tab\tnew\nline", "ünï–code")
    parameters = {"stop": stops, "num_ctx": 1048576, "temperature": 0.7, "top_p": 1.0, "use_mmap": False}
    name = "engine-tests-parameters"
    async for _ in ollama_engine.create(CreateRequest(name, from_=OLLAMA_MODEL, parameters=parameters)):
        pass
    found = (await ollama_engine.details(name)).parameters
    assert found == parameters
    assert isinstance(found["num_ctx"], int)
    await ollama_engine.delete(name)


async def test_what_is_in_memory_is_told_and_freed(on_ollama: Subject) -> None:
    await on_ollama.ask()
    (loaded,) = await on_ollama.engine.loaded()
    assert loaded.name == f"{OLLAMA_MODEL}:latest" and loaded.context_length_tokens == 1024
    assert loaded.size_bytes and loaded.vram_bytes == 0
    await on_ollama.engine.unload(on_ollama.model)
    assert await on_ollama.engine.loaded() == []


async def test_embeddings(on_ollama: Subject) -> None:
    engine = ollama_of(on_ollama)
    if engine.version == EARLIER_OLLAMA:
        one, two = await engine.embed(on_ollama.model, ["a class", "a module"])
        assert len(one) == len(two) > 0 and one != two
        return
    with pytest.raises(AetherError) as caught:
        await engine.embed(on_ollama.model, ["a class"])
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


async def test_a_name_for_comparing_has_its_tag(on_ollama: Subject) -> None:
    on_ollama.model = f"{OLLAMA_MODEL.upper()}:latest"
    assert (await on_ollama.ask()).finished
    (loaded,) = await on_ollama.engine.loaded()
    assert await ollama_of(on_ollama).find_loaded(OLLAMA_MODEL) == loaded


async def test_the_log_holds_what_was_sent(on_ollama: Subject) -> None:
    await on_ollama.ask("What is a 'quoted' word?")
    call = next(call for call in reversed(on_ollama.engine.log.calls) if call.url.endswith("/api/chat"))
    assert call.status == 200 and call.took_s
    body = json.loads(call.body)
    assert body["messages"] == [{"role": "user", "content": "What is a 'quoted' word?"}]
    assert body["options"] == {"num_thread": 1, "num_ctx": 1024}
    assert as_curl(call).startswith(f"curl --no-buffer {on_ollama.engine.address}/api/chat ")


async def test_earlier_turns_are_part_of_the_question(on_ollama: Subject) -> None:
    short = await on_ollama.ask(PLAIN_QUESTION)
    earlier = [
        Message("user", "What is a list?"),
        Message("assistant", "A sequence.", thinking="a list"),
        Message("user", PLAIN_QUESTION),
    ]
    long = await on_ollama.ask(messages=earlier)
    assert (long.finished.stats.prompt_tokens or 0) > (short.finished.stats.prompt_tokens or 0)
