"""The demonstration model that ships in the wheel, and the tool that makes its Hugging Face form again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pytest
from gguf import GGUFReader, LlamaFileType

from tools.demo_model import corpus, hf_format, to_hf
from tools.demo_model.conversation import thought

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "aether_tui" / "data" / "demo" / "demo.gguf"

Messages = list[dict[str, str]]


@pytest.fixture(scope="module")
def reader() -> GGUFReader:
    return GGUFReader(DEMO)


@pytest.fixture(scope="module")
def header(reader: GGUFReader) -> to_hf.Header:
    return to_hf.Header(reader)


@pytest.fixture(scope="module")
def hf_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("demo") / "hf"
    to_hf.convert(DEMO, folder)
    yield folder


def read(folder: Path, name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return value


def render(template: str, messages: Messages, **options: Any) -> str:
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(messages=messages, add_generation_prompt=True, **options)


def test_it_is_small_enough_for_the_wheel() -> None:
    assert 5_000_000 < DEMO.stat().st_size < 6_500_000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("general.architecture", "llama"),
        ("general.name", "Aether demo"),
        ("general.license", "psf-2.0"),
        ("general.file_type", int(LlamaFileType.MOSTLY_Q8_0)),
        ("llama.context_length", 4096),
        ("tokenizer.ggml.model", "gpt2"),
        ("tokenizer.ggml.pre", "llama-bpe"),
        ("tokenizer.ggml.add_bos_token", False),
        ("general.sampling.top_k", 100),
    ],
)
def test_header_says(header: to_hf.Header, key: str, value: object) -> None:
    assert header.value(key) == value


def test_header_recommends_sampling_values_unlike_any_default(header: to_hf.Header) -> None:
    found = to_hf.sampling(header)
    assert (found.temperature, found.top_k, found.top_p, found.min_p) == (0.6, 100, 1.0, 0.0)


def test_header_names_no_author(reader: GGUFReader) -> None:
    assert not [key for key in reader.fields if "author" in key or "organization" in key or "url" in key]


def test_template_renders_an_earlier_thought_and_leaves_out_an_absent_one(header: to_hf.Header) -> None:
    template = header.value("tokenizer.chat_template")
    said = {"role": "assistant", "content": "Yes."}
    asked: Messages = [{"role": "user", "content": "Is it?"}]
    plain = "<|im_start|>user\nIs it?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>assistant\n"
    assert render(template, [*asked, said]) == plain
    thoughtful = render(template, [*asked, {**said, "reasoning_content": "Hm."}])
    assert "<|im_start|>assistant\n<think>\nHm.\n</think>\n\nYes.<|im_end|>" in thoughtful


def test_template_puts_the_empty_thought_in_the_prompt_when_thinking_is_off(header: to_hf.Header) -> None:
    template = header.value("tokenizer.chat_template")
    asked: Messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    open_prompt = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert render(template, asked) == open_prompt
    assert render(template, asked, enable_thinking=True) == open_prompt
    assert render(template, asked, enable_thinking=False) == open_prompt + "<think>\n\n</think>\n\n"


def test_hf_config_has_the_shape_of_the_gguf(hf_folder: Path) -> None:
    config = read(hf_folder, "config.json")
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["max_position_embeddings"] == 4096
    assert (config["vocab_size"], config["hidden_size"], config["num_hidden_layers"]) == (8192, 256, 4)
    assert (config["num_attention_heads"], config["num_key_value_heads"]) == (8, 4)
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"] == 10000.0
    assert config["rms_norm_eps"] == 1e-5
    assert config["tie_word_embeddings"] is True
    assert read(hf_folder, "generation_config.json")["temperature"] == 0.6


def test_hf_tokenizer_has_the_vocabulary_and_the_split(hf_folder: Path, header: to_hf.Header) -> None:
    tokenizer = read(hf_folder, "tokenizer.json")
    ids = tokenizer["model"]["vocab"] | {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    assert sorted(ids, key=ids.__getitem__) == header.value("tokenizer.ggml.tokens")
    assert [" ".join(pair) for pair in tokenizer["model"]["merges"]] == header.value("tokenizer.ggml.merges")
    assert tokenizer["model"]["ignore_merges"] is True
    assert tokenizer["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] == hf_format.LLAMA3_SPLIT
    special = {token["content"]: token["special"] for token in tokenizer["added_tokens"]}
    assert special == {
        "<|endoftext|>": True,
        "<|im_start|>": True,
        "<|im_end|>": True,
        "<think>": False,
        "</think>": False,
    }


def test_hf_tokenizer_config_and_template(hf_folder: Path, header: to_hf.Header) -> None:
    config = read(hf_folder, "tokenizer_config.json")
    assert (config["bos_token"], config["eos_token"]) == ("<|endoftext|>", "<|im_end|>")
    assert config["add_bos_token"] is False
    assert config["model_max_length"] == 4096
    template = (hf_folder / "chat_template.jinja").read_text(encoding="utf-8")
    assert template == header.value("tokenizer.chat_template")


def read_safetensors(path: Path) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    entries = json.loads(raw[8:start])
    found = {}
    for name, entry in entries.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32"
        low, high = entry["data_offsets"]
        found[name] = np.frombuffer(raw[start + low : start + high], dtype="<f4").reshape(entry["shape"])
    assert start + max(e["data_offsets"][1] for n, e in entries.items() if n != "__metadata__") == len(raw)
    return found


def test_hf_weights_are_named_and_shaped_as_transformers_wants(hf_folder: Path) -> None:
    weights = read_safetensors(hf_folder / "model.safetensors")
    assert len(weights) == 4 * 9 + 2
    assert weights["model.embed_tokens.weight"].shape == (8192, 256)
    assert weights["model.layers.3.self_attn.k_proj.weight"].shape == (128, 256)
    assert weights["model.layers.0.mlp.down_proj.weight"].shape == (256, 768)
    assert all(np.isfinite(weight).all() for weight in weights.values())


def test_unpermute_undoes_the_order_of_llama_cpp() -> None:
    heads, width = 2, 6
    original = np.arange(heads * width * 3, dtype=np.float32).reshape(heads * width, 3)
    permuted = original.reshape(heads, 2, width // 2, 3).swapaxes(1, 2).reshape(original.shape)
    assert not np.array_equal(permuted, original)
    assert np.array_equal(to_hf.unpermute(permuted, heads), original)


def test_the_tool_runs_by_its_path_without_torch(tmp_path: Path) -> None:
    script = ROOT / "tools" / "demo_model" / "to_hf.py"
    blocked = "import sys; sys.modules.update(torch=None, transformers=None, tokenizers=None, safetensors=None); "
    run = f"{blocked}import runpy; sys.argv = [{str(script)!r}, {str(DEMO)!r}, {str(tmp_path)!r}, '--dtype', 'float16']"
    code = f"{run}; runpy.run_path({str(script)!r}, run_name='__main__')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=60)
    assert (tmp_path / "model.safetensors").stat().st_size < 11_000_000


def test_the_list_of_answers_is_fixed_and_thinks_by_one_rule() -> None:
    fixed = corpus.answers().fixed
    questions = [pair.question for pair in fixed]
    assert len(set(questions)) == len(questions) >= 60
    assert {"Hello!", "What does os.path.join do?", "What is the json module?"} <= set(questions)
    for pair in fixed:
        assert bool(thought(pair.question)) == pair.question.startswith("What does ")


@pytest.mark.engine
@pytest.mark.slow
def test_the_model_answers_its_list_word_for_word() -> None:
    pytest.importorskip("xllamacpp")
    from tools.demo_model.evaluate import Engine

    engine = Engine(DEMO)
    wrong = []
    for pair in corpus.answers().fixed:
        reply = engine.chat([{"role": "user", "content": pair.question}])
        if (reply.answer, reply.thinking.strip()) != (pair.answer, thought(pair.question)):
            wrong.append(pair.question)
    assert not wrong
