"""Finds the names in a template that Ollama gives no value for: they print `<no value>`, or stop the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Final

from aether_tui.core.template.nodes import (
    Action,
    Branch,
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Identifier,
    Node,
    Operand,
    Pipe,
    TemplateCall,
    Variable,
    source_of,
)
from aether_tui.data import load_json

ANY: Final = "any"
ROOT: Final = "root"
_CONTAINERS: Final = ("list:", "map:")
# Templates that call templates: each is looked at once for each type of its argument, and not forever.
_MAX_CALLS: Final = 20
_MAX_DEPTH: Final = 4

Scope = dict[str, str]


@cache
def _types() -> Mapping[str, Mapping[str, str]]:
    types: Mapping[str, Mapping[str, str]] = load_json("templates/fields.json")["types"]
    return types


def unknown_fields(trees: Mapping[str, Sequence[Node]]) -> tuple[str, ...]:
    """The unknown names as the template writes them, in order. What can't be told is taken as known."""
    search = _Search(trees, frozenset(_assigned(node for tree in trees.values() for node in tree)))
    # Deeply nested templates that call each other can be more than Python's stack holds; what was found still counts.
    with suppress(RecursionError):
        search.walk(trees[""], ROOT, {"$": ROOT})
    return tuple(dict.fromkeys(search.found))


class _Search:
    """Follows the type of the dot and of each variable through the tree."""

    def __init__(self, trees: Mapping[str, Sequence[Node]], assigned: frozenset[str]) -> None:
        self.trees = trees
        # What is assigned somewhere can be of another type anywhere in a loop.
        self.assigned = assigned
        self.found: list[str] = []
        self.called: set[tuple[str, str]] = set()
        self.depth = 0

    def walk(self, nodes: Iterable[Node], dot: str, scope: Scope) -> None:
        for node in nodes:
            match node:
                case Action(pipe=pipe):
                    self.pipeline(pipe, dot, scope)
                case Branch():
                    self.branch(node, dot, dict(scope))
                case TemplateCall(name=name, pipe=pipe):
                    argument = self.pipeline(pipe, dot, scope) if pipe else ANY
                    self.call(name, argument)
                case _:
                    pass

    def call(self, name: str, argument: str) -> None:
        if (name, argument) in self.called or name not in self.trees:
            return
        if self.depth == _MAX_DEPTH or len(self.called) == _MAX_CALLS:
            return
        self.called.add((name, argument))
        self.depth += 1
        self.walk(self.trees[name], argument, {"$": argument})
        self.depth -= 1

    def branch(self, node: Branch, dot: str, scope: Scope) -> None:
        value = self.pipeline(node.pipe, dot, scope)
        inner = dot
        if node.kind == "with":
            inner = value
        elif node.kind == "range":
            inner = "number" if value == "number" else _element(value)
            for name, kind in zip(reversed(node.pipe.names), (inner, ANY), strict=False):
                scope[name] = ANY if name in self.assigned else kind
        self.walk(node.body, inner, dict(scope))
        self.walk(node.otherwise or (), dot, dict(scope))

    def pipeline(self, pipe: Pipe, dot: str, scope: Scope) -> str:
        value = ANY
        for command in pipe.commands:
            value = self.command(command, dot, scope)
        if len(pipe.commands) > 1:
            value = ANY
        for name in pipe.names:
            scope[name] = ANY if name in self.assigned else value
        return value

    def command(self, command: Command, dot: str, scope: Scope) -> str:
        kinds = [self.operand(operand, dot, scope) for operand in command.args]
        first = command.args[0]
        if not isinstance(first, Identifier):
            return kinds[0]
        if first.name == "slice" and len(kinds) > 1:
            return kinds[1]
        if first.name == "index" and len(kinds) > 1:
            value = kinds[1]
            for _ in kinds[2:]:
                value = _element(value)
            return value
        return ANY

    def operand(self, node: Operand, dot: str, scope: Scope) -> str:
        match node:
            case Dot():
                return dot
            case Field(names=names):
                return self.fields(dot, names, node)
            case Variable(names=names):
                return self.fields(scope.get(names[0], ANY), names[1:], node)
            case Chain(node=inner, names=names):
                return self.fields(self.operand(inner, dot, scope), names, node)
            case Pipe():
                return self.pipeline(node, dot, scope)
            case Constant(value=bool()):
                return "flag"
            case Constant(value=int()):
                return "number"
            case Constant(value=str()):
                return "text"
            case _:
                return ANY

    def fields(self, kind: str, names: Sequence[str], node: Operand) -> str:
        for name in names:
            if kind == ANY:
                return ANY
            if kind.startswith("map:"):
                kind = _element(kind)
                continue
            known = _types().get(kind, {})
            if name == "String" and kind.startswith(_CONTAINERS):
                return "text"
            if name not in known:
                self.found.append(source_of(node))
                return ANY
            kind = known[name]
        return kind


def _assigned(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Action | Branch) and node.pipe.assigns:
            yield from node.pipe.names
        if isinstance(node, Branch):
            yield from _assigned(node.body)
            yield from _assigned(node.otherwise or ())


def _element(kind: str) -> str:
    for prefix in _CONTAINERS:
        if kind.startswith(prefix):
            return kind.removeprefix(prefix)
    return ANY
