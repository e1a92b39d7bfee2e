"""Reads a Modelfile as Ollama's parser does (its ParseFile), keeping every character of it.

The text is cut into nodes: an instruction with its line end, or the blank lines and comments between two of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from aether_tui.core.modelfile import refusals
from aether_tui.core.modelfile.printable import WHITESPACE, dropped_characters, without
from aether_tui.core.modelfile.source import Encoding

KEYWORDS = (
    "FROM",
    "ADAPTER",
    "DRAFT",
    "PARAMETER",
    "TEMPLATE",
    "SYSTEM",
    "RENDERER",
    "PARSER",
    "REQUIRES",
    "MESSAGE",
    "LICENSE",
)
ROLES = ("system", "user", "assistant")

_KNOWN = frozenset(KEYWORDS)
_BETWEEN = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
_LETTERS = re.compile(r"[A-Za-z]*")
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_]*")
_UNDECODABLE = re.compile("[\ud800-\udfff]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_NEWLINE = re.compile(r"[\r\n]")


@dataclass(frozen=True, slots=True)
class Node:
    """A stretch of the file. `keyword` is "" for blank lines and comments.

    `name` is a PARAMETER's name or a MESSAGE's role. `args` is the value as Ollama reads it, `written` the same with
    the characters that Ollama drops still in it. `start` and `end` span the written value, quotes included, in `raw`.
    """

    raw: str
    line_ends: int
    keyword: str = ""
    name: str = ""
    args: str = ""
    written: str = ""
    indent: int = 0
    start: int = 0
    end: int = 0

    @property
    def body(self) -> str:
        """The instruction without indentation and line end."""
        return self.raw[self.indent :].rstrip("\r\n")


def count_line_ends(text: str) -> int:
    """How many lines `text` ends, with CRLF as one line end."""
    if "\r" not in text:
        return text.count("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def parse_nodes(source: str, encoding: Encoding) -> tuple[Node, ...]:
    """Cut a whole file into nodes; raises ModelfileError where Ollama's parser would refuse it."""
    nodes = tuple(Scanner(source, encoding).nodes())
    if not any(node.keyword == "FROM" for node in nodes):
        raise refusals.missing_from()
    return nodes


