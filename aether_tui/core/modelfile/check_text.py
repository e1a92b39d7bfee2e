"""Rules for what becomes of texts between the file and the model: characters that Ollama drops, quotes it loses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from aether_tui.core.modelfile.document import Instruction
from aether_tui.core.modelfile.parser import count_line_ends
from aether_tui.core.modelfile.printable import dropped_characters
from aether_tui.core.modelfile.problems import Fix, Inspection, Problem
from aether_tui.core.modelfile.quoting import code_points

# Format characters that carry no meaning of their own; joiners and direction marks do.
_EMPTY = frozenset("\u00ad\u200b\u2060\ufeff")
_SHOWN = 4


def dropped(inspection: Inspection) -> Iterator[Problem]:
    """Ollama's parser drops characters that Go does not call printable."""
    for item in inspection.document.instructions if inspection.is_ollama else ():
        if item.written is item.args or item.written == item.args:
            continue
        lost, line_ends, count = _lost(item.raw, item.written)
        shown = code_points(lost[:_SHOWN]) + (", …" if len(lost) > _SHOWN else "")
        yield Problem(
            "warning",
            item.line + line_ends,
            _subject(item),
            f"`ollama create -f` drops {count} character{'s' * (count > 1)} of {_subject(item)}: {shown}{_name(lost)}",
            "Create it here, which sends the text past that parser, or take them out",
            _fix(inspection, item, lost),
        )


@lru_cache(maxsize=32)
def _lost(raw: str, written: str) -> tuple[str, int, int]:
    """Which characters go, how many line ends stand before the first, and how many go in all."""
    lost = dropped_characters(written)
    first = min(raw.find(character) for character in lost)
    return lost, count_line_ends(raw[:first]), sum(written.count(character) for character in lost)


def _subject(item: Instruction) -> str:
    return item.name if item.keyword == "PARAMETER" else item.keyword


def _name(lost: str) -> str:
    """The name of a character that is the only one."""
    if len(lost) > 1:
        return ""
    import unicodedata

    name = unicodedata.name(lost, "")
    return f" ({name.lower()})" if name else ""


def _fix(inspection: Inspection, item: Instruction, lost: str) -> Fix | None:
    """The text without them, where that does no harm: spaces become plain ones, empty and control characters go."""
    import unicodedata

    single = item.keyword not in ("PARAMETER", "LICENSE")
    if item.keyword == "MESSAGE" or (single and item is not inspection.last(item.keyword)):
        return None
    kinds = {character: unicodedata.category(character) for character in lost}
    if any(kind not in ("Zs", "Zl", "Zp", "Cc") and character not in _EMPTY for character, kind in kinds.items()):
        return None
    table = {ord(character): " " if kind.startswith("Z") else None for character, kind in kinds.items()}
    if item.keyword == "PARAMETER":
        values = tuple(value.translate(table) for value in inspection.document.parameters[item.name])
    elif item.keyword == "LICENSE":
        values = tuple(value.translate(table) for value in inspection.document.all("LICENSE"))
    else:
        values = (item.written.translate(table),)
    return Fix("write plain characters", _subject(item), values)


def quotes_lost(inspection: Inspection) -> Iterator[Problem]:
    """`ollama show --modelfile` prints some values so that they read as something else."""
    for item in inspection.document.instructions if inspection.is_ollama else ():
        if item.args.startswith('"') or item.args != item.args.strip("\t"):
            what = "begins with a quote" if item.args.startswith('"') else "begins or ends with a tab"
            yield Problem(
                "note",
                item.line,
                _subject(item),
                f"The value {what}, which `ollama show --modelfile` prints so that it reads as another one",
                "Keep this file, and do not edit what that command prints",
            )


RULES = (dropped, quotes_lost)
