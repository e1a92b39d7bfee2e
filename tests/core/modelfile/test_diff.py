"""The diff shows what was added and removed, and puts old and new back together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aether_tui.core.modelfile import new_document, parse
from aether_tui.core.modelfile.diff import DiffLine, counts, diff
from aether_tui.core.sequences import matches

LINES = st.lists(
    st.sampled_from(["FROM a", "PARAMETER seed 1", "PARAMETER seed 2", "", "# c", "SYSTEM x"]), max_size=80
)


def test_a_changed_value_is_a_lost_and_a_won_line() -> None:
    old = parse("# note\nFROM a\nPARAMETER temperature 0.7\nPARAMETER stop x\n")
    new = old.with_parameter("temperature", ["0.3"]).with_parameter("num_ctx", ["4096"])
    lines = diff(old, new)
    assert [tuple(line) for line in lines] == [
        (" ", 1, "# note"),
        (" ", 2, "FROM a"),
        ("-", 3, "PARAMETER temperature 0.7"),
        ("+", 3, "PARAMETER temperature 0.3"),
        (" ", 4, "PARAMETER stop x"),
        ("+", 5, "PARAMETER num_ctx 4096"),
    ]
    assert counts(lines) == (2, 1)


def test_nothing_installed_makes_every_line_new() -> None:
    assert [line.mark for line in diff(None, parse("FROM a\nSYSTEM x\n"))] == ["+", "+"]


def test_line_ends_alone_are_no_difference() -> None:
    assert counts(diff("FROM a\r\nSYSTEM x\r\n", "FROM a\nSYSTEM x")) == (0, 0)
    assert diff(new_document("a"), "FROM a") == [(" ", 1, "FROM a")]


def test_far_apart_changes_in_a_long_file_stay_small() -> None:
    middle = "".join(f"line {number % 50}\n" for number in range(5000))
    old = f'FROM a\nPARAMETER seed 1\nSYSTEM """\n{middle}"""\nPARAMETER stop x\n'
    assert counts(diff(old, old.replace("seed 1", "seed 2").replace("stop x", "stop y"))) == (2, 2)
    assert counts(diff(old, old.replace("seed 1\n", "seed 1\nPARAMETER top_k 1\n").replace("stop x", "stop y"))) == (
        2,
        1,
    )


@given(LINES, LINES)
def test_old_and_new_can_be_put_back_together(old: list[str], new: list[str]) -> None:
    lines = diff("".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new))
    assert [line.text for line in lines if line.mark != "+"] == old
    assert [line.text for line in lines if line.mark != "-"] == new
    assert [line.number for line in lines if line.mark != "-"] == list(range(1, len(new) + 1))
    assert [line.number for line in lines if line.mark == "-"] == [
        number for number, line in enumerate(_old_side(lines), 1) if line == "-"
    ]


def _old_side(lines: list[DiffLine]) -> list[str]:
    return [line.mark for line in lines if line.mark != "+"]


@given(st.lists(st.integers(0, 5), max_size=40), st.lists(st.integers(0, 5), max_size=40))
def test_short_sequences_share_as_much_as_they_can(old: list[int], new: list[int]) -> None:
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row, left in enumerate(old):
        for column, right in enumerate(new):
            best[row + 1][column + 1] = (
                best[row][column] + 1 if left == right else max(best[row][column + 1], best[row + 1][column])
            )
    blocks = matches(old, new)
    assert all(old[b.old : b.old + b.length] == new[b.new : b.new + b.length] for b in blocks)
    assert sum(block.length for block in blocks) == best[-1][-1]
