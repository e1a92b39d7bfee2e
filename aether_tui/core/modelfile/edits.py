"""Changes to the nodes of a Modelfile that leave all other text as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.messages import Message
from aether_tui.core.modelfile.parser import KEYWORDS, ROLES, Node, Scanner
from aether_tui.core.modelfile.quoting import spell
from aether_tui.core.modelfile.source import Encoding, sanitize
from aether_tui.core.sequences import matches

Nodes = tuple[Node, ...]
# What an instruction is told apart by: a PARAMETER's name or a MESSAGE's role, and the value.
Entry = tuple[str, str]

_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_]+")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Style:
    """How new lines are written: indentation, keywords in lower case, and the file's line end."""

    indent: str
    lower: bool
    line_end: str


def set_parameter(nodes: Nodes, name: str, values: Sequence[str]) -> Nodes:
    """All PARAMETERs called `name` become `values`."""
    if values and not _PARAMETER_NAME.fullmatch(name):
        raise AetherError(
            ErrorCode.PARAMETER_INVALID, f'"{name}" cannot be a parameter name', "Use letters, digits and _ only"
        )
    return _set_entries(
        nodes,
        [(name, value) for value in values],
        lambda node: node.keyword == "PARAMETER" and node.name == name,
        "PARAMETER",
    )


def set_messages(nodes: Nodes, messages: Sequence[Message]) -> Nodes:
    """All MESSAGEs become `messages`; what a message has beside role and content cannot be written."""
    for message in messages:
        if message.role not in ROLES:
            raise AetherError(
                ErrorCode.MODELFILE_INVALID,
                f'A Modelfile cannot hold a message of role "{message.role}"',
                "Use system, user or assistant",
            )
    entries: list[Entry] = [(message.role, message.content) for message in messages]
    return _set_entries(nodes, entries, lambda node: node.keyword == "MESSAGE", "MESSAGE")


def set_licenses(nodes: Nodes, licenses: Sequence[str]) -> Nodes:
    """All LICENSEs become `licenses`."""
    return _set_entries(nodes, [("", text) for text in licenses], lambda node: node.keyword == "LICENSE", "LICENSE")


def set_instruction(nodes: Nodes, keyword: str, value: str) -> Nodes:
    """The last instruction of this keyword, the one that counts, gets `value`; where there is none, one is added."""
    _check_keyword(keyword)
    places = [index for index, node in enumerate(nodes) if node.keyword == keyword]
    entry, style = ("", sanitize(value)), _style_of(nodes, keyword)
    if not places:
        added = {_default_place(nodes, keyword): [_render(entry, keyword, style)]}
        return _assemble(nodes, {}, added, style)
    last = places[-1]
    if nodes[last].written == entry[1]:
        return nodes
    return _assemble(nodes, {last: _changed(nodes[last], entry, style)}, {}, style)


def keep_last(nodes: Nodes, keyword: str) -> Nodes:
    """Of the instructions of this keyword all but the last are taken out."""
    _check_keyword(keyword)
    places = [index for index, node in enumerate(nodes) if node.keyword == keyword]
    if len(places) < 2:
        return nodes
    return tuple(node for index, node in enumerate(nodes) if index not in places[:-1])


def remove_instruction(nodes: Nodes, keyword: str) -> Nodes:
    """Every instruction of this keyword is taken out."""
    _check_keyword(keyword)
    if keyword == "FROM":
        raise AetherError(ErrorCode.MODELFILE_INVALID, "A Modelfile needs its FROM line", "Change its value instead")
    if not any(node.keyword == keyword for node in nodes):
        return nodes
    return tuple(node for node in nodes if node.keyword != keyword)


def _check_keyword(keyword: str) -> None:
    if keyword not in KEYWORDS or keyword in ("PARAMETER", "MESSAGE"):
        raise ValueError(f"not a single-valued instruction: {keyword}")


def _set_entries(nodes: Nodes, wanted: list[Entry], belongs: Callable[[Node], bool], keyword: str) -> Nodes:
    """Make the instructions that belong equal `wanted`: equal ones stay, others change in place, come or go."""
    wanted = [(name, sanitize(value)) for name, value in wanted]
    places = [index for index, node in enumerate(nodes) if belongs(node)]
    present = [(nodes[index].name, nodes[index].written) for index in places]
    if present == wanted:
        return nodes
    reused = align(present, wanted)
    style = _style_of(nodes, keyword)
    changed: dict[int, Node | None] = dict.fromkeys(places)
    added: dict[int, list[Node]] = {}
    behind = next((places[old] for old in reused if old is not None), _default_place(nodes, keyword))
    for entry, old in zip(wanted, reused, strict=True):
        if old is None:
            added.setdefault(behind, []).append(_render(entry, keyword, style))
            continue
        changed[places[old]] = _changed(nodes[places[old]], entry, style)
        behind = places[old] + 1
    return _assemble(nodes, changed, added, style)


