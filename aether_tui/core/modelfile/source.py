"""From the bytes of a Modelfile to text and back, losing nothing: byte order marks, UTF-16, invalid bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Codec = Literal["utf-8", "utf-16-le", "utf-16-be"]

_UTF8_MARK = b"\xef\xbb\xbf"
_LONE = re.compile("[\ud800-\udfff]+")
# Go's UTF-16 decoder turns a lone surrogate and a low one after it into a single replacement character.
_LONE_UTF16 = re.compile("[\ud800-\udfff][\udc00-\udfff]?")
_TAIL_MARK = "\ud800"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file was written: its codec, its byte order mark, and the odd last byte of a UTF-16 file.

    `damaged` says that the text has lone surrogates in it, which stand for bytes that the codec cannot read.
    """

    codec: Codec = "utf-8"
    mark: bytes = b""
    tail: bytes = b""
    damaged: bool = False

    @property
    def errors(self) -> str:
        """The error handler that carries undecodable bytes through text as lone surrogates."""
        return "surrogateescape" if self.codec == "utf-8" else "surrogatepass"

    def encode(self, source: str) -> bytes:
        """The bytes of `source`, a text that `decode` gave or that was made from one."""
        tail = self.tail if source.endswith(_TAIL_MARK) else b""
        if tail:
            source = source[:-1]
        return self.mark + source.encode(self.codec, self.errors) + tail

    def readable(self, source: str) -> str:
        """`source` as Ollama reads it: undecodable bytes are replacement characters."""
        if not self.damaged or source.isascii():
            return source
        if self.codec != "utf-8":
            return _LONE_UTF16.sub("\ufffd", source)
        if self.mark:
            # Behind a UTF-8 mark Go reads each bad byte for itself, without one each bad sequence.
            return _LONE.sub(lambda match: "\ufffd" * len(match[0]), source)
        return source.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def decode(data: bytes) -> tuple[Encoding, str]:
    """The encoding of a file, told by its byte order mark as Ollama does, and its text without the mark."""
    if data.startswith(_UTF8_MARK):
        return _decoded("utf-8", _UTF8_MARK, data[3:])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded("utf-16-le" if data[0] == 0xFF else "utf-16-be", data[:2], data[2:])
    return _decoded("utf-8", b"", data)


def _decoded(codec: Codec, mark: bytes, body: bytes) -> tuple[Encoding, str]:
    tail = body[-1:] if codec != "utf-8" and len(body) % 2 else b""
    encoding = Encoding(codec, mark, tail, damaged=True)
    source = body[: len(body) - len(tail)].decode(codec, encoding.errors) + (_TAIL_MARK if tail else "")
    if source.isascii() or not _LONE.search(source):
        encoding = Encoding(codec, mark)
    return encoding, source


def sanitize(text: str) -> str:
    """`text` for writing into a file: lone surrogates, which no encoding has, become replacement characters."""
    return text if text.isascii() else _LONE.sub(lambda match: "\ufffd" * len(match[0]), text)
