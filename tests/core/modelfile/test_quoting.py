"""What the safe writer writes is read back as it was."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aether_tui.core.errors import AetherError
from aether_tui.core.modelfile import parse, quote
from aether_tui.core.modelfile.printable import dropped_characters

PRINTED = st.text(
    st.one_of(st.sampled_from('" \n\r\tab#:'), st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S"])),
    max_size=30,
)


@given(PRINTED)
@example('"""')
@example('a"""\nb')
@example('"')
@example("\t")
@example('x\n"""')
def test_what_is_written_is_read_back(value: str) -> None:
    try:
        spelled = quote(value)
    except AetherError:
        lossy = any(line.rstrip().endswith('"""') for line in value.replace("\r", "\n").split("\n")[:-1])
        assert lossy or dropped_characters(value)
        return
    commands = parse(f"FROM a\nSYSTEM {spelled}\nPARAMETER stop {spelled}\nMESSAGE user {spelled}\n").commands
    assert [command.args for command in commands] == ["a", value, value, f"user: {value}"]


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        ("plain words", "plain words"),
        ("", '""'),
        (" edge ", '" edge "'),
        ('say "hi"', 'say "hi"'),
        ('"hi"', '""""hi""""'),
        ("two\nlines", '"""two\nlines"""'),
        ("# no comment", "# no comment"),
    ],
)
def test_the_plainest_spelling_is_taken(value: str, spelled: str) -> None:
    assert quote(value) == spelled


def test_a_value_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(AetherError, match="three quotes"):
        quote('a"""\nb')


def test_a_value_that_ollama_would_damage_is_refused() -> None:
    with pytest.raises(AetherError, match=r"U\+200C") as caught:
        quote("می\u200cروم")
    assert caught.value.details["dropped"] == ["\u200c"]
