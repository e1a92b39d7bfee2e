"""Reads a template's tokens one by one, and fails as Go's parser does."""

from __future__ import annotations

from typing import Final, NoReturn

from aether_tui.core.template import lexer
from aether_tui.core.template.lexer import Token, tokenize

# Go allows 10,000 nested parentheses and any number of nested blocks; our own calls nest with them.
MAX_DEPTH: Final = 100


class SyntaxFault(Exception):
    """A template that Go refuses: Go's words without the position, and the 1-based line Go would name."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Cursor:
    """A place in the tokens. `seen` is the furthest token read, whose line Go's errors name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        # Never read past the end, whatever follows an error.
        self.tokens += self.tokens[-1:] * 3
        self.at = 0
        self.seen = -1
        self.depth = 0
        self.action_line = 0

    def next(self) -> Token:
        token = self.tokens[self.at]
        if self.at > self.seen:
            self.seen = self.at
        self.at += 1
        return token

    def next_meaning(self) -> Token:
        """The next token that isn't space."""
        token = self.next()
        return self.next() if token.kind == lexer.SPACE else token

    def peek(self) -> Token:
        token = self.next()
        self.at -= 1
        return token

    def peek_meaning(self) -> Token:
        token = self.next_meaning()
        self.at -= 1
        return token

    def line_of(self, token: Token) -> int:
        return 1 + self.text.count("\n", 0, token.pos)

    def fail(self, message: str) -> NoReturn:
        raise SyntaxFault(message, self.line_of(self.tokens[self.seen]) if self.seen >= 0 else 0)

    def unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind != lexer.ERROR:
            self.fail(f"unexpected {token} in {context}")
        extra = ""
        if self.action_line and self.action_line != self.line_of(token):
            extra = f" in action started at :{self.action_line}"
            if token.value.endswith(" action"):
                extra = extra.removeprefix(" in action")
        self.fail(f"{token}{extra}")

    def expect(self, kinds: tuple[str, ...], context: str) -> Token:
        token = self.next_meaning()
        if token.kind not in kinds:
            self.unexpected(token, context)
        return token

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nested more than {MAX_DEPTH} deep")
