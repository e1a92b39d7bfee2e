"""Make the Hugging Face form of the demonstration model again from its GGUF: `to_hf.py GGUF FOLDER`.

Needs numpy and gguf only, and takes a second or two.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from numpy.typing import NDArray

if not __package__:
    # Run by its path, as a script: Python then looks for modules in this folder only.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.demo_model import hf_format
from tools.demo_model.hf_format import Sampling, Shape, Vocabulary

_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OTHER_NAMES = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}


class Header:
    """The values of a GGUF by key."""

    def __init__(self, reader: GGUFReader) -> None:
        self._fields = reader.fields

    def value(self, key: str) -> Any:
        field = self._fields.get(key)
        if field is None:
            raise SystemExit(f"The GGUF has no {key}: it is not the demonstration model.")
        return field.contents()


def _decimal(value: float) -> float:
    """The short decimal that was stored as a 32-bit float: 0.6 and not 0.6000000238418579."""
    return float(str(np.float32(value)))


def shape(header: Header) -> Shape:
    return Shape(
        vocab_size=header.value("llama.vocab_size"),
        hidden_size=header.value("llama.embedding_length"),
        intermediate_size=header.value("llama.feed_forward_length"),
        layers=header.value("llama.block_count"),
        heads=header.value("llama.attention.head_count"),
        kv_heads=header.value("llama.attention.head_count_kv"),
        context_length=header.value("llama.context_length"),
        rope_theta=_decimal(header.value("llama.rope.freq_base")),
        norm_epsilon=_decimal(header.value("llama.attention.layer_norm_rms_epsilon")),
        eos_token_id=header.value("tokenizer.ggml.eos_token_id"),
        bos_token_id=header.value("tokenizer.ggml.bos_token_id"),
    )


def sampling(header: Header) -> Sampling:
    return Sampling(
        temperature=_decimal(header.value("general.sampling.temp")),
        top_k=header.value("general.sampling.top_k"),
        top_p=_decimal(header.value("general.sampling.top_p")),
        min_p=_decimal(header.value("general.sampling.min_p")),
    )


def vocabulary(header: Header) -> Vocabulary:
    merges = [merge.split(" ") for merge in header.value("tokenizer.ggml.merges")]
    return Vocabulary(tuple(header.value("tokenizer.ggml.tokens")), tuple((a, b) for a, b in merges))


def hf_name(name: str) -> str:
    """The Hugging Face name of a GGUF tensor."""
    if name in _OTHER_NAMES:
        return _OTHER_NAMES[name]
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{_LAYER_NAMES[part]}.{kind}"


def unpermute(weight: NDArray[Any], heads: int) -> NDArray[Any]:
    """Undo llama.cpp's order of Q and K rows: it turns neighbours, Hugging Face turns half against half."""
    rows, columns = weight.shape
    pairs = weight.reshape(heads, rows // heads // 2, 2, columns)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, columns))


def tensors(reader: GGUFReader, of: Shape, dtype: str) -> Iterator[tuple[str, NDArray[Any]]]:
    for tensor in reader.tensors:
        weight: NDArray[Any] = dequantize(tensor.data, tensor.tensor_type)
        if ".attn_q." in tensor.name:
            weight = unpermute(weight, of.heads)
        elif ".attn_k." in tensor.name:
            weight = unpermute(weight, of.kv_heads)
        yield hf_name(tensor.name), weight.astype(dtype)


def convert(gguf: Path, folder: Path, dtype: str = "float32") -> None:
    """Write config, tokenizer, chat template and weights to `folder`."""
    reader = GGUFReader(gguf)
    header = Header(reader)
    found = shape(header)
    template = header.value("tokenizer.chat_template")
    hf_format.write_text_files(folder, vocabulary(header), found, sampling(header), template, dtype)
    hf_format.write_safetensors(folder / "model.safetensors", dict(tensors(reader, found, dtype)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dtype", choices=("float32", "float16"), default="float32", help="of the weights")
    given = parser.parse_args()
    convert(given.gguf, given.folder, given.dtype)


if __name__ == "__main__":
    main()
