"""The parameters: found under any engine's name, values read as Ollama reads them, conflicts told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.parameters import (
    active_conflicts,
    all_specs,
    engine_name,
    find,
    format_value,
    format_values,
    group_titles,
    holds,
    parse_value,
    spec,
    typed_value,
)

OLLAMA_NOW = (
    "num_ctx num_batch num_gpu main_gpu use_mmap num_thread draft_num_predict num_keep seed num_predict top_k top_p "
    "min_p typical_p repeat_last_n temperature repeat_penalty presence_penalty frequency_penalty stop"
)
RETIRED = (
    "mirostat mirostat_eta mirostat_tau tfs_z penalize_newline low_vram f16_kv logits_all vocab_only use_mlock numa "
    "num_gqa rope_frequency_base rope_frequency_scale embedding_only"
)


@pytest.mark.parametrize("name", [*OLLAMA_NOW.split(), *RETIRED.split()])
def test_every_parameter_ollama_ever_had_is_known(name: str) -> None:
    found = find(name, "ollama")
    assert found is not None and found.id == name
    assert engine_name(name, "ollama") == name


@pytest.mark.parametrize("name", RETIRED.split())
def test_retired_parameters_say_what_became_of_them(name: str) -> None:
    assert spec(name).retired
    assert spec(name).versions["ollama"].startswith("<")


@pytest.mark.parametrize(
    ("written", "identifier"),
    [
        ("max_tokens", "num_predict"),
        ("user", "user"),
        ("n_ctx", "num_ctx"),
        ("n_threads", "num_thread"),
        ("n_parallel", "n_parallel"),
        ("n_predict", "num_predict"),
        ("n_keep", "num_keep"),
        ("n_seed", "seed"),
        ("batch-size", "num_batch"),
        ("flash-attn", "flash_attn"),
        ("rope-scaling", "rope_scaling"),
        ("cache-type-k", "cache_type_k"),
        ("cache-type-v", "cache_type_v"),
        ("device", "device"),
        ("gpu-layers", "num_gpu"),
        ("split-mode", "split_mode"),
        ("mlock", "use_mlock"),
        ("no-mmap", "no_mmap"),
        ("timeout", "timeout"),
        ("cache-reuse", "cache_reuse"),
        ("--ctx-size", "num_ctx"),
        ("-ngl", "num_gpu"),
        ("ctx-size", "num_ctx"),
    ],
)
def test_other_engines_names_lead_to_our_ids(written: str, identifier: str) -> None:
    found = find(written)
    assert found is not None and found.id == identifier


def test_a_name_nobody_has_is_not_found() -> None:
    assert find("warmth") is None
    assert engine_name("warmth", "ollama") is None
    with pytest.raises(AetherError) as caught:
        spec("warmth")
    assert caught.value.code is ErrorCode.PARAMETER_INVALID


def test_engine_names_are_the_ones_that_are_sent() -> None:
    assert engine_name("num_predict", "openai") == "max_tokens"
    assert engine_name("num_predict", "llamacpp") == "n_predict"
    assert engine_name("num_gpu", "llamacpp_flag") == "--gpu-layers"
    assert engine_name("num_thread", "embedded") == "cpuparams.n_threads"
    assert engine_name("num_ctx", "openai") is None


def test_parameters_come_in_the_order_of_their_groups() -> None:
    groups = [known.group for known in all_specs().values()]
    assert groups == sorted(groups, key=list(group_titles()).index)
    assert set(groups) == set(group_titles())


# What Go's strconv makes of each text was recorded from Go itself.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.7", 0.7),
        ("7e-1", 0.7),
        ("0x1p-2", 0.25),
        (".5", 0.5),
        ("5.", 5.0),
        ("+.5e-3", 0.0005),
        ("1_23.50_0e+1_2", 1.235e14),
        ("-1", -1.0),
    ],
)
def test_numbers_are_read_as_ollama_reads_them(text: str, value: float) -> None:
    assert parse_value(spec("temperature"), text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "warm", "0,7", "0x10", "1e400", "1__0", "_1", " 1", "NaN", "Inf", "١", "1.0f"])
def test_what_is_no_number_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(AetherError) as caught:
        parse_value(spec("temperature"), text)
    assert caught.value.code is ErrorCode.PARAMETER_INVALID
    assert "temperature takes a number" in caught.value.message
    assert caught.value.remedy


def test_a_decimal_comma_is_put_right() -> None:
    with pytest.raises(AetherError) as caught:
        parse_value(spec("temperature"), "0,7")
    assert caught.value.remedy == "Write 0.7"


@pytest.mark.parametrize(("text", "value"), [("4096", 4096), ("-1", -1), ("+5", 5), ("007", 7)])
def test_whole_numbers(text: str, value: int) -> None:
    assert parse_value(spec("num_ctx"), text) == value


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("4k", "Write 4096"),
        ("4096.0", "Write 4096"),
        ("1e6", "Write 1000000"),
        ("1_000", "Write 1000"),
        ("lots", "Write digits only, as 4096"),
        ("9223372036854775808", "Write digits only, as 4096"),
        ("", "Write digits only, as 4096"),
    ],
)
def test_what_is_no_whole_number_is_refused_with_a_remedy(text: str, remedy: str) -> None:
    with pytest.raises(AetherError) as caught:
        parse_value(spec("num_ctx"), text)
    assert caught.value.remedy == remedy


def test_switches_take_gos_words_only() -> None:
    assert parse_value(spec("use_mmap"), "True") is True
    assert parse_value(spec("use_mmap"), "0") is False
    with pytest.raises(AetherError):
        parse_value(spec("use_mmap"), "yes")


def test_lists_words_and_texts() -> None:
    assert parse_value(spec("stop"), "<|eot_id|>") == ("<|eot_id|>",)
    assert parse_value(spec("split_mode"), "row") == "row"
    assert parse_value(spec("device"), "CUDA0,CUDA1") == "CUDA0,CUDA1"
    with pytest.raises(AetherError, match="not one of its values"):
        parse_value(spec("split_mode"), "column")


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_written_is_the_number_read(value: float) -> None:
    temperature = spec("temperature")
    assert parse_value(temperature, format_value(temperature, value)) == value


def test_values_are_written_plainly() -> None:
    assert format_value(spec("temperature"), 1.0) == "1"
    assert format_value(spec("temperature"), 0.7) == "0.7"
    assert format_value(spec("use_mmap"), False) == "false"
    assert format_value(spec("stop"), ("a", "b")) == "a, b"
    assert format_values(spec("stop"), ("a", "b")) == ("a", "b")
    assert format_values(spec("num_ctx"), 4096) == ("4096",)


def test_decoded_values_take_the_type_of_the_parameter() -> None:
    assert typed_value(spec("num_ctx"), 4096.0) == 4096
    assert typed_value(spec("temperature"), 1) == 1.0
    assert typed_value(spec("stop"), "end") == ("end",)
    assert typed_value(spec("flash_attn"), True) == "on"
    with pytest.raises(AetherError):
        typed_value(spec("num_ctx"), 0.5)
    with pytest.raises(AetherError, match="this is a list"):
        typed_value(spec("num_ctx"), [1, 2])


def _others(values: dict[str, object], **defaults: object) -> set[tuple[str, str]]:
    found = active_conflicts(values, defaults)  # type: ignore[arg-type]
    return {(active.id, active.conflict.other) for active in found}


def test_temperature_and_top_p_conflict_only_when_both_are_changed() -> None:
    assert _others({"temperature": 0.2, "top_p": 0.5}, temperature=0.8, top_p=0.9) == {("temperature", "top_p")}
    assert _others({"temperature": 0.2, "top_p": 0.9}, temperature=0.8, top_p=0.9) == set()
    assert _others({"temperature": 0.2}, temperature=0.8, top_p=0.9) == set()


def test_temperature_zero_leaves_nothing_to_choose_from() -> None:
    assert _others({"temperature": 0.0, "top_k": 5, "seed": 7}) == {("top_k", "temperature"), ("seed", "temperature")}


def test_mirostat_ignores_the_other_samplers() -> None:
    found = active_conflicts({"mirostat": 2, "top_k": 40, "min_p": 0.1})
    assert {active.conflict.severity for active in found} == {"warning"}
    assert len(found) == 2
    assert _others({"mirostat": 0, "top_k": 40}) == set()


def test_mirostat_settings_do_nothing_while_it_is_off() -> None:
    assert _others({"mirostat_tau": 3.0}, mirostat=0) == {("mirostat_tau", "mirostat")}
    assert _others({"mirostat_tau": 3.0, "mirostat": 2}, mirostat=0) == set()


def test_conflicts_of_size_and_of_words() -> None:
    assert _others({"num_ctx": 512, "num_predict": 1024}) == {("num_ctx", "num_predict")}
    assert _others({"num_ctx": 2048, "num_predict": 1024}) == set()
    assert _others({"cache_type_v": "q8_0", "flash_attn": "off"}) == {("cache_type_v", "flash_attn")}
    assert _others({"cache_type_v": "f16", "flash_attn": "off"}) == set()


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("=0", 0.0, True),
        ("!=0", 0, False),
        (">0", 1, True),
        (">0", "x", False),
        ("=off", "off", True),
        ("=0", None, False),
    ],
)
def test_comparisons(condition: str, value: object, expected: bool) -> None:
    assert holds(condition, value, None, None) is expected  # type: ignore[arg-type]
