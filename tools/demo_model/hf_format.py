"""The Hugging Face files of the demonstration model, written with the standard library and numpy only.

The training writes them before the conversion to GGUF, and `to_hf.py` writes them again from the GGUF,
so both come from the same functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Json = dict[str, Any]

# The split of Llama 3. With it the pre-tokenizer name "llama-bpe" in the GGUF is true to the letter.
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
END_OF_TEXT = "<|endoftext|>"
TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"
THINK_START = "<think>"
THINK_END = "</think>"
CONTROL_TOKENS = (END_OF_TEXT, TURN_START, TURN_END)
# Not control tokens: a server must print them, or it could not tell the thought from the answer.
VISIBLE_TOKENS = (THINK_START, THINK_END)

_DTYPE_NAMES = {"float32": "F32", "float16": "F16"}


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id, with the merges of the byte-level BPE in their order."""

    tokens: Sequence[str]
    merges: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Shape:
    """What `config.json` says about the network."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    kv_heads: int
    context_length: int
    rope_theta: float
    norm_epsilon: float
    eos_token_id: int
    bos_token_id: int


@dataclass(frozen=True)
class Sampling:
    """The sampling values that the model recommends for itself."""

    temperature: float
    top_k: int
    top_p: float
    min_p: float


def _added_token(token: str, token_id: int) -> Json:
    return {
        "id": token_id,
        "content": token,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": token in CONTROL_TOKENS,
    }


def _added_tokens(vocabulary: Vocabulary) -> list[Json]:
    added = (*CONTROL_TOKENS, *VISIBLE_TOKENS)
    return [_added_token(token, i) for i, token in enumerate(vocabulary.tokens) if token in added]


def tokenizer_json(vocabulary: Vocabulary) -> Json:
    """The fast tokenizer's own file: split of Llama 3, bytes as letters, merges."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": LLAMA3_SPLIT}, "behavior": "Isolated", "invert": False}
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        # llama.cpp sets it for "llama-bpe": a word that is itself a token is not taken apart.
        "ignore_merges": True,
        "vocab": {token: i for i, token in enumerate(vocabulary.tokens) if token not in VISIBLE_TOKENS},
        "merges": [list(pair) for pair in vocabulary.merges],
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(vocabulary),
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": None,
        "decoder": {**byte_level, "add_prefix_space": True, "use_regex": True},
        "model": model,
    }


def tokenizer_config(vocabulary: Vocabulary, context_length: int) -> Json:
    """The names of the special tokens; no beginning-of-text token is put before a chat."""
    added = {str(token["id"]): {k: v for k, v in token.items() if k != "id"} for token in _added_tokens(vocabulary)}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "added_tokens_decoder": added,
        "bos_token": END_OF_TEXT,
        "eos_token": TURN_END,
        "pad_token": END_OF_TEXT,
        "add_bos_token": False,
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context_length,
    }


def model_config(shape: Shape, dtype: str) -> Json:
    """`config.json` of a Llama with tied embeddings, for transformers 4 and 5."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": shape.bos_token_id,
        "eos_token_id": shape.eos_token_id,
        "pad_token_id": shape.bos_token_id,
        "head_dim": shape.hidden_size // shape.heads,
        "hidden_act": "silu",
        "hidden_size": shape.hidden_size,
        "initializer_range": 0.02,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": shape.context_length,
        "mlp_bias": False,
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": shape.norm_epsilon,
        # Version 4 of transformers reads the first, version 5 the second.
        "rope_theta": shape.rope_theta,
        "rope_parameters": {"rope_theta": shape.rope_theta, "rope_type": "default"},
        "tie_word_embeddings": True,
        "torch_dtype": dtype,
        "use_cache": True,
        "vocab_size": shape.vocab_size,
    }


def generation_config(shape: Shape, sampling: Sampling) -> Json:
    """`generation_config.json`; the converter copies the sampling values to `general.sampling.*`."""
    return {
        "bos_token_id": shape.bos_token_id,
        "eos_token_id": shape.eos_token_id,
        "pad_token_id": shape.bos_token_id,
        "do_sample": True,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
    }


def write_json(path: Path, value: Json) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_text_files(
    folder: Path, vocabulary: Vocabulary, shape: Shape, sampling: Sampling, template: str, dtype: str
) -> None:
    """Everything of the Hugging Face form but the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", model_config(shape, dtype))
    write_json(folder / "generation_config.json", generation_config(shape, sampling))
    write_json(folder / "tokenizer.json", tokenizer_json(vocabulary))
    write_json(folder / "tokenizer_config.json", tokenizer_config(vocabulary, shape.context_length))
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")


def write_safetensors(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write a safetensors file: header length, header in JSON, then the tensors one after another."""
    header: Json = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, tensor in tensors.items():
        header[name] = {
            "dtype": _DTYPE_NAMES[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + tensor.nbytes],
        }
        offset += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(_bytes_of(tensors.values()))


def _bytes_of(tensors: Iterable[NDArray[Any]]) -> Iterable[bytes]:
    return (np.ascontiguousarray(tensor).tobytes() for tensor in tensors)
