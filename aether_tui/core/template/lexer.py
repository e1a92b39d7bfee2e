"""Cuts a Go template into tokens, as Go 1.26's text/template/parse does.

Facts from https://go.dev/src/text/template/parse/lex.go, the code is our own.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from aether_tui.core.template.literals import go_quote, is_printable

TEXT: Final = "text"
LEFT: Final = "left delimiter"
RIGHT: Final = "right delimiter"
SPACE: Final = "space"
ERROR: Final = "error"
EOF: Final = "EOF"
FIELD: Final = "field"
VARIABLE: Final = "variable"
WORD: Final = "word"
BOOL: Final = "bool"
STRING: Final = "string"
RAW_STRING: Final = "raw string"
CHARACTER: Final = "character"
NUMBER: Final = "number"
COMPLEX: Final = "complex"
DOT: Final = "."
PIPE: Final = "|"
OPEN: Final = "("
CLOSE: Final = ")"
DECLARE: Final = ":="
ASSIGN: Final = "="
OTHER: Final = "other"

# A keyword's token kind is the word itself.
KEYWORDS: Final = frozenset(
    ["block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"]
)
_PUNCTUATION: Final = {"|": PIPE, "(": OPEN, ")": CLOSE, "=": ASSIGN}
_SPACES: Final = " \t\r\n"
_SHOWN_WHOLE = 10


class Token(NamedTuple):
    """One token. `pos` is a character offset; the value of an error token is its text."""

    kind: str
    pos: int
    value: str

    def __str__(self) -> str:
        """As Go's error messages show it."""
        if self.kind in (EOF, ERROR):
            return self.value
        if self.kind == DOT or self.kind in KEYWORDS:
            return f"<{self.value}>"
        if len(self.value.encode("utf-8", "surrogatepass")) > _SHOWN_WHOLE:
            return go_quote(self.value[:_SHOWN_WHOLE]) + "..."
        return go_quote(self.value)


# What may follow a name; the end of the text counts too.
_END_OF_NAME = r"(?=[ \t\r\n.,|:)(]|\}\}|\Z)"
# The shapes that nearly all templates are made of. Whatever fits none of them goes the slow way below.
_COMMON = re.compile(
    rf"""
      (?P<right>[ \t\r\n]-\}}\}}|\}}\}})
    | (?P<space>[ \t\r\n]+?(?=[ \t\r\n]-\}}\}})|[ \t\r\n]+)
    | (?P<field>\.[A-Za-z_][A-Za-z0-9_]*{_END_OF_NAME})
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*{_END_OF_NAME})
    | (?P<variable>\$[A-Za-z0-9_]*{_END_OF_NAME})
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*")
    | (?P<raw>`[^`]*`)
    | (?P<punctuation>[|()=])
    | (?P<declare>:=)
    | (?P<number>[0-9]+(?=[ \t\r\n|()]|\}}\}}))
    | (?P<dot>\.(?=[ \t\r\n.,|:)(]|\}}\}}))
    | (?P<character>'(?:[^'\\\n]|\\[^\n])*')
    | (?P<other>[,!\#%&*/;<>?@\[\\\]^{{}}~])
    """,
    re.VERBOSE,
)
_KIND_OF_GROUP: Final = {
    "space": SPACE,
    "field": FIELD,
    "variable": VARIABLE,
    "string": STRING,
    "raw": RAW_STRING,
    "declare": DECLARE,
    "number": NUMBER,
    "dot": DOT,
    "character": CHARACTER,
    "other": OTHER,
}
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?"
    r"|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_UNTERMINATED: Final = {
    '"': "unterminated quoted string",
    "`": "unterminated raw quoted string",
    "'": "unterminated character constant",
    ":": "expected :=",
}


def tokenize(text: str) -> list[Token]:
    """All tokens; the last is EOF, or the first error."""
    tokens: list[Token] = []
    pos = 0
    while (delimiter := text.find("{{", pos)) >= 0:
        trims = _has_left_trim(text, delimiter + 2)
        end = pos + len(text[pos:delimiter].rstrip(_SPACES)) if trims else delimiter
        if end > pos:
            tokens.append(Token(TEXT, pos, text[pos:end]))
        inside = delimiter + (4 if trims else 2)
        if text.startswith("/*", inside):
            pos = _skip_comment(text, inside, tokens)
        else:
            tokens.append(Token(LEFT, delimiter, "{{"))
            pos = _tokenize_action(text, inside, tokens)
        if pos < 0:
            return tokens
    if pos < len(text):
        tokens.append(Token(TEXT, pos, text[pos:]))
    tokens.append(Token(EOF, len(text), "EOF"))
    return tokens


