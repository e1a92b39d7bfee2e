"""The parser answers as Ollama's does."""

from __future__ import annotations

from typing import Any

import pytest

from aether_tui.core.errors import ErrorCode
from aether_tui.core.modelfile import ModelfileError, parse
from tests.core.modelfile.vectors import data_of, name_of, vectors


@pytest.mark.parametrize("vector", [v for v in vectors("parse", "roundtrip") if not v["error"]], ids=name_of)
def test_commands_are_ollamas(vector: dict[str, Any]) -> None:
    commands = parse(data_of(vector)).commands
    assert [{"name": command.name, "args": command.args} for command in commands] == vector["expected"]


@pytest.mark.parametrize("vector", [v for v in vectors("parse", "roundtrip") if v["error"]], ids=name_of)
def test_errors_are_ollamas(vector: dict[str, Any]) -> None:
    expected = vector["error"]
    with pytest.raises(ModelfileError) as caught:
        parse(data_of(vector))
    error = caught.value
    assert error.code is ErrorCode.MODELFILE_INVALID
    assert (error.kind, error.line, error.verdict) == (expected["kind"], expected.get("line"), expected["message"])
    assert error.ollama_message.startswith(expected["real_message"])
    assert error.details["line"] == expected.get("line")


@pytest.mark.parametrize("vector", [v for v in vectors("parse", "roundtrip") if not v["error"]], ids=name_of)
def test_writing_an_untouched_file_gives_its_bytes(vector: dict[str, Any]) -> None:
    assert parse(data_of(vector)).to_bytes() == data_of(vector)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FROM foo\nPARAMETER param1\n", "unexpected EOF: param1"),
        ("FROM foo\nPARAMETER top-p 1\n", "unexpected EOF: top"),
        ("FROM foo\nMESSAGE user: hi\n", "unexpected EOF: user"),
        ("FROM foo\nMESSAGE USER hi\n", '(line 2): message role must be one of "system", "user", or "assistant"'),
        ("FROM foo\nSYSTEM", "unexpected EOF"),
    ],
)
def test_the_real_parser_printed_this(text: str, message: str) -> None:
    with pytest.raises(ModelfileError) as caught:
        parse(text)
    assert caught.value.ollama_message == message
