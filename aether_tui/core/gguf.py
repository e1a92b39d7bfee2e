"""The header of a GGUF file, read without its tensors and without its long arrays.

The format is described in https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Strings of long arrays are
hopped over by their lengths; nothing is kept of them but the first few.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.gguf_types import FILE_TYPES, TENSOR_TYPES

Scalar = bool | int | float | str
Read = Callable[[int, int], bytes]

MAGIC = b"GGUF"
WINDOW_BYTES = 256 * 1024
SHORT_ARRAY_NUMBERS = 1024
SHORT_ARRAY_STRINGS = 64
FIRST_ITEMS = 4

# Bounds that no real file comes near: beyond them a file is corrupt, and reading on would take memory or time.
_MAX_KEYS = 100_000
_MAX_TENSORS = 200_000
_MAX_DIMENSIONS = 8
_MAX_NAME_BYTES = 64 * 1024
_MAX_TEXT_BYTES = 16 * 1024 * 1024
_MAX_ARRAY_STRINGS = 32 * 1024 * 1024

_STRING, _ARRAY = 8, 9
_VALUE_TYPES: dict[int, tuple[str, str]] = {
    0: ("uint8", "B"),
    1: ("int8", "b"),
    2: ("uint16", "H"),
    3: ("int16", "h"),
    4: ("uint32", "I"),
    5: ("int32", "i"),
    6: ("float32", "f"),
    7: ("bool", "?"),
    10: ("uint64", "Q"),
    11: ("int64", "q"),
    12: ("float64", "d"),
}

_DOWNLOAD_AGAIN = "The file is incomplete or damaged: fetch it again, and compare its size with the source's"
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "it is a Git LFS pointer, not the model", "Run git lfs pull to get the model itself"),
    (b"\0\0\0\0", "it was left unfinished by the program that wrote it", "Make or fetch it again"),
    (b"<", "it is a web page", "The download went to a page: use the file's direct link"),
    (b"PK\x03\x04", "it is a zip or PyTorch file", "Convert it to GGUF first"),
    (b"lmgg", "it is in the old GGML format", "Get a GGUF of the model; old formats no longer run"),
    (b"tjgg", "it is in the old GGJT format", "Get a GGUF of the model; old formats no longer run"),
)


@dataclass(frozen=True, slots=True)
class GgufArray:
    """A long array that was not loaded: the type of its items, their number, and the first few."""

    type: str
    count: int
    first: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor: `shape` as in the file (fastest dimension first), `offset` from the start of the data."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def type_name(self) -> str:
        """The type's name, or its number where this version doesn't know it."""
        known = TENSOR_TYPES.get(self.type)
        return known[0] if known else f"type {self.type}"

    @property
    def element_count(self) -> int:
        """How many numbers it holds."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def size_bytes(self) -> int | None:
        """How many bytes its data takes; None for an unknown type."""
        known = TENSOR_TYPES.get(self.type)
        if known is None:
            return None
        _, block_elements, block_bytes = known
        return -(-self.element_count // block_elements) * block_bytes


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says of itself. Short arrays are tuples, long ones GgufArray.

    `problems` name what is wrong with the file although its header can be read.
    """

    version: int
    byte_order: str
    metadata: Mapping[str, object]
    tensors: tuple[GgufTensor, ...]
    data_offset: int
    alignment: int
    size_bytes: int
    problems: tuple[str, ...]

    @property
    def architecture(self) -> str:
        """`general.architecture`; "" where the file has none."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def parameter_count(self) -> int:
        """How many weights the model has."""
        return sum(tensor.element_count for tensor in self.tensors)

    @property
    def quantization(self) -> str:
        """The name of `general.file_type`; "" where it is missing or unknown."""
        file_type = self.metadata.get("general.file_type")
        return FILE_TYPES.get(file_type, "") if isinstance(file_type, int) else ""


def read_header(source: Read | bytes | memoryview, size_bytes: int, whole: Collection[str] = ()) -> GgufHeader:
    """Read the header from a function of offset and length, or from a buffer (bytes, memoryview, mmap).

    `whole` names arrays to load in full, as tokenizer.ggml.tokens. Raises GGUF_INVALID with `details.offset`.
    """
    reader = _Reader(source, size_bytes)
    version = reader.start()
    tensor_count = reader.count("tensors", _MAX_TENSORS)
    key_count = reader.count("keys", _MAX_KEYS)
    metadata: dict[str, object] = {}
    for _ in range(key_count):
        key = reader.text(_MAX_NAME_BYTES, "a key")
        if key in metadata:
            raise reader.corrupt(f"the key {key} comes twice")
        metadata[key] = reader.value(key, key in whole)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise reader.corrupt(f"general.alignment is {alignment}, not a power of two")
    tensors = tuple(reader.tensor() for _ in range(tensor_count))
    data_offset = -(-reader.position // alignment) * alignment
    return GgufHeader(
        version=version,
        byte_order="big" if reader.order == ">" else "little",
        metadata=metadata,
        tensors=tensors,
        data_offset=data_offset,
        alignment=alignment,
        size_bytes=size_bytes,
        problems=tuple(_problems(tensors, data_offset, alignment, size_bytes)),
    )


def summary(header: GgufHeader) -> dict[str, object]:
    """The header as `aether gguf` prints it; values are such that JSON takes them."""
    metadata, architecture = header.metadata, header.architecture
    types: dict[str, int] = {}
    for tensor in header.tensors:
        types[tensor.type_name] = types.get(tensor.type_name, 0) + 1
    tokens = metadata.get("tokenizer.ggml.tokens")
    return {
        "name": metadata.get("general.name", ""),
        "architecture": architecture,
        "quantization": header.quantization,
        "parameter_count": header.parameter_count,
        "context_length": metadata.get(f"{architecture}.context_length"),
        "block_count": metadata.get(f"{architecture}.block_count"),
        "embedding_length": metadata.get(f"{architecture}.embedding_length"),
        "vocabulary": tokens.count
        if isinstance(tokens, GgufArray)
        else len(tokens)
        if isinstance(tokens, tuple)
        else 0,
        "tokenizer": " ".join(str(metadata.get(f"tokenizer.ggml.{key}", "")) for key in ("model", "pre")).strip(),
        "chat_template": "tokenizer.chat_template" in metadata,
        "gguf_version": header.version,
        "byte_order": header.byte_order,
        "size_bytes": header.size_bytes,
        "data_offset": header.data_offset,
        "tensor_count": len(header.tensors),
        "tensor_types": types,
        "problems": list(header.problems),
        "metadata": {key: _plain(value) for key, value in metadata.items()},
    }


def _plain(value: object) -> object:
    if isinstance(value, GgufArray):
        return {"type": value.type, "count": value.count, "first": list(value.first)}
    return list(value) if isinstance(value, tuple) else value


def _problems(tensors: tuple[GgufTensor, ...], data_offset: int, alignment: int, size_bytes: int) -> list[str]:
    """What the extents of the tensors say: data that is missing, or not where it must be."""
    end = data_offset if tensors else 0
    problems: list[str] = []
    for tensor in tensors:
        if tensor.offset % alignment and not problems:
            problems.append(f"tensor {tensor.name} starts at {tensor.offset}, which is no multiple of {alignment}")
        end = max(end, data_offset + tensor.offset + (tensor.size_bytes or 0))
    if end > size_bytes:
        problems.insert(0, f"truncated: {end - size_bytes:,} bytes missing of {end:,}")
    return problems


class _Reader:
    """Walks over the header with a small window into the file."""

    def __init__(self, source: Read | bytes | memoryview, size_bytes: int) -> None:
        self._read: Read
        if callable(source):
            self._read = source
        else:
            view = memoryview(source)
            self._read = lambda offset, length: bytes(view[offset : offset + length])
        self._size = size_bytes
        self._base = 0
        self._window = b""
        self._at = 0
        self._array_strings = 0
        self.order = "<"

    @property
    def position(self) -> int:
        """Bytes from the start of the file."""
        return self._base + self._at

    def start(self) -> int:
        """Check the magic, learn the byte order, and return the version."""
        head = self._read(0, 32)
        if not head:
            raise _error("The file is empty", _DOWNLOAD_AGAIN, 0)
        if head[:4] != MAGIC:
            for mark, what, remedy in _FOREIGN:
                if head.startswith(mark):
                    raise _error(f"This is not a GGUF file: {what}", remedy, 0)
            if head[8:9] == b"{":
                raise _error("This is not a GGUF file: it is safetensors", "Convert it to GGUF first", 0)
            raise _error(f"This is not a GGUF file: it starts with {head[:4]!r}", "Choose a .gguf file", 0)
        self._skip(4)
        # A version is a small number, so in the wrong byte order its low half is zero.
        version = self._number("I", "the version")
        if version and not version & 0xFFFF:
            self.order = ">"
            version = int.from_bytes(version.to_bytes(4, "little"), "big")
        if version == 1:
            raise _error("This is a GGUF file of version 1", "Get a newer GGUF of the model; no engine reads it", 4)
        if version not in (2, 3):
            raise _error(f"This is a GGUF file of version {version}", "Versions 2 and 3 can be read", 4)
        return version

    def count(self, what: str, limit: int) -> int:
        """The number of things that follow, checked against what a file could hold."""
        number = self._number("Q", f"the number of {what}")
        if number > limit:
            raise self.corrupt(f"it claims to have {number:,} {what}")
        return number

    def text(self, limit: int, what: str) -> str:
        """A string."""
        length = self._number("Q", what)
        if length > limit:
            raise self.corrupt(f"{what} claims to be {length:,} bytes long")
        return self._bytes(length, what).decode("utf-8", "replace")

    def value(self, key: str, whole: bool) -> object:
        """The value of a key."""
        kind = self._number("I", key)
        if kind == _STRING:
            return self.text(_MAX_TEXT_BYTES, key)
        if kind == _ARRAY:
            return self._array(key, whole)
        if kind not in _VALUE_TYPES:
            raise self.corrupt(f"{key} has the unknown type {kind}")
        return self._tidy(self._unpack(_VALUE_TYPES[kind][1], key)[0], kind)

    def tensor(self) -> GgufTensor:
        """One tensor's description."""
        name = self.text(_MAX_NAME_BYTES, "the name of a tensor")
        dimensions = self._number("I", name)
        if dimensions > _MAX_DIMENSIONS:
            raise self.corrupt(f"tensor {name} claims to have {dimensions} dimensions")
        *shape, kind, offset = self._unpack(f"{dimensions}QIQ", name)
        return GgufTensor(name, tuple(shape), kind, offset)

    def corrupt(self, what: str) -> AetherError:
        """The error for a header that makes no sense here."""
        return _error(f"The header is damaged: {what}", _DOWNLOAD_AGAIN, self.position)

    def _array(self, key: str, whole: bool) -> object:
        kind, count = self._unpack("IQ", key)
        if kind == _STRING:
            return self._string_array(key, count, whole)
        if kind not in _VALUE_TYPES:
            raise self.corrupt(f"{key} is an array of the unknown type {kind}")
        name, code = _VALUE_TYPES[kind]
        length = count * struct.calcsize(code)
        self._need(length, key)
        load = count if whole or count <= SHORT_ARRAY_NUMBERS else FIRST_ITEMS
        items = tuple(self._tidy(item, kind) for item in self._unpack(f"{load}{code}", key))
        self._skip(length - load * struct.calcsize(code))
        return items if load == count else GgufArray(name, count, items)

    def _string_array(self, key: str, count: int, whole: bool) -> object:
        self._need(count * 8, key)
        self._array_strings += count
        if self._array_strings > _MAX_ARRAY_STRINGS:
            raise self.corrupt(f"{key} claims to have {count:,} texts")
        load = count if whole or count <= SHORT_ARRAY_STRINGS else FIRST_ITEMS
        items = tuple(self.text(_MAX_TEXT_BYTES, key) for _ in range(load))
        self._hop(count - load, key)
        return items if load == count else GgufArray("string", count, items)

    def _hop(self, count: int, key: str) -> None:
        """Pass over strings. This loop is where the time goes: it makes no object but the lengths."""
        unpack = struct.Struct(self.order + "Q").unpack_from
        left = count
        while left:
            window, at, current = self._window, self._at, left
            try:
                for current in range(left, 0, -1):  # noqa: B007 - tells how far it came when the window ends
                    at += 8 + unpack(window, at)[0]
                left = 0
                self._at = at
            except (struct.error, OverflowError):
                left = current
                self._at = at
                self._fill(8, key)
        self._need(0, key)

    def _tidy(self, value: Scalar, kind: int) -> Scalar:
        """A float32 as the short decimal that was meant: 0.7, not 0.699999988079071."""
        if kind != 6 or not isinstance(value, float):
            return value
        short = float(f"{value:.7g}")
        return short if struct.pack("<f", short) == struct.pack("<f", value) else value

    def _number(self, code: str, what: str) -> int:
        return int(self._unpack(code, what)[0])

    def _unpack(self, codes: str, what: str) -> tuple[int, ...]:
        layout = struct.Struct(self.order + codes)
        self._fill(layout.size, what)
        values = layout.unpack_from(self._window, self._at)
        self._at += layout.size
        return values

    def _bytes(self, length: int, what: str) -> bytes:
        self._fill(length, what)
        self._at += length
        return self._window[self._at - length : self._at]

    def _skip(self, length: int) -> None:
        self._at += length

    def _need(self, length: int, what: str) -> None:
        """Refuse when the file is too short for what is to come."""
        missing = self.position + length - self._size
        if missing > 0:
            raise _error(
                f"The file ends within its header, at {what}: at least {missing:,} bytes are missing",
                _DOWNLOAD_AGAIN,
                self.position,
            )

    def _fill(self, length: int, what: str) -> None:
        """Make the next `length` bytes lie in the window."""
        if self._at + length <= len(self._window):
            return
        self._need(length, what)
        self._base, self._at = self.position, 0
        self._window = self._read(self._base, max(length, WINDOW_BYTES))
        if len(self._window) < length:
            self._size = self._base + len(self._window)
            self._need(length, what)


def _error(message: str, remedy: str, offset: int) -> AetherError:
    return AetherError(ErrorCode.GGUF_INVALID, message, remedy, {"offset": offset})
