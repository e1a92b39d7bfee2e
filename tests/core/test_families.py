"""Which family a model is of: its metadata first, its name last."""

from __future__ import annotations

import pytest

from aether_tui.core.families import family_of

LLAMA3_TOKENIZER = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "llama-bpe", "llama.vocab_size": 128256}


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("llama3", "llama3"),
        ("llama3.1:8b-instruct-q4_K_M", "llama3"),
        ("Llama-3.2-3B-Instruct", "llama3"),
        ("hf.co/QuantFactory/Meta-Llama-3-8B-Instruct-GGUF:Q8_0", "llama3"),
        ("llama3.2-vision:11b", "llama3.2-vision"),
        ("llama2:13b-chat-q3_K_M", "llama2"),
        ("llama-2-7b-v3", "llama2"),
        ("codellama:34b", "llama2"),
        ("vicuna:33b", "llama2"),
        ("openllama-3b", None),
        ("llama-30b", None),
        ("/models/llama-3/mistral-7b-v0.3.gguf", "mistral"),
        ("qwen3:8b", "qwen3-hybrid"),
        ("qwen3-coder:30b", "qwen3-coder"),
        ("qwen2.5-coder:7b", "qwen2.5"),
        ("deepseek-r1:7b", "deepseek-r1"),
        ("gemma3:4b", "gemma3"),
        ("mixtral:8x7b", "mistral"),
        ("opencoder:8b", "qwen2.5"),
        ("hermes3:8b", "llama3"),
        ("cogito:8b", "llama3"),
        ("starling-lm", "openchat"),
        ("phi4", "phi4"),
        ("phi4-reasoning", "phi4-reasoning"),
        ("nomic-embed-text", "nomic-embeddings"),
        ("support-bot", None),
        ("", None),
    ],
)
def test_a_name_alone(name: str, family: str | None) -> None:
    found = family_of(name)
    assert (found.id if found else None) == family


@pytest.mark.parametrize(
    ("name", "architecture", "metadata", "family"),
    [
        ("support-bot", "llama", {"general.basename": "Meta-Llama-3.1"}, "llama3"),
        ("support-bot", "llama", {"general.name": "Meta Llama 3.1 8B Instruct"}, "llama3"),
        ("support-bot", "llama", LLAMA3_TOKENIZER, "llama3"),
        ("demo", "llama", {**LLAMA3_TOKENIZER, "llama.vocab_size": 8192}, None),
        ("llama3-lookalike", "llama", {"general.name": "LLaMA v2"}, "llama2"),
        ("my-llama-3-tune", "llama", {"tokenizer.ggml.model": "llama"}, None),
        ("llama3", "qwen2", {}, "qwen2.5"),
        ("deepseek-r1:7b", "qwen2", {}, "deepseek-r1"),
        ("support-bot", "qwen3", {}, "qwen3-hybrid"),
        ("support-bot", "gptoss", {}, "gpt-oss"),
        ("support-bot", "gemma3", {"general.basename": "custom"}, "gemma3"),
    ],
)
def test_metadata_wins_over_the_name(
    name: str, architecture: str, metadata: dict[str, object], family: str | None
) -> None:
    found = family_of(name, architecture, metadata)
    assert (found.id if found else None) == family


def test_advice_names_the_mode_where_modes_differ() -> None:
    qwen3 = family_of("qwen3:8b")
    assert qwen3 is not None
    assert qwen3.advice("temperature") == "thinking 0.6, non-thinking 0.7"
    assert qwen3.advice("top_k") == "20"
    assert qwen3.advice("mirostat") == ""
