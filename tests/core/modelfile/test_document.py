"""A Modelfile is kept byte for byte, and an edit changes only what it names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether_tui.core.chat import Message
from aether_tui.core.errors import AetherError
from aether_tui.core.modelfile import Modelfile, ModelfileError, new_document, parse

FILE = """\
# answers customers
FROM llama3.1:8b

  PARAMETER temperature   0.7
parameter stop "<|eot_id|>"
PARAMETER stop 'x'   \t
# the prompt
SYSTEM \"\"\"
You are kind.
\"\"\"
MESSAGE user hi
MESSAGE assistant "hello "
# end"""


def lines_of(document: Modelfile) -> list[str]:
    return document.text.split("\n")


def test_positions_are_those_an_editor_shows() -> None:
    document = parse('FROM a\r\n\r\n  PARAMETER top_k 1\r\nSYSTEM """x\r\ny"""\r\nMESSAGE user hi')
    places = [(item.keyword, item.line, item.end_line, item.column) for item in document.instructions]
    assert places == [("FROM", 1, 1, 1), ("PARAMETER", 3, 3, 3), ("SYSTEM", 4, 5, 1), ("MESSAGE", 6, 6, 1)]
    assert document.instructions[1].raw == "PARAMETER top_k 1"
    assert document.position_of("top_k") == 3
    assert document.position_of("SYSTEM") == 4
    assert document.position_of("seed") is None


def test_reading_it() -> None:
    document = parse(FILE)
    assert document.get("FROM") == "llama3.1:8b"
    assert document.get("SYSTEM") == "\nYou are kind.\n"
    assert document.get("TEMPLATE") is None
    assert document.parameters == {"temperature": ("0.7",), "stop": ("<|eot_id|>", "'x'")}
    assert document.messages == (Message("user", "hi"), Message("assistant", "hello "))


def test_a_changed_parameter_keeps_its_line_and_spacing() -> None:
    changed = parse(FILE).with_parameter("temperature", ["0.3"])
    assert changed.text == FILE.replace("   0.7", "   0.3")
    assert changed.parameters["temperature"] == ("0.3",)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_stay_as_they_are(line_end: str) -> None:
    text = FILE.replace("\n", line_end)
    changed = parse(text).with_parameter("temperature", ["1"]).with_parameter("top_k", ["40"])
    last = "PARAMETER stop 'x'   \t" + line_end
    expected = text.replace("0.7", "1").replace(last, last + "PARAMETER top_k 40" + line_end)
    assert changed.to_bytes() == expected.encode()


def test_the_first_parameter_goes_behind_from() -> None:
    assert parse("FROM a\nSYSTEM x").with_parameter("top_k", ["5"]).text == "FROM a\nPARAMETER top_k 5\nSYSTEM x"


def test_a_file_without_a_last_line_end_stays_so() -> None:
    assert parse("FROM a").with_parameter("top_k", ["5"]).text == "FROM a\nPARAMETER top_k 5"
    assert parse("FROM a\r\nSYSTEM x").with_messages([Message("user", "hi")]).text == (
        "FROM a\r\nSYSTEM x\r\nMESSAGE user hi"
    )


def test_lower_case_keywords_are_followed() -> None:
    assert parse("from a\nparameter seed 1\n").with_parameter("top_k", ["5"]).text == (
        "from a\nparameter seed 1\nparameter top_k 5\n"
    )


def test_stops_are_a_list_whose_unchanged_lines_stay() -> None:
    document = parse('FROM a\nPARAMETER stop "a"\n# why b\nPARAMETER stop b  \nPARAMETER stop c\n')
    assert document.with_parameter("stop", ["a", "c"]).text == 'FROM a\nPARAMETER stop "a"\n# why b\nPARAMETER stop c\n'
    assert document.with_parameter("stop", ["x", "b", "c"]).text == document.text.replace('"a"', '"x"')
    assert document.with_parameter("stop", ["new", "a", "b", "c"]).parameters["stop"] == ("new", "a", "b", "c")
    longer = document.with_parameter("stop", ["a", "b", "z", "c", "d "])
    assert lines_of(longer)[1:] == [
        'PARAMETER stop "a"', "# why b", "PARAMETER stop b  ", "PARAMETER stop z", "PARAMETER stop c",
        'PARAMETER stop "d "', "",
    ]  # fmt: skip


