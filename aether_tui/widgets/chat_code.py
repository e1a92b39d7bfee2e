"""Code in an answer, coloured by Pygments; while it streams, only the lines that may still change are read again."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from aether_tui.widgets.chat_rows import Span, expand_tabs

if TYPE_CHECKING:
    from pygments.lexer import Lexer

# Beyond these the colours are not worth the wait: a lexer's regular expressions may take quadratic time.
MAX_COLOURED_CHARS = 200_000
MAX_COLOURED_LINE_CHARS = 2_000
LIVE_LINES = 30

# Pygments' token types by prefix, the longest first where one contains another.
_ROLES = (
    ("Comment.Preproc", "keyword"),
    ("Comment", "italic muted"),
    ("Keyword.Constant", "number"),
    ("Keyword", "keyword"),
    ("Name.Tag", "keyword"),
    ("Name.Decorator", "keyword"),
    ("Name.Function", "bold text"),
    ("Name.Class", "bold text"),
    ("Name.Attribute", "number"),
    ("Operator.Word", "keyword"),
    ("Literal.Number", "number"),
    ("Literal.String", "string"),
    ("Generic.Deleted", "removed"),
    ("Generic.Inserted", "added"),
    ("Generic.Heading", "bold text"),
    ("Generic.Subheading", "keyword"),
    ("Generic.Prompt", "muted"),
    ("Generic.Output", "muted"),
)
_MULTILINE = ("Token.Literal.String", "Token.Comment")
# Languages whose lexers read a line inside a block as they read one outside of it.
_FLAT = {
    "bash", "c", "c++", "cpp", "cs", "csharp", "go", "java", "javascript", "js", "kotlin", "lua", "py", "python",
    "python3", "r", "ruby", "rust", "sh", "shell", "sql", "swift", "ts", "typescript", "zsh",
}  # fmt: skip


@cache
def _role(token_type: Any) -> str:
    name = str(token_type).removeprefix("Token.")
    return next((role for prefix, role in _ROLES if name.startswith(prefix)), "text")


@cache
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def warm_up() -> None:
    """Import Pygments and its most used lexer."""
    _lexer("python")


def plain_line(text: str) -> tuple[Span, ...]:
    """A line of code without colours."""
    return ((expand_tabs(text), "text"),) if text else ()


class CodeText:
    """The lines of one block of code as spans. `update` takes the text so far; it only ever grows."""

    def __init__(self, language: str) -> None:
        self.language = re.split(r"[\s,{:]", language.strip(), maxsplit=1)[0].lower()
        self.lines: list[tuple[Span, ...]] = []
        self._settled_lines = 0
        self._settled_chars = 0
        self._text = ""

    def is_start_of(self, text: str) -> bool:
        """Whether `text` may be this block grown."""
        return text.startswith(self._text[: self._settled_chars])

    def update(self, text: str) -> int:
        """Take the grown text; answer the number of the first line that may have changed."""
        if text == self._text:
            return len(self.lines)
        self._text = text
        first = self._settled_lines
        tail = text[self._settled_chars :]
        del self.lines[first:]
        lexer = self._usable_lexer(tail)
        if lexer is None:
            self.lines.extend(plain_line(line) for line in tail.split("\n"))
        else:
            self._colour(tail, lexer)
        return first

    def _usable_lexer(self, tail: str) -> Lexer | None:
        if not self.language or len(self._text) > MAX_COLOURED_CHARS:
            return None
        if any(len(line) > MAX_COLOURED_LINE_CHARS for line in tail.split("\n")):
            return None
        return _lexer(self.language)

    def _colour(self, tail: str, lexer: Lexer) -> None:
        """Colour the tail, and settle its head at the last line end where nothing is open."""
        line: list[Span] = []
        safe: list[tuple[int, int]] = []
        position, open_before = 0, False
        flat = self.language in _FLAT
        for token_type, value in lexer.get_tokens(tail):
            role = _role(token_type)
            multiline = str(token_type).startswith(_MULTILINE)
            if not line and position and not (multiline or open_before) and (flat or not value[:1].isspace()):
                safe.append((len(self.lines), position))
            for number, piece in enumerate(value.split("\n")):
                if number:
                    self.lines.append(tuple(line))
                    line = []
                if piece:
                    line.append((expand_tabs(piece), role))
            position += len(value)
            open_before = multiline and not value.endswith("\n")
        self.lines.append(tuple(line))
        for line_number, offset in reversed(safe):
            if line_number <= len(self.lines) - LIVE_LINES:
                self._settled_lines = line_number
                self._settled_chars += offset
                break