def align(present: Sequence[Entry], wanted: Sequence[Entry]) -> list[int | None]:
    """For each wanted entry the present one whose line it takes, in order; None where a new line is needed."""
    reused: list[int | None] = [None] * len(wanted)
    next_old = next_new = 0
    equal = [(block.old + step, block.new + step) for block in matches(present, wanted) for step in range(block.length)]
    for old, new in [*equal, (len(present), len(wanted))]:
        free_old, free_new = old - next_old, new - next_new
        pairs = min(free_old, free_new)
        # Of repeated scalars the last line counts, so the first ones go.
        for step in range(pairs):
            reused[next_new + step] = old - pairs + step
        if new < len(wanted):
            reused[new] = old
        next_old, next_new = old + 1, new + 1
    return reused


def _style_of(nodes: Nodes, keyword: str) -> Style:
    """How a new instruction is written here: like the last one of its kind, else like the last of any."""
    like = next((node for node in reversed(nodes) if node.keyword == keyword), None)
    near = like or next((node for node in reversed(nodes) if node.keyword), None)
    lower = near is not None and near.raw[near.indent : near.indent + len(near.keyword)].islower()
    line_end = next((match[0] for node in nodes if (match := _LINE_END.search(node.raw))), "\n")
    return Style(like.raw[: like.indent] if like else "", lower, line_end)


def _render(entry: Entry, keyword: str, style: Style) -> Node:
    """A new instruction on lines of its own."""
    name, value = entry
    word = keyword.lower() if style.lower else keyword
    return _node(f"{style.indent}{word} {name}{' ' if name else ''}{spell(value)}{style.line_end}")


def _changed(node: Node, entry: Entry, style: Style) -> Node:
    """The instruction with another value (or role), all else in its lines kept where that can be."""
    if (node.name, node.written) == entry:
        return node
    name, value = entry
    if name == node.name:
        spelling = spell(value, node.raw[node.start : node.end])
        return _node(node.raw[: node.start] + spelling + node.raw[node.end :])
    own = Style(node.raw[: node.indent], node.raw[node.indent : node.start][:1].islower(), style.line_end)
    fresh = _render(entry, node.keyword, own)
    return fresh if node.raw.endswith(("\r", "\n")) else _node(fresh.raw.rstrip("\r\n"))


def _node(raw: str) -> Node:
    nodes = tuple(Scanner(raw, Encoding()).nodes())
    if len(nodes) != 1:
        raise AssertionError(f"a written instruction reads as {len(nodes)}")
    return nodes[0]


def _default_place(nodes: Nodes, keyword: str) -> int:
    """Where a new instruction goes: PARAMETER behind its like, else behind FROM; others behind what usually leads."""
    if keyword == "PARAMETER":
        leaders: Sequence[str] = ("PARAMETER",) if any(node.keyword == keyword for node in nodes) else ("FROM",)
    else:
        leaders = KEYWORDS[: KEYWORDS.index(keyword)]
    return max((index + 1 for index, node in enumerate(nodes) if node.keyword in leaders), default=0)


def _assemble(nodes: Nodes, changed: Mapping[int, Node | None], added: Mapping[int, list[Node]], style: Style) -> Nodes:
    """The nodes with some replaced or gone, and new ones before the given places."""
    result: list[Node] = []
    for index in range(len(nodes) + 1):
        for node in added.get(index, ()):
            if result and not result[-1].raw.endswith(("\r", "\n")):
                # The file ended without a line end, and so it will again.
                result[-1] = _ended(result[-1], style.line_end)
                node = _node(node.raw.rstrip("\r\n"))
            result.append(node)
        if index < len(nodes):
            kept = changed.get(index, nodes[index])
            if kept is not None:
                result.append(kept)
    return tuple(result)


def _ended(node: Node, line_end: str) -> Node:
    return replace(node, raw=node.raw + line_end, line_ends=node.line_ends + 1)
