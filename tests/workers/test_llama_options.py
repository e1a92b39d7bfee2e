"""Load parameters as llama.cpp's library and its programs take them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from aether_tui.core.parameters import all_specs
from aether_tui.workers.llama_options import apply, arguments, default_threads, with_defaults

# As llama-server printed it before flash attention took a value and --load-mode came.
EARLIER_HELP = """
-t,    --threads N                      number of threads to use during generation (default: -1)
-c,    --ctx-size N                     size of the prompt context (default: 4096, 0 = loaded from model)
-fa,   --flash-attn                     enable Flash Attention (default: disabled)
--no-context-shift                      disables context shift on infinite text generation (default: disabled)
-np,   --parallel N                     number of parallel sequences to decode (default: 1)
--mlock                                 force system to keep model in RAM rather than swapping or compressing
--no-mmap                               do not memory-map model (slower load but may reduce pageouts)
"""


@pytest.fixture(scope="module")
def current_help(real_llama_help: str) -> str:
    return real_llama_help


@pytest.fixture(scope="module")
def real_llama_help() -> str:
    from tests.conftest import SERVERS, not_built

    program = SERVERS.llama("llama-server") or not_built("llama.cpp's llama-server")
    return subprocess.run([program, "--help"], capture_output=True, text=True, check=False).stdout


def value_of(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def test_threads_leave_a_core_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.cpu_count", lambda logical=True: 8)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)), raising=False)
    assert default_threads() == 7
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)
    assert default_threads() == 1


@pytest.mark.parametrize("unset", [{}, {"num_thread": 0}, {"num_thread": -1}])
def test_unset_threads_are_chosen(unset: dict[str, int]) -> None:
    assert with_defaults(unset)["num_thread"] == default_threads()
    assert with_defaults({"num_thread": 3})["num_thread"] == 3


def test_the_context_has_a_modest_default() -> None:
    assert with_defaults({})["num_ctx"] == 4096
    assert with_defaults({"num_ctx": 512})["num_ctx"] == 512


def test_every_parameter_finds_its_place_in_the_library() -> None:
    xllamacpp = pytest.importorskip("xllamacpp")
    params = xllamacpp.CommonParams()
    load = {
        "num_ctx": 512, "num_thread": 3, "cache_type_k": "iq4_nl", "flash_attn": "off", "rope_scaling": "yarn",
        "load_mode": "mmap+mlock", "split_mode": "row", "tensor_split": "3,1", "timeout": 9, "draft_num_predict": 2,
    }  # fmt: skip
    assert apply(params, load, xllamacpp) == ()
    assert params.n_ctx == 512 and params.n_parallel == 1
    assert params.cpuparams.n_threads == params.cpuparams_batch.n_threads == 3
    assert params.cache_type_k.name == "GGML_TYPE_IQ4_NL"
    assert params.flash_attn_type.name == "LLAMA_FLASH_ATTN_TYPE_DISABLED"
    assert params.rope_scaling_type.name == "LLAMA_ROPE_SCALING_TYPE_YARN"
    assert params.load_mode.name == "LLAMA_LOAD_MODE_MMAP_MLOCK"
    assert params.split_mode.name == "LLAMA_SPLIT_MODE_ROW"
    assert list(params.tensor_split[:3]) == [3.0, 1.0, 0.0]
    assert params.timeout_read == params.timeout_write == 9
    assert params.speculative.draft.n_max == 2


def test_every_option_of_an_enumeration_is_known_to_the_library() -> None:
    xllamacpp = pytest.importorskip("xllamacpp")
    for spec in all_specs().values():
        if "embedded" in spec.names:
            for option in spec.options:
                assert apply(xllamacpp.CommonParams(), {spec.id: option}, xllamacpp) == ()


def test_what_the_library_has_no_place_for_comes_back() -> None:
    params = SimpleNamespace(
        n_ctx=0, n_parallel=0, cpuparams=SimpleNamespace(n_threads=0), cpuparams_batch=SimpleNamespace(n_threads=0)
    )
    assert apply(params, {"device": "none", "use_mmap": True}, None) == ("device", "use_mmap")


def test_flags_of_a_current_program(current_help: str) -> None:
    load = {
        "num_ctx": 512, "num_thread": 3, "cache_type_k": "q8_0", "flash_attn": "on", "load_mode": "mlock",
        "context_shift": True, "device": "none", "num_gpu": 5, "n_cpu_moe": 2, "use_mmap": False,
    }  # fmt: skip
    words, untaken = arguments(load, current_help)
    assert value_of(words, "--ctx-size") == "512" and value_of(words, "--threads") == "3"
    assert value_of(words, "--flash-attn") == "on" and value_of(words, "--load-mode") == "mlock"
    assert value_of(words, "--device") == "none" and value_of(words, "--gpu-layers") == "5"
    assert "--context-shift" in words and untaken == ("use_mmap",)


def test_a_current_program_takes_every_flag_that_the_data_names(current_help: str) -> None:
    load = {name: "x" for name, spec in all_specs().items() if spec.scope == "load" and "llamacpp_flag" in spec.names}
    assert arguments(load, current_help)[1] == ()


def test_flags_of_an_earlier_program() -> None:
    load = {"num_ctx": 512, "num_thread": 1, "flash_attn": "on", "load_mode": "mlock", "context_shift": False}
    words, untaken = arguments({**load, "cache_type_k": "q8_0"}, EARLIER_HELP)
    assert "--mlock" in words and "--no-mmap" in words and "--no-context-shift" in words
    assert words[words.index("--flash-attn") + 1].startswith("--")
    assert untaken == ("cache_type_k",)
    assert "--flash-attn" not in arguments({"flash_attn": "auto"}, EARLIER_HELP)[0]


def test_a_program_starts_with_its_flags(current_help: str, tmp_path: Path) -> None:
    from tests.conftest import SERVERS

    words, _ = arguments({"num_thread": 1, "flash_attn": "auto", "num_gpu": 0, "split_mode": "none"}, current_help)
    program = SERVERS.llama("llama-server")
    assert program
    done = subprocess.run(
        [program, *words, "--model", tmp_path / "none.gguf"], capture_output=True, text=True, timeout=60, check=False
    )
    assert "invalid argument" not in done.stderr and "error while handling" not in done.stderr