def test_a_repeated_scalar_becomes_one_where_the_last_stood() -> None:
    document = parse("FROM a\nPARAMETER seed 1\nSYSTEM x\nPARAMETER seed 2\n")
    assert document.with_parameter("seed", ["3"]).text == "FROM a\nSYSTEM x\nPARAMETER seed 3\n"


def test_a_removed_parameter_is_really_removed() -> None:
    changed = parse(FILE).without_parameter("stop")
    assert "stop" not in changed.parameters
    assert "stop" not in changed.text
    assert "# the prompt" in changed.text


def test_nothing_to_do_gives_the_same_document() -> None:
    document = parse(FILE)
    assert document.without_parameter("seed") is document
    assert document.with_parameter("temperature", ["0.7"]) is document
    assert document.with_instruction("SYSTEM", "\nYou are kind.\n") is document
    assert document.without_instruction("TEMPLATE") is document
    assert document.with_messages(document.messages) is document


def test_instructions_change_in_place_and_keep_their_quotes() -> None:
    document = parse(FILE).with_instruction("SYSTEM", "Be brief.").with_instruction("FROM", "qwen3:8b")
    assert 'SYSTEM """Be brief."""\n' in document.text
    assert document.text.startswith("# answers customers\nFROM qwen3:8b\n\n")
    assert document.without_instruction("SYSTEM").get("SYSTEM") is None


def test_new_instructions_stand_where_they_usually_do() -> None:
    document = new_document("a").with_instruction("TEMPLATE", "{{ .Prompt }}").with_instruction("SYSTEM", "x\ny")
    document = document.with_parameter("seed", ["1"]).with_licenses(["MIT", "two\nlines"])
    document = document.with_messages([Message("user", "hi")]).with_instruction("ADAPTER", "./a b.gguf")
    assert document.text == (
        'FROM a\nADAPTER ./a b.gguf\nPARAMETER seed 1\nTEMPLATE {{ .Prompt }}\nSYSTEM """x\ny"""\n'
        'MESSAGE user hi\nLICENSE MIT\nLICENSE """two\nlines"""\n'
    )


def test_from_cannot_be_taken_out() -> None:
    with pytest.raises(AetherError, match="FROM"):
        new_document("a").without_instruction("FROM")


def test_messages_keep_the_lines_of_those_that_stay() -> None:
    document = parse('FROM a\nMESSAGE user "one"\n# note\nMESSAGE assistant two\nMESSAGE user three\n')
    changed = document.with_messages([Message("user", "one"), Message("user", "three")])
    assert changed.text == 'FROM a\nMESSAGE user "one"\n# note\nMESSAGE user three\n'
    other_role = document.with_messages([Message("system", "one"), *document.messages[1:]])
    assert other_role.text.splitlines()[1] == "MESSAGE system one"


def test_a_role_that_no_modelfile_has_is_refused() -> None:
    with pytest.raises(AetherError, match="tool"):
        new_document("a").with_messages([Message("tool", "x")])


def test_characters_that_ollama_drops_are_kept_in_the_file() -> None:
    document = new_document("a").with_instruction("SYSTEM", "می\u200cروم")
    assert document.get("SYSTEM") == "می\u200cروم"
    assert document.commands[1].args == "میروم"
    assert parse(document.to_bytes()).get("SYSTEM") == "می\u200cروم"


def test_utf16_stays_utf16() -> None:
    data = b"\xff\xfe" + "FROM a\r\nSYSTEM é\r\n".encode("utf-16-le")
    changed = parse(data).with_parameter("seed", ["1"])
    assert changed.to_bytes() == b"\xff\xfe" + "FROM a\r\nPARAMETER seed 1\r\nSYSTEM é\r\n".encode("utf-16-le")
    assert "\ufeff" not in changed.text


def test_invalid_bytes_survive_an_edit_elsewhere() -> None:
    data = b"FROM a\n# \xff\xe2\x82\nSYSTEM a\xe2\x82b\nPARAMETER seed 1"
    document = parse(data)
    assert document.get("SYSTEM") == "a\ufffdb"
    assert document.with_parameter("seed", ["2"]).to_bytes() == data[:-1] + b"2"


