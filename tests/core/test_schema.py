"""The parameters as they hold for one model on one server."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from aether_tui.core.inventory import EngineKind, ModelDetails, ModelSummary
from aether_tui.core.manifest import parse_manifest
from aether_tui.core.parameters import all_specs
from aether_tui.core.schema import (
    EngineTarget,
    ModelFacts,
    facts_from_details,
    schema_for,
    schema_json,
)
from tests.support import ROOT

NOW = EngineTarget(EngineKind.OLLAMA, "0.34.1")
OLD = EngineTarget(EngineKind.OLLAMA, "0.24.0")
EMBEDDED = EngineTarget(EngineKind.EMBEDDED)
LLAMA3 = ModelFacts(name="llama3.1:8b", architecture="llama")


def test_every_parameter_is_there_in_the_order_of_the_groups() -> None:
    schema = schema_for(ModelFacts(), NOW)
    assert list(schema) == list(all_specs())
    assert [group for group, _, _ in schema.groups()] == [
        "generation",
        "penalties",
        "mirostat",
        "context",
        "hardware",
        "output",
    ]


def test_temperature_of_a_llama_3_runs_from_0_to_1() -> None:
    row = schema_for(LLAMA3, NOW)["temperature"]
    assert (row.minimum, row.maximum, row.range_source) == (0, 1.0, "Llama 3 card")
    assert ("Llama 3 card", "0.6") in row.recommended
    assert row.default == 0.8, "the server uses its own default; the card is advice"


def test_a_llama_2_with_a_3_in_its_name_keeps_its_own_range() -> None:
    facts = ModelFacts(name="my-llama3-tune", architecture="llama", metadata={"general.basename": "Llama-2"})
    row = schema_for(facts, NOW)["temperature"]
    assert row.range_source == "Llama 2 card"


def test_a_model_of_no_known_family_has_the_generic_range() -> None:
    row = schema_for(ModelFacts(name="demo", architecture="llama"), NOW)["temperature"]
    assert (row.minimum, row.maximum, row.range_source) == (0, 2, "generic")


def test_advice_by_use_stays_within_the_range() -> None:
    row = schema_for(LLAMA3, NOW)["temperature"]
    assert dict(row.recommended)["creative"] == "0.9-1"


@pytest.mark.parametrize(
    ("target", "value", "source"),
    [
        (EngineTarget(EngineKind.OLLAMA, "0.24.0"), 1.1, "Ollama 0.24.0"),
        (EngineTarget(EngineKind.OLLAMA, "0.32.9"), 1.1, "Ollama 0.32.9"),
        (EngineTarget(EngineKind.OLLAMA, "0.32.10"), 1.0, "Ollama"),
        (EngineTarget(EngineKind.OLLAMA), 1.0, "Ollama"),
        (EMBEDDED, 1.0, "the embedded engine"),
    ],
)
def test_the_default_of_repeat_penalty_follows_the_server(target: EngineTarget, value: float, source: str) -> None:
    row = schema_for(ModelFacts(), target)["repeat_penalty"]
    assert (row.default, row.default_source) == (value, source)


def test_llamacpp_has_defaults_of_its_own() -> None:
    schema = schema_for(ModelFacts(), EMBEDDED)
    assert (schema["top_p"].default, schema["min_p"].default, schema["num_batch"].default) == (0.95, 0.05, 2048)
    assert schema["n_parallel"].default == 1
    assert schema_for(ModelFacts(), EngineTarget(EngineKind.LLAMACPP))["n_parallel"].default == -1


def test_a_default_that_depends_says_on_what() -> None:
    row = schema_for(ModelFacts(), NOW)["num_ctx"]
    assert row.default is None and "GPU memory" in row.default_source
    assert schema_for(ModelFacts(), EngineTarget(EngineKind.OLLAMA, "0.12.0"))["num_ctx"].default == 4096


def test_num_ctx_ends_at_the_training_context() -> None:
    facts = ModelFacts(context_length_tokens=40960, from_gguf=True)
    row = schema_for(facts, EMBEDDED)["num_ctx"]
    assert (row.maximum, row.range_source, row.default) == (40960, "this file", 4096)
    assert schema_for(facts, EngineTarget(EngineKind.LLAMACPP))["num_ctx"].default == 40960
    assert row.ladder[-2:] == (32768, 40960)


def test_num_gpu_ends_at_the_layers_and_the_output() -> None:
    row = schema_for(ModelFacts(block_count=32, from_gguf=True), NOW)["num_gpu"]
    assert (row.maximum, row.range_source) == (33, "this file")
    assert row.allows(-1) and row.special["-1"] == "auto" and not row.allows(34)


def test_the_files_sampling_values_are_defaults_where_the_server_reads_them() -> None:
    facts = ModelFacts(sampling={"temperature": 0.6})
    for target in (EMBEDDED, NOW):
        row = schema_for(facts, target)["temperature"]
        assert (row.default, row.default_source) == (0.6, "this file")
    row = schema_for(facts, OLD)["temperature"]
    assert row.default == 0.8, "0.24 overrides the file's values with its own"
    assert ("this file", "0.6") in row.recommended


def test_ollama_puts_a_models_parameters_above_the_files_values() -> None:
    facts = ModelFacts(sampling={"temperature": 0.6}, engine_parameters={"temperature": 0.4})
    assert schema_for(facts, NOW)["temperature"].default == 0.4
    assert schema_for(facts, NOW)["temperature"].default_source == "the model's own parameters"
    assert schema_for(facts, EMBEDDED)["temperature"].default == 0.6


def test_a_range_holds_the_values_that_come_with_the_model() -> None:
    facts = ModelFacts(name="llama3", sampling={"temperature": 1.3})
    row = schema_for(facts, EMBEDDED)["temperature"]
    assert (row.minimum, row.maximum, row.range_source) == (0, 1.3, "this file")


def test_the_manifest_wins_over_file_and_family() -> None:
    entry = parse_manifest(_manifest({"temperature": {"type": "float", "default": 0.8, "min": 0, "max": 1.5}})).entry(
        "m"
    )
    facts = ModelFacts(name="llama3", sampling={"temperature": 0.6})
    row = schema_for(facts, EMBEDDED, entry)["temperature"]
    assert (row.minimum, row.maximum, row.default) == (0, 1.5, 0.8)
    assert row.range_source == row.default_source == "your manifest"


def test_a_parameter_of_the_manifest_appears_without_code() -> None:
    entry = parse_manifest(
        _manifest(
            {
                "spice": {"type": "int", "default": 3, "min": 0, "max": 9, "desc": "How hot"},
                "tone": {"type": "enum", "options": ["dry", "warm"]},
            }
        )
    ).entry("m")
    schema = schema_for(ModelFacts(name="m"), NOW, entry)
    row = schema["spice"]
    assert (row.spec.type, row.minimum, row.maximum, row.default, row.spec.effect) == ("int", 0, 9, 3, "How hot")
    assert row.supported and row.spec.group == "generation"
    assert schema["tone"].spec.options == ("dry", "warm")
    assert "spice" in [member.spec.id for member in schema.groups()[0][2]]


def _manifest(schema: dict[str, object]) -> dict[str, object]:
    return {"models": [{"name": "m", "provider": "ollama", "capabilities": {"generation_schema": schema}}]}


@pytest.mark.parametrize(
    ("identifier", "target", "words"),
    [
        ("mirostat", NOW, "not in this server (0.34.1): Ollama dropped Mirostat in 0.7; use min_p"),
        ("typical_p", NOW, "not in this server (0.34.1): Ollama answers 400 to it since 0.34.1; use min_p"),
        ("draft_num_predict", OLD, "not in this server (0.24.0): needs Ollama 0.30 or newer"),
        ("cache_type_k", NOW, "Ollama has no such parameter"),
        ("num_ctx", EngineTarget(EngineKind.OPENAI), "an OpenAI-compatible server has no such parameter"),
        ("use_mmap", EMBEDDED, "the embedded engine has no such parameter; use load_mode"),
        ("device", EMBEDDED, "the embedded engine can't be given it; a llama-server of your own can"),
        (
            "use_mlock",
            EMBEDDED,
            "Ollama dropped it in 0.7, llama-server turned it into --load-mode mlock; use load_mode",
        ),
    ],
)
def test_what_a_server_does_not_take_is_said_with_what_to_use(
    identifier: str, target: EngineTarget, words: str
) -> None:
    row = schema_for(ModelFacts(), target)[identifier]
    assert not row.supported
    assert row.unsupported_why == words


@pytest.mark.parametrize(
    ("identifier", "target"),
    [
        ("typical_p", OLD),
        ("mirostat", EMBEDDED),
        ("typical_p", EMBEDDED),
        ("draft_num_predict", NOW),
        ("user", EngineTarget(EngineKind.OPENAI)),
    ],
)
def test_what_a_server_takes_is_supported(identifier: str, target: EngineTarget) -> None:
    assert schema_for(ModelFacts(), target)[identifier].supported


def test_a_load_parameter_of_a_running_llama_server_waits_for_its_start() -> None:
    row = schema_for(ModelFacts(), EngineTarget(EngineKind.LLAMACPP))["num_ctx"]
    assert row.supported and "--ctx-size" in row.note


def test_looking_back_over_the_whole_context_is_for_old_servers() -> None:
    assert schema_for(ModelFacts(), OLD)["repeat_last_n"].allows(-1)
    assert not schema_for(ModelFacts(), NOW)["repeat_last_n"].allows(-1)


def test_facts_from_a_server_are_read_as_the_server_reads_them() -> None:
    details = ModelDetails(
        name="m",
        summary=ModelSummary("m", family="llama", context_length_tokens=None),
        architecture="llama",
        parameters={"temperature": "0.5", "num_ctx": "1.048576e+06", "stop": ("a", "b"), "use_mmap": "true"},
        metadata={"llama.context_length": 8192, "llama.block_count": 16, "general.sampling.top_k": 20},
    )
    facts = facts_from_details(details)
    assert facts.engine_parameters == {"temperature": 0.5, "num_ctx": 1048576, "stop": ("a", "b"), "use_mmap": True}
    assert (facts.context_length_tokens, facts.block_count, facts.sampling) == (8192, 16, {"top_k": 20})


def test_parameters_that_a_server_stored_unchecked_are_kept_as_they_are() -> None:
    stored = {"num_ctx": "abc", "use_mmap": "perhaps", "seed": "inf", "warmth": "3"}
    facts = facts_from_details(ModelDetails(name="m", summary=ModelSummary("m"), parameters=stored))
    assert facts.engine_parameters == stored
    row = schema_for(facts, NOW)["num_ctx"]
    assert row.default == "abc" and row.range_source == "generic"


def test_the_answer_has_the_shape_of_seed_003() -> None:
    entry = parse_manifest(
        _manifest({"max_tokens": {"type": "int", "default": 2048, "min": 128, "max": 8192, "desc": "Longest answer"}})
    ).entry("m")
    answer = schema_json(schema_for(LLAMA3, NOW, entry), "llama3.1:8b")
    assert answer["success"] is True and answer["model_name"] == "llama3.1:8b"
    parameters = answer["generation_schema"]
    assert isinstance(parameters, dict)
    temperature = parameters["temperature"]
    assert list(temperature)[:5] == ["type", "default", "min", "max", "desc"]
    assert (temperature["type"], temperature["min"], temperature["max"]) == ("float", 0, 1.0)
    longest = parameters["max_tokens"]
    assert (longest["default"], longest["min"], longest["max"]) == (2048, 128, 8192)
    assert (longest["desc"], longest["id"]) == ("Longest answer", "num_predict")
    assert "num_predict" not in parameters
    json.dumps(answer)


def test_the_first_frame_needs_no_heavy_library() -> None:
    script = """
import sys
had = set(sys.modules)
from aether_tui.core.inventory import EngineKind
from aether_tui.core.presets import shipped_presets
from aether_tui.core.schema import EngineTarget, ModelFacts, schema_for
schema_for(ModelFacts(name="llama3"), EngineTarget(EngineKind.OLLAMA, "0.34.1"))
shipped_presets()
print(*(set(sys.modules) - had))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"pydantic", "yaml", "httpx", "jinja2", "asyncio", "textual", "gguf", "numpy"}
    assert "aether_tui.core.manifest" not in done.stdout.split()
