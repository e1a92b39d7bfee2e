"""The errors of the Modelfile parser: Ollama's verdict and line number, and our own words for the user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aether_tui.core.modelfile.errors import ModelfileError

if TYPE_CHECKING:
    from aether_tui.core.modelfile.parser import Node

_INSTRUCTIONS = "FROM, PARAMETER, SYSTEM, TEMPLATE, MESSAGE, ADAPTER, DRAFT, LICENSE, RENDERER, PARSER or REQUIRES"
_SHOWN = 24


def _lines(source: str, first: int, stop: int) -> tuple[int, int]:
    """Ollama's line at `stop`, where it gave up, and the true line of `first`, where the mistake begins."""
    read = source[: stop + 1]
    true_line = 1 + len(re.findall(r"\r\n|\r|\n", source[:first]))
    return 1 + read.count("\n") + read.count("\r"), true_line


def _short(text: str) -> str:
    kept = "".join(character if character.isprintable() else "?" for character in text)
    return kept if len(kept) <= _SHOWN else kept[: _SHOWN - 1] + "…"


def missing_from() -> ModelfileError:
    """No FROM in the whole file."""
    return ModelfileError("missing_from", "The Modelfile has no FROM line", "Add FROM with a model name or a GGUF path")


def ends_too_soon(source: str, position: int) -> ModelfileError:
    """The file ends inside a keyword, a parameter name or a role."""
    _, true_line = _lines(source, position, position)
    return ModelfileError(
        "unexpected_eof",
        "The file ends in the middle of an instruction",
        "Write a space and the value behind it, or take the line out",
        true_line=true_line,
    )


def unclosed_quote(source: str, start: int, mark: str) -> ModelfileError:
    """A quote that no later line closes; everything behind it was taken as its value."""
    _, true_line = _lines(source, start, start)
    return ModelfileError(
        "unexpected_eof",
        f"The value that opens with {mark} is never closed",
        f"End its last line with {mark} and nothing behind it",
        true_line=true_line,
    )


def bad_parameter_name(source: str, start: int, end: int) -> ModelfileError:
    """A parameter name that holds another character than letters, digits and _, or that no value follows."""
    name = source[start:end]
    _, true_line = _lines(source, start, end)
    if source[end] in "\r\n":
        message, remedy = f"PARAMETER {name} has no value".replace("  ", " "), "Write the value on the same line"
    else:
        message = f'"{_short(source[end])}" cannot be in a parameter name ("{_short(name)}…")'
        remedy = "Parameter names have letters, digits and _ only, as in top_p"
    return ModelfileError("unexpected_eof", message, remedy, true_line=true_line, buffer=name)


def bad_role_end(source: str, start: int, end: int) -> ModelfileError:
    """A role with another character than letters in it or right behind it."""
    role = source[start:end]
    _, true_line = _lines(source, start, end)
    if source[end] in "\r\n":
        message, remedy = "MESSAGE has no text", "Write MESSAGE, a role, a space and the text on one line"
    else:
        message = f'"{_short(source[end])}" cannot follow the role "{_short(role)}"'
        remedy = "Write MESSAGE user, a space and the text"
    return ModelfileError("unexpected_eof", message, remedy, true_line=true_line, buffer=role)


def invalid_role(source: str, start: int, end: int) -> ModelfileError:
    """A role that is none of the three; their case matters."""
    role = source[start:end]
    line, true_line = _lines(source, start, end)
    remedy = "Roles are system, user and assistant, in lower case, one space behind MESSAGE"
    message = f'"{_short(role)}" is not a role' if role else "There is more than one space before the role"
    return ModelfileError("invalid_message_role", message, remedy, line=line, true_line=true_line)


def invalid_command(source: str, found: int, end: int, previous: Node | None) -> ModelfileError:
    """A line that begins with no instruction Ollama knows, or an instruction without a value."""
    from aether_tui.core.modelfile.parser import KEYWORDS

    line, true_line = _lines(source, found, end)
    word = source[found:end]
    if source[end] in "\r\n" and word.upper() in KEYWORDS:
        message, remedy = f"{word.upper()} has no value", "Write a space and the value behind it"
    else:
        whole = re.split(r"[ \t\r\n]", source[found : found + 200], maxsplit=1)[0]
        message, remedy = f'"{_short(whole)}" is not an instruction', _suggestion(word, previous, true_line)
    return ModelfileError("invalid_command", message, remedy, line=line, true_line=true_line)


def _suggestion(word: str, previous: Node | None, true_line: int) -> str:
    from difflib import get_close_matches

    from aether_tui.core.modelfile.parser import KEYWORDS

    if close := get_close_matches(word.upper(), KEYWORDS, 1, 0.75):
        return f"Write {close[0]}"
    if previous is not None and previous.line_ends > 1:
        return (
            f"The value of {previous.keyword} above ended at the quotes before line {true_line}: "
            "no other line of it may end in quotes"
        )
    if previous is not None and previous.keyword in ("SYSTEM", "TEMPLATE", "LICENSE", "MESSAGE"):
        return f'If this line belongs to {previous.keyword}, put that value between """, else begin with an instruction'
    return f"Begin the line with {_INSTRUCTIONS}, or with # for a comment"