def test_equal_bytes_are_equal_documents() -> None:
    assert parse("FROM a\n") == new_document("a")
    assert len({parse("FROM a\n"), new_document("a")}) == 1
    assert parse("FROM a\r\n") != new_document("a")


PIECES = st.sampled_from([
    "FROM a\n", "FROM a\r\n", "\n", "\r", "\r\n", "# c\n", "  ", "\t", "SYSTEM ", "TEMPLATE ", "PARAMETER seed ",
    "PARAMETER stop ", "parameter stop ", "MESSAGE user ", "MESSAGE system ", "LICENSE ", '"', '"""', "x", "1", " y ",
    "é", "\u200c", "\u00a0", "\ufeff", "\x00", "🙂", "{{ .Prompt }}",
])  # fmt: skip
FILES = st.one_of(
    st.lists(PIECES, max_size=16).map(lambda parts: ("FROM a\n" + "".join(parts)).encode()),
    st.lists(PIECES, max_size=12).map(lambda parts: b"\xff\xfe" + ("FROM a\n" + "".join(parts)).encode("utf-16-le")),
    st.binary(max_size=40).map(lambda tail: b"FROM a\n# " + tail),
    st.binary(max_size=60),
)
VALUES = st.one_of(
    st.sampled_from(["", " ", "0.5", '"', '""', '"""', 'a"', '"a" b', "a\nb", " x", "x\t", "\u200c", "a\u00a0", "\r"]),
    st.text(st.sampled_from('ab "\n\r\t\u200cé'), max_size=12),
)


def parsed(data: bytes) -> Modelfile | None:
    try:
        return parse(data)
    except ModelfileError:
        return None


@given(FILES)
def test_any_file_that_parses_is_written_back_whole(data: bytes) -> None:
    if document := parsed(data):
        assert document.to_bytes() == data


def content(document: Modelfile, *left_out: str) -> list[Any]:
    """What the instructions are, wherever they stand."""
    return [
        replace(item, line=0, end_line=0)
        for item in document.instructions
        if item.keyword not in left_out and item.name not in left_out
    ]


def comments(document: Modelfile) -> bytes:
    """Everything that is no instruction."""
    text = document.text
    for item in document.instructions:
        text = text.replace(item.raw, "", 1)
    return text.replace("\n", "").replace("\r", "").replace(" ", "").replace("\t", "").encode("utf-8", "replace")


@given(FILES, st.lists(VALUES, max_size=3), st.sampled_from(["stop", "seed", "top_k"]))
def test_a_parameter_edit_changes_nothing_else(data: bytes, values: list[str], name: str) -> None:
    document = parsed(data)
    if document is None:
        return
    try:
        edited = document.with_parameter(name, values)
    except AetherError:
        return
    assert edited.parameters.get(name, ()) == tuple(values)
    assert content(edited, name) == content(document, name)
    assert comments(edited) == comments(document)
    assert parse(edited.to_bytes()).instructions == edited.instructions


@given(FILES, VALUES, st.sampled_from(["FROM", "SYSTEM", "TEMPLATE", "LICENSE", "ADAPTER"]))
def test_an_instruction_edit_changes_nothing_else(data: bytes, value: str, keyword: str) -> None:
    document = parsed(data)
    if document is None:
        return
    try:
        edited = document.with_instruction(keyword, value)
    except AetherError:
        return
    assert edited.get(keyword) == value
    assert content(edited, keyword) == content(document, keyword)
    assert parse(edited.to_bytes()).instructions == edited.instructions


MESSAGES = st.lists(st.builds(Message, st.sampled_from(["user", "assistant", "system"]), VALUES), max_size=4)


@given(FILES, MESSAGES)
def test_a_message_edit_changes_nothing_else(data: bytes, messages: list[Message]) -> None:
    document = parsed(data)
    if document is None:
        return
    try:
        edited = document.with_messages(messages)
    except AetherError:
        return
    assert edited.messages == tuple(messages)
    assert content(edited, "MESSAGE") == content(document, "MESSAGE")
    assert parse(edited.to_bytes()).instructions == edited.instructions
