"""Markdown that grows: the finished part of an answer is read once, only its last block is read again.

A document is a flat list of leaves (paragraph, heading, code, table, rule), each with what stands before its first
row and before its other rows (a bullet, the bar of a quotation); nesting needs nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from aether_tui.widgets.chat_rows import Span, clean_lines, width_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

LeafKind = Literal["text", "code", "table", "rule"]

# A last line of only these may yet become a list, a heading, a rule, a fence: it waits for its next character.
_UNDECIDED = re.compile(r"[ \t]*(?:[-=*_#>|`~+:\s]+|\d+[.)]?)[ \t]*$")
LONG_PARAGRAPH_CHARS = 4_000
_LATEX_BRACKETS = "()[]"


class Leaf(NamedTuple):
    """One block without blocks in it: what stands before its first and its other rows.

    `gap` is what a blank row before it shows (the bar of a quotation); None for no such row.
    """

    kind: LeafKind
    first: tuple[Span, ...] = ()
    rest: tuple[Span, ...] = ()
    gap: tuple[Span, ...] | None = None
    spans: tuple[Span, ...] = ()
    code: str = ""
    language: str = ""
    table: Sequence[Sequence[tuple[Span, ...]]] = ()
    align: tuple[str, ...] = ()


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline.escape import escape

    def keep_latex(state: StateInline, silent: bool) -> bool:
        r"""Leave \( \) \[ \] as they are: models write formulas far more often than escaped brackets."""
        following = state.src[state.pos + 1 : state.pos + 2]
        if state.src[state.pos] != "\\" or not following or following not in _LATEX_BRACKETS:
            return escape(state, silent)
        if not silent:
            state.pending += "\\" + following
        state.pos += 2
        return True

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.inline.ruler.at("escape", keep_latex)
    return parser


def warm_up() -> None:
    """Import the parser; worth doing in a thread before the first answer."""
    _parser().parse("*a*")


class MarkdownText:
    """An answer as it grows. `settled` leaves never change again; `tail` leaves may."""

    def __init__(self, text: str = "", closed: bool = False) -> None:
        self.settled: list[Leaf] = []
        self.tail: list[Leaf] = []
        self.closed = False
        self._source = ""
        self._settled_chars = 0
        self._references: dict[str, Any] = {}
        self._ordinal: int | None = None
        self._joined = False
        self._pending: list[str] = []
        self._unread = False
        self.append(text)
        if closed:
            self.close()

    @property
    def source(self) -> str:
        """All text so far, as it came (line ends and control characters made harmless)."""
        if self._pending:
            self._source += "".join(self._pending)
            self._pending.clear()
        return self._source

    def append(self, text: str) -> None:
        """Add text; it is read at the next `read`."""
        if text:
            self._pending.append(clean_lines(text))
            self._unread = True

    def close(self) -> None:
        """Say that no more will come."""
        if not self.closed:
            self.closed = True
            self._read_tail()
            self.settled.extend(self.tail)
            self.tail = []

    def read(self) -> None:
        """Bring the leaves up to date with the text."""
        if self._unread and not self.closed:
            self._read_tail()

    def _read_tail(self) -> None:
        self._unread = False
        tail = self.source[self._settled_chars :]
        if not self.closed:
            head, _, last = tail.rpartition("\n")
            if _UNDECIDED.match(last):
                tail = head
        reader = self._read(tail)
        anchor = reader.last_anchor
        if anchor is None or self.closed:
            self.tail = reader.leaves
            return
        self.settled.extend(reader.leaves[: anchor.leaf])
        self.tail = reader.leaves[anchor.leaf :]
        if anchor.line:
            self._settled_chars += _line_offset(tail, anchor.line)
            self._joined = False
        self._ordinal = anchor.ordinal
        self._settle_lines(len(tail))

    def _read(self, text: str) -> _Reader:
        reader = _Reader(text, self._ordinal, bool(self.settled), self._blank_before(), self._joined)
        reader.read(_parser().parse(text, self._references))
        return reader

    def _settle_lines(self, length: int) -> None:
        """Settle a paragraph that goes on and on line by line: its line feeds are kept as such anyway."""
        if length < LONG_PARAGRAPH_CHARS or [(leaf.kind, leaf.first) for leaf in self.tail] != [("text", ())]:
            return
        cut = self._source.rfind("\n", self._settled_chars)
        if cut > self._settled_chars:
            self.settled.extend(self._read(self._source[self._settled_chars : cut]).leaves)
            self._settled_chars = cut + 1
            self._joined = True
            self.tail = self._read(self._source[self._settled_chars :]).leaves

    def _blank_before(self) -> bool:
        return self._source[: self._settled_chars].rstrip(" \t").endswith("\n\n")


def _line_offset(text: str, line: int) -> int:
    position = 0
    for _ in range(line):
        position = text.index("\n", position) + 1
    return position


class _Anchor(NamedTuple):
    """A place where reading may start again: a top-level block, or an item of a top-level list."""

    leaf: int
    line: int
    ordinal: int | None


class _Container:
    """A list item or a quotation around leaves: what stands before its first row and before the others."""

    __slots__ = ("first", "rest", "used")

    def __init__(self, first: tuple[Span, ...], rest: tuple[Span, ...]) -> None:
        self.first = first
        self.rest = rest
        self.used = False


class _List:
    """A list that is being read; `ordinal` None for one with bullets."""

    __slots__ = ("delimiter", "ordinal")

    def __init__(self, ordinal: int | None, delimiter: str) -> None:
        self.ordinal = ordinal
        self.delimiter = delimiter


class _Reader:
    """Turns markdown-it's flat tokens into leaves."""

    def __init__(self, source: str, ordinal: int | None, continued: bool, blank_before: bool, joined: bool) -> None:
        self.leaves: list[Leaf] = []
        self.last_anchor: _Anchor | None = None
        self._lines = source.split("\n")
        self._ordinal = ordinal
        self._continued = continued
        self._blank_before = blank_before
        self._containers: list[_Container] = []
        self._lists: list[_List] = []
        self._tight_item = joined

    def read(self, tokens: Sequence[Token]) -> None:
        """Read all tokens of a document."""
        index = 0
        while index < len(tokens):
            token = tokens[index]
            kind = token.type
            if token.level == 0 and token.map and token.nesting >= 0 and not kind.endswith("list_open"):
                self._anchor(token.map[0], None)
            if kind == "table_open":
                index = self._table(tokens, index)
            else:
                self._block(token, tokens[index + 1] if index + 1 < len(tokens) else token)
            index += 1

    def _block(self, token: Token, following: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(_List(None, ""))
            case "ordered_list_open":
                self._lists.append(_List(self._first_ordinal(token), token.markup))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._item(token)
            case "blockquote_open":
                bar = (("▏ ", "muted"),)
                self._containers.append(_Container(bar, bar))
            case "list_item_close" | "blockquote_close":
                self._close_container()
            case "paragraph_open":
                self._leaf("text", spans=inline_spans(following))
            case "heading_open":
                style = "bold underline text" if token.tag in ("h1", "h2") else "bold text"
                self._leaf("text", spans=inline_spans(following, style))
            case "fence" | "code_block":
                self._leaf("code", code=token.content.removesuffix("\n"), language=token.info)
            case "hr":
                self._leaf("rule")

    def _first_ordinal(self, token: Token) -> int:
        if token.level == 0 and self._ordinal is not None and not self.leaves:
            return self._ordinal
        return int(token.attrs.get("start", 1))

    def _item(self, token: Token) -> None:
        current = self._lists[-1]
        line = token.map[0] if token.map else 0
        if token.level == 1:
            self._anchor(line, current.ordinal)
        blank = not self._lines[line - 1].strip() if line else self._blank_before
        self._tight_item = not blank and (bool(self.leaves) or self._continued)
        marker = "- "
        if current.ordinal is not None:
            marker = f"{current.ordinal}{current.delimiter} "
            current.ordinal += 1
        self._containers.append(_Container(((marker, "muted"),), ((" " * width_of(marker), ""),)))

    def _close_container(self) -> None:
        container = self._containers[-1]
        if not container.used:
            self._leaf("text")
        self._containers.pop()

    def _anchor(self, line: int, ordinal: int | None) -> None:
        self.last_anchor = _Anchor(len(self.leaves), line, ordinal)

    def _leaf(self, kind: LeafKind, **content: Any) -> None:
        first: list[Span] = []
        rest: list[Span] = []
        gap: list[Span] = []
        for container in self._containers:
            first.extend(container.rest if container.used else container.first)
            rest.extend(container.rest)
            gap.extend(container.rest if container.used else ())
            container.used = True
        gapless = self._tight_item or not (self.leaves or self._continued)
        self._tight_item = False
        self.leaves.append(Leaf(kind, tuple(first), tuple(rest), None if gapless else tuple(gap), **content))

    def _table(self, tokens: Sequence[Token], index: int) -> int:
        """Read a table; answer the index of its last token."""
        rows: list[list[tuple[Span, ...]]] = []
        align: list[str] = []
        while tokens[index].type != "table_close":
            token = tokens[index]
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                head = token.type == "th_open"
                rows[-1].append(inline_spans(tokens[index + 1], "bold text" if head else "text"))
                if head:
                    align.append(str(token.attrs.get("style", "")).removeprefix("text-align:"))
            index += 1
        self._leaf("table", table=rows, align=tuple(align))
        return index


_INLINE_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}


