"""How errors speak: sentence case, no full stop at the end, no exclamation marks, nothing done "successfully"."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGE = ROOT / "aether_tui"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def texts_of(node: ast.expr) -> Iterator[tuple[str, str]]:
    """Beginning and end of every text that an argument can be; "" where a value stands there."""
    match node:
        case ast.Constant(value=str(text)):
            yield text, text
        case ast.JoinedStr(values=parts) if parts:
            ends = [str(part.value) if isinstance(part, ast.Constant) else "" for part in (parts[0], parts[-1])]
            yield ends[0], ends[1]
        case ast.IfExp(body=one, orelse=other):
            yield from texts_of(one)
            yield from texts_of(other)
        case ast.BinOp(left=left, right=right):
            for (first, _), (_, last) in zip(texts_of(left), texts_of(right), strict=False):
                yield first, last


def errors_in(path: Path) -> Iterator[tuple[int, str, str]]:
    """Message and remedy of every AetherError of a module, by line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AetherError":
            for argument in node.args[1:3]:
                for first, last in texts_of(argument):
                    yield argument.lineno, first, last


def is_identifier(text: str) -> bool:
    """Whether a text begins with a name of ours, which keeps its own case."""
    word = text.split()[0]
    return "_" in word or "/" in word or "." in word.rstrip(".,:;")


def faults(first: str, last: str) -> list[str]:
    found = []
    if first[:1].islower() and not is_identifier(first):
        found.append("begins with a small letter")
    if last.rstrip().endswith((".", "!")):
        found.append("ends with a full stop")
    if "!" in first + last or "successfully" in first + last:
        found.append("shouts")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_errors_are_sentences(path: Path) -> None:
    wrong = [f"{line}: {fault}: {first}" for line, first, last in errors_in(path) for fault in faults(first, last)]
    assert wrong == []


def test_remedies_in_the_data_are_sentences() -> None:
    features = json.loads((PACKAGE / "data" / "servers.json").read_text(encoding="utf-8"))["features"]
    remedies = [feature["remedy"] for feature in features.values() if "remedy" in feature]
    assert len(remedies) > 3
    assert [remedy for remedy in remedies if faults(remedy, remedy)] == []


def test_the_rules_catch_what_they_are_for() -> None:
    assert faults("stopped. then", "and gone.") == ["begins with a small letter", "ends with a full stop"]
    assert faults("Done successfully!", "Done successfully!") == ["ends with a full stop", "shouts"]
    assert faults("num_ctx is too large", "num_ctx is too large") == []