class Scanner:
    """One pass over a text."""

    def __init__(self, source: str, encoding: Encoding, dropped: str | None = None) -> None:
        """`dropped`: what of the text Ollama drops, where the caller knows it already."""
        self._source = source
        self._encoding = encoding
        self._dropped = dropped_characters(source) if dropped is None else dropped
        self._previous: Node | None = None

    def nodes(self) -> Iterator[Node]:
        """The nodes in file order; their raw texts joined are the file."""
        source, position = self._source, 0
        while position < len(source):
            match = _BETWEEN.match(source, position)
            found = match.end() if match else position
            start = found if found == len(source) else _line_start(source, position, found)
            if start > position:
                raw = source[position:start]
                yield Node(raw, count_line_ends(raw))
            if found == len(source):
                return
            node = self._instruction(start, found)
            self._previous = node
            yield node
            position = start + len(node.raw)

    def _instruction(self, start: int, found: int) -> Node:
        """The instruction whose line begins at `start` and whose keyword begins at `found`."""
        source = self._source
        word, position = self._word(found)
        keyword = word.upper()
        name = ""
        if keyword == "PARAMETER":
            name, position = self._parameter_name(position)
        elif keyword == "MESSAGE":
            name, position = self._role(position)
        end = self._value_end(position, start)
        line_end = _LINE_END.match(source, end)
        raw = source[start : line_end.end() if line_end else end]
        args, written = self._value(position, end)
        value = source[position:end]
        bare_start = position + len(value) - len(value.lstrip(WHITESPACE))
        bare_end = max(bare_start, position + len(value.rstrip(WHITESPACE)))
        # An empty value has its place right behind the one space that must be there.
        if not value.strip(WHITESPACE):
            bare_start = bare_end = position
        return Node(
            raw, count_line_ends(raw), keyword, name, args, written, found - start, bare_start - start, bare_end - start
        )

    def _word(self, found: int) -> tuple[str, int]:
        """The keyword at `found` and where its value begins."""
        source = self._source
        # Ollama takes any first character unseen, and drops one that isn't printable.
        first = self._first_character(found)
        match = _LETTERS.match(source, first)
        end = match.end() if match else first
        word = without(source[found:end], self._dropped)
        if end == len(source):
            self._refuse_end(found)
        if source[end] not in " \t" or word.upper() not in _KNOWN or not word.isascii():
            raise refusals.invalid_command(source, found, end, self._previous)
        return word, end + 1

    def _first_character(self, found: int) -> int:
        """Where the character at `found` ends; undecodable bytes may be one character together."""
        run = _UNDECODABLE.match(self._source, found)
        if run and len(self._encoding.readable(run[0])) == 1:
            return run.end()
        return found + 1

    def _parameter_name(self, start: int) -> tuple[str, int]:
        match = _PARAMETER_NAME.match(self._source, start)
        end = match.end() if match else start
        if end == len(self._source):
            self._refuse_end(start)
        if self._source[end] not in " \t":
            raise refusals.bad_parameter_name(self._source, start, end)
        return self._source[start:end], end + 1

    def _role(self, start: int) -> tuple[str, int]:
        match = _LETTERS.match(self._source, start)
        end = match.end() if match else start
        if end == len(self._source):
            self._refuse_end(start)
        role = self._source[start:end]
        if self._source[end] not in " \t":
            raise refusals.bad_role_end(self._source, start, end)
        if role not in ROLES:
            raise refusals.invalid_role(self._source, start, end)
        return role, end + 1

    def _refuse_end(self, position: int) -> NoReturn:
        raise refusals.ends_too_soon(self._source, position)

    def _value_end(self, position: int, start: int) -> int:
        """Where the value at `position` ends: its newline, or the end of the file."""
        source = self._source
        first = _NEWLINE.search(source, position)
        end = first.start() if first else len(source)
        head = without(source[position:end], self._dropped).lstrip(" \t")
        if not head.startswith('"'):
            return end
        mark = '"""' if head.startswith('"""') else '"'
        closing = _closing(mark, self._dropped)
        search_from = position
        while match := closing.search(source, search_from):
            value = without(source[position : match.end()], self._dropped).strip(WHITESPACE)
            if len(value) >= 2 * len(mark):
                return match.end()
            search_from = match.end()
        raise refusals.unclosed_quote(source, start, mark)

    def _value(self, position: int, end: int) -> tuple[str, str]:
        """The value as Ollama reads it, and as it is written."""
        text = self._encoding.readable(self._source[position:end])
        dropped = self._dropped
        args = unquote(without(text, dropped).strip(WHITESPACE))
        if not dropped:
            return args, args
        written = unquote(text.strip(WHITESPACE + dropped))
        # A dropped character inside the quotes themselves leaves only Ollama's reading.
        return args, written if without(written, dropped) == args else args


def _line_start(source: str, begin: int, found: int) -> int:
    """Where the line of `found` begins, not before `begin`."""
    return max(source.rfind("\n", begin, found), source.rfind("\r", begin, found)) + 1 or begin


@lru_cache(maxsize=64)
def _closing(mark: str, dropped: str) -> re.Pattern[str]:
    """Finds a closing quote: `mark`, then nothing visible up to the line end or the end of the file."""
    between = f"[{re.escape(dropped)}]*" if dropped else ""
    blank = f"[ \\t{re.escape(dropped)}]*"
    return re.compile(between.join(mark) + blank + r"(?=[\r\n]|\Z)")


def unquote(value: str) -> str:
    """A complete value without its quotes."""
    if value.startswith('"""'):
        return value[3:-3]
    return value[1:-1] if value.startswith('"') else value
