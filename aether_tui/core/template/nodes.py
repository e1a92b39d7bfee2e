"""The parse tree of a Go template, and its text as Go's error messages print it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

BranchKind = Literal["if", "range", "with"]


@dataclass(slots=True, eq=False, repr=False)
class Text:
    """Plain text between actions."""

    pos: int
    text: str


@dataclass(slots=True, eq=False, repr=False)
class Action:
    """A pipeline whose value is printed, unless it declares variables."""

    pos: int
    pipe: Pipe


@dataclass(slots=True, eq=False, repr=False)
class Branch:
    """`if`, `range` or `with`. `otherwise` is None without an `else`."""

    pos: int
    kind: BranchKind
    pipe: Pipe
    body: list[Node]
    otherwise: list[Node] | None


@dataclass(slots=True, eq=False, repr=False)
class TemplateCall:
    """`{{template "name" pipeline}}`."""

    pos: int
    name: str
    pipe: Pipe | None


@dataclass(slots=True, eq=False, repr=False)
class Jump:
    """`{{break}}` or `{{continue}}`."""

    pos: int
    word: Literal["break", "continue"]


@dataclass(slots=True, eq=False, repr=False)
class Pipe:
    """Commands joined by `|`. `names` are the variables that it declares, or assigns when `assigns`."""

    pos: int
    names: list[str]
    assigns: bool
    commands: list[Command]


@dataclass(slots=True, eq=False, repr=False)
class Command:
    """One stage of a pipeline: an operand and its arguments."""

    pos: int
    args: list[Operand]


@dataclass(slots=True, eq=False, repr=False)
class Field:
    """`.A.B`, without the dots."""

    pos: int
    names: list[str]


@dataclass(slots=True, eq=False, repr=False)
class Variable:
    """`$x.A`: the variable with its dollar sign, then fields."""

    pos: int
    names: list[str]


@dataclass(slots=True, eq=False, repr=False)
class Chain:
    """Fields of something other than a field or a variable: `(pipeline).A.B`."""

    pos: int
    node: Operand
    names: list[str]


@dataclass(slots=True, eq=False, repr=False)
class Identifier:
    """The name of a function."""

    pos: int
    name: str


@dataclass(slots=True, eq=False, repr=False)
class Dot:
    """`.`"""

    pos: int


@dataclass(slots=True, eq=False, repr=False)
class Nil:
    """`nil`"""

    pos: int


@dataclass(slots=True, eq=False, repr=False)
class Constant:
    """A boolean, string or number. `source` is what the template says; `value` None is an int overflow."""

    pos: int
    source: str
    value: bool | str | int | float | complex | None


Node = Text | Action | Branch | TemplateCall | Jump
Operand = Field | Variable | Chain | Identifier | Dot | Nil | Constant | Pipe


def operands(pipe: Pipe) -> Iterator[Operand]:
    """Every operand of a pipeline's commands, not looking into nested pipelines."""
    for command in pipe.commands:
        yield from command.args


def is_empty(nodes: Sequence[Node]) -> bool:
    """Whether there is nothing but white space (ASCII and Unicode, as Go's bytes.TrimSpace)."""
    return all(isinstance(node, Text) and not node.text.strip() for node in nodes)


def source_of(node: Node | Operand | Command) -> str:
    """The node as Go prints it in its error messages."""
    match node:
        case Text(text=text):
            return text
        case Action(pipe=pipe):
            return f"{{{{{source_of(pipe)}}}}}"
        case Branch():
            otherwise = "" if node.otherwise is None else "{{else}}" + _join(node.otherwise)
            return f"{{{{{node.kind} {source_of(node.pipe)}}}}}{_join(node.body)}{otherwise}{{{{end}}}}"
        case TemplateCall(name=name, pipe=pipe):
            argument = f" {source_of(pipe)}" if pipe else ""
            return f'{{{{template "{name}"{argument}}}}}'
        case Jump(word=word):
            return f"{{{{{word}}}}}"
        case _:
            return _operand_source(node)


def _operand_source(node: Operand | Command) -> str:
    match node:
        case Pipe():
            declared = f"{', '.join(node.names)} {'=' if node.assigns else ':='} " if node.names else ""
            return declared + " | ".join(map(_operand_source, node.commands))
        case Command(args=args):
            return " ".join(map(_in_parentheses, args))
        case Field(names=names):
            return "".join(f".{name}" for name in names)
        case Variable(names=names):
            return ".".join(names)
        case Chain(node=inner, names=names):
            return _in_parentheses(inner) + "".join(f".{name}" for name in names)
        case Identifier(name=name):
            return name
        case Constant(source=source):
            return source
        case Dot():
            return "."
        case Nil():
            return "nil"


def _in_parentheses(node: Operand) -> str:
    text = _operand_source(node)
    return f"({text})" if isinstance(node, Pipe) else text


def _join(nodes: Sequence[Node]) -> str:
    return "".join(map(source_of, nodes))