def inline_spans(token: Token, base: str = "text") -> tuple[Span, ...]:
    """The spans of an inline token: a link becomes its text and, where it differs, its address."""
    spans: list[Span] = []
    attributes: list[str] = []
    links: list[tuple[str, int]] = []
    for child in token.children or ():
        name, _, nesting = child.type.rpartition("_")
        if name in _INLINE_STYLES:
            if nesting == "open":
                attributes.append(_INLINE_STYLES[name])
            else:
                attributes.remove(_INLINE_STYLES[name])
        elif child.type == "link_open":
            links.append((str(child.attrs.get("href", "")), len(spans)))
            attributes.append("underline")
        elif child.type == "link_close":
            attributes.remove("underline")
            spans.extend(_address(spans, *links.pop()))
        else:
            text = _text_of(child)
            role = "string" if child.type == "code_inline" else base
            if text:
                spans.append((text, _style(attributes, role)))
    return tuple(spans)


def _text_of(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type == "image":
        return f"[image: {token.content or 'no description'}] ({token.attrs.get('src', '')})"
    return token.content


def _address(spans: Sequence[Span], address: str, start: int) -> list[Span]:
    shown = "".join([text for text, _ in spans[start:]])
    return [] if not address or address in (shown, f"mailto:{shown}") else [(f" ({address})", "muted")]


def _style(attributes: Sequence[str], role: str) -> str:
    words = role.split()
    return " ".join([*dict.fromkeys([*sorted(attributes), *words[:-1]]), words[-1]])