def _has_left_trim(text: str, pos: int) -> bool:
    return text.startswith("-", pos) and text[pos + 1 : pos + 2] in tuple(_SPACES)


def _after_right(text: str, pos: int) -> int:
    """Where the text goes on when a right delimiter stands at `pos`; -1 when none does."""
    if text.startswith("}}", pos):
        return pos + 2
    if text[pos : pos + 1] in tuple(_SPACES) and text.startswith("-}}", pos + 1):
        pos += 4
        while pos < len(text) and text[pos] in _SPACES:
            pos += 1
        return pos
    return -1


def _fail(tokens: list[Token], pos: int, message: str) -> int:
    tokens.append(Token(ERROR, pos, message))
    return -1


def _skip_comment(text: str, pos: int, tokens: list[Token]) -> int:
    close = text.find("*/", pos + 2)
    if close < 0:
        return _fail(tokens, pos, "unclosed comment")
    after = _after_right(text, close + 2)
    return after if after >= 0 else _fail(tokens, pos, "comment ends before closing delimiter")


def _tokenize_action(text: str, pos: int, tokens: list[Token]) -> int:
    """Add the tokens of one action; the position after it, or -1 after an error token."""
    depth = 0
    match = _COMMON.match
    while True:
        found = match(text, pos)
        if found is None:
            pos = _uncommon(text, pos, tokens)
            if pos < 0:
                return -1
            continue
        group, value = found.lastgroup, found[0]
        if group == "word":
            tokens.append(Token(_word_kind(value), pos, value))
        elif group == "right":
            if depth:
                return _fail(tokens, pos, "unclosed left paren")
            # A trim marker belongs to no token.
            tokens.append(Token(RIGHT, found.end() - 2, "}}"))
            return _after_right(text, pos)
        elif group == "punctuation":
            depth += (value == "(") - (value == ")")
            if depth < 0:
                return _fail(tokens, pos, "unexpected right paren")
            tokens.append(Token(_PUNCTUATION[value], pos, value))
        else:
            tokens.append(Token(_KIND_OF_GROUP[group or ""], pos, value))
        pos = found.end()


def _word_kind(word: str) -> str:
    if word in KEYWORDS:
        return word
    return BOOL if word in ("true", "false") else WORD


def _uncommon(text: str, pos: int, tokens: list[Token]) -> int:
    """The token at `pos` when no common shape fits: other numbers, letters beyond ASCII, and all errors."""
    first = text[pos : pos + 1]
    if not first:
        return _fail(tokens, pos, "unclosed action")
    if first in _UNTERMINATED:
        return _fail(tokens, pos, _UNTERMINATED[first])
    follower = text[pos + 1 : pos + 2]
    if first == "$" or (first == "." and follower and not "0" <= follower <= "9"):
        return _uncommon_name(text, pos, FIELD if first == "." else VARIABLE, tokens)
    if first in "+-." or "0" <= first <= "9":
        return _uncommon_number(text, pos, tokens)
    if _is_alphanumeric(first):
        return _uncommon_name(text, pos, WORD, tokens)
    return _fail(tokens, pos, f"unrecognized character in action: {_describe(first)}")


def _uncommon_name(text: str, pos: int, kind: str, tokens: list[Token]) -> int:
    end = pos + 1
    while end < len(text) and _is_alphanumeric(text[end]):
        end += 1
    if end < len(text) and text[end] not in " \t\r\n.,|:)(" and not text.startswith("}}", end):
        return _fail(tokens, pos, f"bad character {_describe(text[end])}")
    tokens.append(Token(kind, pos, text[pos:end]))
    return end


def _uncommon_number(text: str, pos: int, tokens: list[Token]) -> int:
    end, good = _scan_number(text, pos)
    kind = NUMBER
    if good and text[end : end + 1] in ("+", "-"):
        end, good = _scan_number(text, end)
        good = good and text[end - 1] == "i"
        kind = COMPLEX
    if not good:
        return _fail(tokens, pos, f"bad number syntax: {go_quote(text[pos:end])}")
    tokens.append(Token(kind, pos, text[pos:end]))
    return end


def _scan_number(text: str, pos: int) -> tuple[int, bool]:
    found = _NUMBER.match(text, pos)
    end = found.end() if found else pos
    if end < len(text) and _is_alphanumeric(text[end]):
        return end + 1, False
    return end, True


def _is_alphanumeric(character: str) -> bool:
    return character == "_" or character.isalpha() or character.isdecimal()


def _describe(character: str) -> str:
    """As Go's %#U: the code point, and the character itself when it can be printed."""
    code = f"U+{ord(character):04X}"
    return f"{code} '{character}'" if is_printable(character) else code
