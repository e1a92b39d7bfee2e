"""GGUF headers: read cheaply, in any byte order, and refused clearly when they are damaged."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.facts import facts_from_header
from aether_tui.core.gguf import WINDOW_BYTES, GgufArray, read_header, summary
from tests.support import DEMO_GGUF, ROOT

F32, Q8_0, UNKNOWN_TYPE = 0, 8, 999
CODES = {"uint8": 0, "uint32": 4, "int32": 5, "float32": 6, "bool": 7, "string": 8, "array": 9, "uint64": 10}
LAYOUTS = {"uint8": "B", "uint32": "I", "int32": "i", "float32": "f", "bool": "?", "uint64": "Q"}


@dataclass
class Builder:
    """Writes GGUF headers, sound or not."""

    order: str = "<"
    version: int = 3
    keys: list[bytes] = field(default_factory=list)
    tensors: list[bytes] = field(default_factory=list)
    data_bytes: int = 0

    def text(self, text: str) -> bytes:
        raw = text.encode()
        return struct.pack(f"{self.order}Q", len(raw)) + raw

    def _code(self, kind: str) -> bytes:
        return struct.pack(f"{self.order}I", CODES[kind])

    def key(self, name: str, kind: str, value: object) -> Builder:
        body = self.text(str(value)) if kind == "string" else struct.pack(self.order + LAYOUTS[kind], value)
        self.keys.append(self.text(name) + self._code(kind) + body)
        return self

    def array(self, name: str, kind: str, values: list[object], count: int | None = None) -> Builder:
        head = struct.pack(f"{self.order}Q", len(values) if count is None else count)
        if kind == "string":
            body = b"".join(self.text(str(value)) for value in values)
        else:
            body = struct.pack(f"{self.order}{len(values)}{LAYOUTS[kind]}", *values)
        self.keys.append(self.text(name) + self._code("array") + self._code(kind) + head + body)
        return self

    def tensor(self, name: str, shape: tuple[int, ...], kind: int, size_bytes: int) -> Builder:
        layout = f"{self.order}I{len(shape)}QIQ"
        self.tensors.append(self.text(name) + struct.pack(layout, len(shape), *shape, kind, self.data_bytes))
        self.data_bytes += -(-size_bytes // 32) * 32
        return self

    def build(self, key_count: int | None = None, tensor_count: int | None = None) -> bytes:
        counts = (
            len(self.tensors) if tensor_count is None else tensor_count,
            len(self.keys) if key_count is None else key_count,
        )
        head = b"GGUF" + struct.pack(f"{self.order}IQQ", self.version, *counts)
        header = head + b"".join(self.keys) + b"".join(self.tensors)
        return header + bytes(-len(header) % 32) + bytes(self.data_bytes)


def _small(order: str = "<", version: int = 3) -> Builder:
    return (
        Builder(order, version)
        .key("general.architecture", "string", "llama")
        .key("llama.context_length", "uint32", 8192)
        .key("llama.block_count", "uint32", 2)
        .key("general.sampling.temp", "float32", 0.7)
        .key("tokenizer.ggml.add_bos_token", "bool", True)
        .array("llama.attention.head_count_kv", "int32", [4, 8])
        .array("tokenizer.ggml.tokens", "string", [f"token {number}" for number in range(100)])
        .tensor("token_embd.weight", (32, 4), F32, 512)
        .tensor("blk.0.attn_q.weight", (64, 2), Q8_0, 136)
    )


def _error(data: bytes) -> AetherError:
    with pytest.raises(AetherError) as caught:
        read_header(data, len(data))
    assert caught.value.code is ErrorCode.GGUF_INVALID
    assert caught.value.remedy and isinstance(caught.value.details["offset"], int)
    return caught.value


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(("order", "name"), [("<", "little"), (">", "big")])
def test_a_header_in_either_byte_order(order: str, name: str, version: int) -> None:
    data = _small(order, version).build()
    header = read_header(data, len(data))
    assert (header.version, header.byte_order, header.problems) == (version, name, ())
    assert header.metadata["llama.context_length"] == 8192
    assert header.metadata["general.sampling.temp"] == 0.7
    assert header.metadata["tokenizer.ggml.add_bos_token"] is True
    assert header.metadata["llama.attention.head_count_kv"] == (4, 8)
    assert [(tensor.name, tensor.shape, tensor.type_name) for tensor in header.tensors] == [
        ("token_embd.weight", (32, 4), "F32"),
        ("blk.0.attn_q.weight", (64, 2), "Q8_0"),
    ]
    assert header.tensors[1].size_bytes == 136
    assert header.parameter_count == 32 * 4 + 64 * 2


def test_a_long_array_keeps_its_count_and_first_items() -> None:
    data = _small().build()
    tokens = read_header(data, len(data)).metadata["tokenizer.ggml.tokens"]
    assert tokens == GgufArray("string", 100, ("token 0", "token 1", "token 2", "token 3"))


def test_a_wanted_array_is_loaded_whole() -> None:
    data = _small().build()
    header = read_header(data, len(data), whole=("tokenizer.ggml.tokens",))
    tokens = header.metadata["tokenizer.ggml.tokens"]
    assert isinstance(tokens, tuple) and len(tokens) == 100 and tokens[99] == "token 99"


def test_facts_come_from_the_header() -> None:
    data = _small().build()
    facts = facts_from_header(read_header(data, len(data)), "m", "/models/m.gguf")
    assert (facts.architecture, facts.context_length_tokens, facts.block_count) == ("llama", 8192, 2)
    assert facts.sampling == {"temperature": 0.7}
    assert facts.from_gguf and facts.path == "/models/m.gguf"


def test_the_demonstration_model() -> None:
    with DEMO_GGUF.open("rb") as file:
        header = read_header(_reader(file), DEMO_GGUF.stat().st_size)
    assert header.architecture == "llama" and header.quantization == "Q8_0" and header.problems == ()
    shown = summary(header)
    assert shown["vocabulary"] == 8192 and shown["chat_template"] is True
    assert shown["context_length"] == 4096
    json.dumps(shown)


def _reader(file: object) -> Callable[[int, int], bytes]:
    def read(offset: int, length: int) -> bytes:
        file.seek(offset)  # type: ignore[attr-defined]
        return bytes(file.read(length))  # type: ignore[attr-defined]

    return read


@pytest.fixture(scope="module")
def large_header() -> bytes:
    """150,000 tokens and as many merges, as in the largest vocabularies."""
    size = 150_000
    return (
        Builder()
        .key("general.architecture", "string", "llama")
        .array("tokenizer.ggml.tokens", "string", [f"token{number}" for number in range(size)])
        .array("tokenizer.ggml.scores", "float32", [0.0] * size)
        .array("tokenizer.ggml.token_type", "int32", [1] * size)
        .array("tokenizer.ggml.merges", "string", [f"to ken{number}" for number in range(size)])
        .key("general.name", "string", "at the end")
        .tensor("token_embd.weight", (32, 4), F32, 512)
        .build()
    )


def test_a_large_vocabulary_takes_little_memory_and_few_reads(large_header: bytes) -> None:
    reads: list[int] = []

    def read(offset: int, length: int) -> bytes:
        reads.append(length)
        return large_header[offset : offset + length]

    tracemalloc.start()
    try:
        header = read_header(read, len(large_header))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert header.metadata["general.name"] == "at the end"
    assert header.metadata["tokenizer.ggml.merges"] == GgufArray(
        "string", 150_000, ("to ken0", "to ken1", "to ken2", "to ken3")
    )
    assert peak_bytes <= 5_000_000
    assert max(reads) <= WINDOW_BYTES
    assert sum(reads) <= len(large_header) + len(reads) * 64
    assert len(reads) <= len(large_header) // WINDOW_BYTES + 8


def test_the_data_behind_the_header_is_never_read() -> None:
    builder = _small().tensor("output.weight", (1024, 1024), F32, 4 * 1024 * 1024)
    data = builder.build()
    seen = 0

    def read(offset: int, length: int) -> bytes:
        nonlocal seen
        seen = max(seen, offset + length)
        return data[offset : offset + length]

    read_header(read, len(data))
    assert seen <= 2 * WINDOW_BYTES


def test_the_reader_loads_nothing_heavy() -> None:
    script = "import sys; had = set(sys.modules); import aether_tui.core.gguf; print(*(set(sys.modules) - had))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "aether_tui" in loaded
    assert not loaded & {"json", "pydantic", "numpy", "gguf", "asyncio", "pathlib", "mmap", "textual", "yaml"}


def test_a_truncated_file_says_how_much_is_missing() -> None:
    data = _small().build()
    header = read_header(data[:-100], len(data) - 100)
    assert len(header.problems) == 1
    # The last tensor's 136 bytes are padded to 160, so 76 of the 100 bytes mattered.
    assert header.problems[0].startswith("truncated: 76 bytes missing")


def test_a_tensor_type_of_tomorrow_is_no_error() -> None:
    data = _small().tensor("new.weight", (32,), UNKNOWN_TYPE, 64).build()
    header = read_header(data, len(data))
    assert header.tensors[-1].type_name == "type 999" and header.tensors[-1].size_bytes is None
    assert header.problems == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"not a model at all", "it starts with b'not '"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"PK\x03\x04" + bytes(40), "zip or PyTorch"),
        (bytes(64), "unfinished"),
        (b"\x40\0\0\0\0\0\0\0" + b'{"__metadata__":{}}', "safetensors"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1"),
        (b"GGUF" + struct.pack("<IQQ", 4, 0, 0), "version 4"),
        (b"GGUF", "ends within its header"),
        (b"GGUF" + struct.pack("<I", 3), "ends within its header"),
    ],
)
def test_what_is_no_readable_gguf_is_told_apart(data: bytes, words: str) -> None:
    error = _error(data)
    assert words in error.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_small().build(key_count=2**60), "claims to have 1,152,921,504,606,846,976 keys"),
        (_small().build(tensor_count=2**60), "tensors"),
        (_small().build(key_count=60_000), "claims to be"),
        (Builder().array("a", "string", ["x"], count=2**61).build(), "ends within its header, at a"),
        (Builder().array("a", "string", ["x"], count=2**40).build(), "ends within its header, at a"),
        (Builder().array("a", "uint64", [1], count=2**61).build(), "ends within its header, at a"),
        (Builder().key("a", "uint32", 1).key("a", "uint32", 2).build(), "comes twice"),
        (Builder().key("general.alignment", "uint32", 0).build(), "not a power of two"),
        (Builder().key("general.alignment", "uint32", 33).build(), "not a power of two"),
        (Builder().tensor("t", (2,) * 9, F32, 32).build(), "9 dimensions"),
    ],
)
def test_a_damaged_header_is_named(data: bytes, words: str) -> None:
    assert words in _error(data).message


def test_a_string_of_impossible_length_within_an_array() -> None:
    builder = Builder().array("a", "string", ["x"] * 100)
    data = bytearray(builder.build() + bytes(4096))
    place = data.rindex(struct.pack("<Q", 1) + b"x")
    data[place : place + 8] = struct.pack("<Q", 2**63)
    assert "ends within its header, at a" in _error(bytes(data)).message


def test_an_array_that_claims_most_of_a_large_file_is_refused_at_once() -> None:
    """A sparse file of zeros is a billion empty strings: walking over them would take minutes."""
    data = Builder().array("a", "string", [], count=10**9).build()
    size_bytes = 9 * 10**9

    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length].ljust(length, b"\0")

    with pytest.raises(AetherError, match="1,000,000,000 texts"):
        read_header(read, size_bytes)


@pytest.mark.parametrize("cut", range(0, 700, 13))
def test_a_header_cut_anywhere_is_an_error_or_a_problem(cut: int) -> None:
    data = _small().build()[:cut]
    try:
        assert read_header(data, len(data)).problems
    except AetherError as error:
        assert error.code is ErrorCode.GGUF_INVALID


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 900), st.binary(min_size=1, max_size=12))
def test_damage_never_breaks_the_reader(place: int, bytes_put_there: bytes) -> None:
    data = bytearray(_small().build())
    data[place : place + len(bytes_put_there)] = bytes_put_there
    try:
        read_header(bytes(data), len(data))
    except AetherError as error:
        assert error.code is ErrorCode.GGUF_INVALID
