"""A Modelfile as an immutable document: what Ollama reads from it, and every byte of how it was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import cast

from aether_tui.core.messages import Message, Role
from aether_tui.core.modelfile import edits
from aether_tui.core.modelfile.parser import KEYWORDS, Node, parse_nodes
from aether_tui.core.modelfile.source import Encoding, decode

_COMMAND_NAMES = {keyword: keyword.lower() for keyword in KEYWORDS} | {"FROM": "model"}


@dataclass(frozen=True, slots=True)
class Command:
    """One instruction as Ollama's parser answers it: FROM is "model", PARAMETER x is "x", MESSAGE "role: text"."""

    name: str
    args: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction and where it stands; lines count from 1 as an editor counts them, columns too.

    `name` is a PARAMETER's name or a MESSAGE's role, `args` the value as Ollama reads it, `written` the value with the
    characters that Ollama would drop, `raw` the exact text without its line end.
    """

    keyword: str
    name: str
    args: str
    line: int
    end_line: int
    column: int
    raw: str
    written: str


class Modelfile:
    """A parsed file. Edits give a new document and keep all other bytes; values are given and returned as written."""

    def __init__(self, nodes: Iterable[Node], encoding: Encoding) -> None:
        self._nodes = tuple(nodes)
        self._encoding = encoding

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Modelfile):
            return NotImplemented
        return self is other or (self._encoding == other._encoding and self._source == other._source)

    def __hash__(self) -> int:
        return hash((self._encoding, self._source))

    def __repr__(self) -> str:
        return f"Modelfile({self.text[:60]!r})"

    @cached_property
    def _source(self) -> str:
        return "".join(node.raw for node in self._nodes)

    @cached_property
    def text(self) -> str:
        """The file as text to show: no byte order mark, undecodable bytes as replacement characters."""
        return self._encoding.readable(self._source)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of `text` without their ends; not to be changed."""
        return split_lines(self.text)

    def to_bytes(self) -> bytes:
        """The file's bytes; those that were read, if nothing was changed."""
        return self._encoding.encode(self._source)

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        """All instructions in file order."""
        found, line = [], 1
        for node in self._nodes:
            if node.keyword:
                body = node.body
                inner = node.line_ends - (len(node.raw) > node.indent + len(body))
                written = node.written
                found.append(
                    Instruction(node.keyword, node.name, node.args, line, line + inner, node.indent + 1, body, written)
                )
            line += node.line_ends
        return tuple(found)

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """What Ollama's parser answers for this file."""
        return tuple(_command(node) for node in self._nodes if node.keyword)

    @cached_property
    def parameters(self) -> Mapping[str, tuple[str, ...]]:
        """The written values of each PARAMETER in file order; for all but lists the last one counts."""
        found: dict[str, tuple[str, ...]] = {}
        for node in self._nodes:
            if node.keyword == "PARAMETER":
                found[node.name] = (*found.get(node.name, ()), node.written)
        return MappingProxyType(found)

    def get(self, keyword: str) -> str | None:
        """The written value of the last FROM, SYSTEM, TEMPLATE, …: the one that counts; None where there is none."""
        return next((node.written for node in reversed(self._nodes) if node.keyword == keyword), None)

    def all(self, keyword: str) -> tuple[str, ...]:
        """The written values of every FROM, LICENSE, …"""
        return tuple(node.written for node in self._nodes if node.keyword == keyword)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The MESSAGEs in file order."""
        return tuple(
            Message(cast("Role", node.name), node.written) for node in self._nodes if node.keyword == "MESSAGE"
        )

    def position_of(self, subject: str) -> int | None:
        """The line of the instruction that counts for a keyword (upper case) or a parameter name."""
        line, found = 1, None
        for node in self._nodes:
            if (node.keyword == subject) if subject in KEYWORDS else (node.keyword and node.name == subject):
                found = line
            line += node.line_ends
        return found

    def with_parameter(self, name: str, values: Sequence[str]) -> Modelfile:
        """The document with these values for a PARAMETER; lines whose value stays are not touched."""
        return self._edited(edits.set_parameter(self._nodes, name, values))

    def without_parameter(self, name: str) -> Modelfile:
        """The document with no PARAMETER of this name."""
        return self.with_parameter(name, ())

    def with_instruction(self, keyword: str, value: str) -> Modelfile:
        """The document with this value in the last FROM, SYSTEM, TEMPLATE, …, or with a new one."""
        return self._edited(edits.set_instruction(self._nodes, keyword, value))

    def without_repeats(self, keyword: str) -> Modelfile:
        """The document with only the last instruction of this keyword: the one that counts."""
        return self._edited(edits.keep_last(self._nodes, keyword))

    def without_instruction(self, keyword: str) -> Modelfile:
        """The document with no instruction of this keyword; FROM cannot be taken out."""
        return self._edited(edits.remove_instruction(self._nodes, keyword))

    def with_messages(self, messages: Sequence[Message]) -> Modelfile:
        """The document with these MESSAGEs; those that stay are not touched."""
        return self._edited(edits.set_messages(self._nodes, messages))

    def with_licenses(self, licenses: Sequence[str]) -> Modelfile:
        """The document with these LICENSEs; those that stay are not touched."""
        return self._edited(edits.set_licenses(self._nodes, licenses))

    def _edited(self, nodes: tuple[Node, ...]) -> Modelfile:
        if nodes is self._nodes:
            return self
        # A CR that a removed line left before an LF is one line end now, so the cut has to be made anew.
        if any(before.raw.endswith("\r") and after.raw.startswith("\n") for before, after in pairwise(nodes)):
            nodes = parse_nodes("".join(node.raw for node in nodes), self._encoding)
        return Modelfile(nodes, self._encoding)


def split_lines(text: str) -> list[str]:
    """The lines of a text as an editor shows them; CRLF, CR and LF end a line, nothing else does."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _command(node: Node) -> Command:
    if node.keyword == "PARAMETER":
        return Command(node.name, node.args)
    if node.keyword == "MESSAGE":
        return Command("message", f"{node.name}: {node.args}")
    return Command(_COMMAND_NAMES[node.keyword], node.args)


def parse(data: bytes | str) -> Modelfile:
    """The document of a file's bytes (or text); raises ModelfileError where Ollama's parser would refuse it."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    encoding, source = decode(data)
    return Modelfile(parse_nodes(source, encoding), encoding)


def new_document(model: str) -> Modelfile:
    """A Modelfile of one line: FROM a model name or a path."""
    return parse("FROM x\n").with_instruction("FROM", model)
