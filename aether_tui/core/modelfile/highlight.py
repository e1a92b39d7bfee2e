"""Which part of a Modelfile's text plays which role, line by line; works on files that do not parse too."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from aether_tui.core.modelfile.document import split_lines
from aether_tui.core.modelfile.parser import KEYWORDS, ROLES

SpanRole = Literal["keyword", "name", "number", "string", "comment", "text", "error"]

_WORD = re.compile(r"[ \t]*(\S+)(?:[ \t]|$)")
_SECOND = re.compile(r"([^ \t]*)[ \t]?")
_VALUE = re.compile(r"[ \t]*(.*?)[ \t]*$", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_]+")
_REMEMBERED_LENGTH = 300
_PROSE = frozenset({"SYSTEM", "TEMPLATE", "MESSAGE", "LICENSE"})


class Span(NamedTuple):
    """The characters from `start` to before `end` of one line."""

    start: int
    end: int
    role: SpanRole


def highlight(text: str) -> list[list[Span]]:
    """The spans of each line, in order and without overlap; what has no span is blank. Not to be changed."""
    result = []
    open_mark = ""
    for line in split_lines(text):
        if open_mark:
            spans = _whole_line(len(line))
            if open_mark in line and line.rstrip(" \t").endswith(open_mark):
                open_mark = ""
        else:
            spans, open_mark = (_remembered if len(line) < _REMEMBERED_LENGTH else _instruction)(line)
        result.append(spans)
    return result


@lru_cache(maxsize=512)
def _whole_line(length: int) -> list[Span]:
    return [Span(0, length, "string")] if length else []


def _instruction(line: str) -> tuple[list[Span], str]:
    """The spans of a line where an instruction could begin, and the quotes that it leaves open."""
    match = _WORD.match(line)
    if match is None:
        return [], ""
    start, end = match.span(1)
    if line[start] == "#":
        return [Span(start, len(line), "comment")], ""
    keyword = match[1].upper()
    if keyword not in KEYWORDS:
        return [Span(start, len(line), "error")], ""
    spans = [Span(start, end, "keyword" if match.end() > end else "error")]
    position = match.end()
    if keyword in ("PARAMETER", "MESSAGE"):
        second = _SECOND.match(line, position)
        if second and second[1]:
            spans.append(Span(*second.span(1), _second_role(keyword, second[1])))
        position = second.end() if second else position
    value = _VALUE.match(line, position)
    if value is None or not value[1]:
        return spans, ""
    spans.append(Span(*value.span(1), _value_role(keyword, value[1])))
    return spans, _left_open(value[1])


_remembered = lru_cache(maxsize=2048)(_instruction)


def _second_role(keyword: str, word: str) -> SpanRole:
    if keyword == "MESSAGE":
        return "keyword" if word in ROLES else "error"
    return "name" if _PARAMETER_NAME.fullmatch(word) else "error"


def _value_role(keyword: str, value: str) -> SpanRole:
    if value.startswith('"') or keyword in _PROSE:
        return "string"
    return "number" if keyword == "PARAMETER" and _NUMBER.fullmatch(value) else "text"


def _left_open(value: str) -> str:
    mark = '"""' if value.startswith('"""') else '"' if value.startswith('"') else ""
    closed = len(value) >= 2 * len(mark) and value.endswith(mark)
    return "" if closed else mark
