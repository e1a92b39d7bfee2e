"""What the highlighter says of each part of a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether_tui.core.modelfile.highlight import highlight


def roles(text: str) -> list[list[tuple[str, str]]]:
    lines = text.replace("\r\n", "\n").split("\n")
    return [
        [(line[span.start : span.end], span.role) for span in spans]
        for line, spans in zip(lines, highlight(text), strict=False)
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# a note", [("# a note", "comment")]),
        ("FROM llama3.1:8b", [("FROM", "keyword"), ("llama3.1:8b", "text")]),
        ("  parameter seed -1 ", [("parameter", "keyword"), ("seed", "name"), ("-1", "number")]),
        ("PARAMETER temperature 7e-1", [("PARAMETER", "keyword"), ("temperature", "name"), ("7e-1", "number")]),
        ("PARAMETER use_mmap true", [("PARAMETER", "keyword"), ("use_mmap", "name"), ("true", "text")]),
        ('PARAMETER stop "a b"', [("PARAMETER", "keyword"), ("stop", "name"), ('"a b"', "string")]),
        ("PARAMETER top-p 1", [("PARAMETER", "keyword"), ("top-p", "error"), ("1", "number")]),
        ("MESSAGE user hi you", [("MESSAGE", "keyword"), ("user", "keyword"), ("hi you", "string")]),
        ("MESSAGE USER hi", [("MESSAGE", "keyword"), ("USER", "error"), ("hi", "string")]),
        ("SYSTEM be kind # now", [("SYSTEM", "keyword"), ("be kind # now", "string")]),
        ("LICENCE MIT", [("LICENCE MIT", "error")]),
        ("SYSTEM", [("SYSTEM", "error")]),
        ("", []),
        (" \t", []),
    ],
)
def test_one_line(line: str, expected: list[tuple[str, str]]) -> None:
    assert roles(f"{line}\nFROM x")[0] == expected


def test_a_value_over_several_lines() -> None:
    text = 'SYSTEM """You are\n# no comment\n\nFROM here"""  \r\nPARAMETER stop "a\nb"\nFROM x'
    assert roles(text) == [
        [("SYSTEM", "keyword"), ('"""You are', "string")],
        [("# no comment", "string")],
        [],
        [('FROM here"""  ', "string")],
        [("PARAMETER", "keyword"), ("stop", "name"), ('"a', "string")],
        [('b"', "string")],
        [("FROM", "keyword"), ("x", "text")],
    ]


@given(st.text(st.sampled_from('FROMSYTE #"\n\r\tax1é'), max_size=60))
def test_spans_lie_in_order_within_their_lines(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line, spans in zip(lines, highlight(text), strict=False):
        edges = [edge for span in spans for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert not edges or edges[-1] <= len(line)
