"""Evaluates the pipelines of a Go template on Go values, as text/template does, within strict limits.

Facts from https://go.dev/src/text/template/exec.go, the code is our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final, NoReturn

from aether_tui.core.template.functions import FUNCTIONS, CallFault, Context, Function
from aether_tui.core.template.literals import go_quote
from aether_tui.core.template.nodes import (
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Identifier,
    Nil,
    Node,
    Operand,
    Pipe,
    Text,
    Variable,
    source_of,
)
from aether_tui.core.template.values import Struct, Value, encode, is_true, type_name
from aether_tui.core.template.verdict import TemplateError

LIMIT_REMEDY: Final = "Make the template, or what it is given, smaller"
_REMEDY: Final = "Correct the template: the server fails at the same place"
# Blocks, parentheses and templates within each other; each takes a few of Python's own calls.
MAX_DEPTH: Final = 150


class _Missing(Enum):
    """A pipeline's first command gets no value from an earlier one; nil is something else."""

    MISSING = "missing"


MISSING: Final = _Missing.MISSING
Given = Value | _Missing


@dataclass(slots=True)
class Budget:
    """How much a rendering may still do. A template from a file may be made to never end."""

    steps: int = 200_000
    characters: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Program:
    """What runs: the trees by name, the functions they may call, the text they were read from.

    `strict` is Ollama's missingkey=zero, under which a field of an unknown name is an error.
    """

    text: str
    trees: Mapping[str, Sequence[Node]]
    functions: frozenset[str]
    strict: bool = True


class Evaluator:
    """The state of a run. `stack` holds the variables, innermost last, as Go's does."""

    def __init__(self, program: Program, data: Value, today: date | None, budget: Budget) -> None:
        self.program = program
        self.budget = budget
        self.depth = 0
        self.name = ""
        self.node: Node | Operand | Command = Text(0, "")
        self.stack: list[tuple[str, Value]] = [("$", data)]
        # Where the variables of the template that runs begin.
        self.base = 0
        self.context = Context(today, self.charge)

    def spend(self, steps: int) -> None:
        self.budget.steps -= steps
        if self.budget.steps < 0:
            self.stop("the template takes too many steps")

    def charge(self, text: str) -> str:
        """Count text that the run made; a string that doubles in a loop ends here."""
        self.budget.characters -= len(text)
        self.spend(len(text) >> 8)
        if self.budget.characters < 0:
            self.stop("the template makes too much text")
        return text

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.stop("the template is nested too deeply")

    def stop(self, message: str) -> NoReturn:
        raise TemplateError(message, self.place()[0], LIMIT_REMEDY)

    def fail(self, message: str) -> NoReturn:
        line, column = self.place()
        where = f"template: :{line}:{column}: executing {go_quote(self.name)} at <{source_of(self.node)}>"
        raise TemplateError(f"{where}: {message}", line, _REMEDY)

    def place(self) -> tuple[int, int]:
        before = self.program.text[: self.node.pos]
        return 1 + before.count("\n"), len(encode(before[before.rfind("\n") + 1 :]))

    def look_up(self, name: str) -> int:
        for position in range(len(self.stack) - 1, self.base - 1, -1):
            if self.stack[position][0] == name:
                # Thousands of variables make this slow.
                self.spend((len(self.stack) - position) >> 4)
                return position
        self.fail(f"undefined variable: {name}")

    def assign(self, name: str, value: Value) -> None:
        self.stack[self.look_up(name)] = (name, value)

    def pipeline(self, pipe: Pipe, dot: Value) -> Value:
        self.deeper()
        self.node = pipe
        given: Given = MISSING
        for command in pipe.commands:
            self.spend(1)
            given = self.command(command, dot, given)
        value = None if given is MISSING else given
        for name in pipe.names:
            if pipe.assigns:
                self.assign(name, value)
            else:
                self.stack.append((name, value))
        self.depth -= 1
        return value

    def command(self, command: Command, dot: Value, given: Given) -> Value:
        first = command.args[0]
        extra = len(command.args) > 1 or given is not MISSING
        self.node = first
        match first:
            case Identifier():
                return self.call(first, command, command.args[1:], dot, given)
            case Field() | Chain():
                return self.fields_of(first, dot, extra)
            case Variable(names=names) if len(names) > 1:
                return self.fields_of(first, dot, extra)
        if extra:
            self.fail(f"can't give argument to non-function {source_of(first)}")
        if isinstance(first, Nil):
            self.fail("nil is not a command")
        return self.operand(first, dot)

    def operand(self, node: Operand, dot: Value) -> Value:
        """The value of an operand that is given no arguments."""
        self.node = node
        match node:
            case Dot():
                return dot
            case Field() | Chain():
                return self.fields_of(node, dot, False)
            case Variable(names=[name]):
                return self.stack[self.look_up(name)][1]
            case Variable():
                return self.fields_of(node, dot, False)
            case Pipe():
                return self.pipeline(node, dot)
            case Identifier():
                return self.call(node, node, (), dot, MISSING)
            case Constant(value=value):
                if value is None:
                    self.fail(f"{node.source} overflows int")
                return value
            case Nil():
                return None

    def fields_of(self, node: Field | Variable | Chain, dot: Value, extra: bool) -> Value:
        names = node.names
        match node:
            case Field():
                receiver = dot
            case Variable():
                receiver = self.stack[self.look_up(names[0])][1]
                names = names[1:]
            case Chain(node=Nil()):
                self.fail(f"indirection through explicit nil in {source_of(node)}")
            case Chain(node=inner):
                receiver = self.operand(inner, dot)
        self.node = node
        for index, name in enumerate(names):
            is_last = index == len(names) - 1
            receiver = self.field(receiver, name, extra and is_last, index > 0)
        return receiver

    def field(self, receiver: Value, name: str, extra: bool, in_chain: bool) -> Value:
        match receiver:
            case None:
                if in_chain and self.program.strict:
                    self.fail(f"nil pointer evaluating interface {{}}.{name}")
                return None
            case Mapping():
                if extra:
                    self.fail(f"{name} is not a method but has arguments")
                return receiver.get(name)
            case Struct(fields=fields) if name in fields:
                if extra:
                    self.fail(f"{name} has arguments but cannot be invoked as function")
                return fields[name]
            case _:
                self.fail(f"can't evaluate field {name} in type {type_name(receiver)}")

    def call(
        self, node: Identifier, at: Operand | Command, operands: Sequence[Operand], dot: Value, given: Given
    ) -> Value:
        name = node.name
        if name not in self.program.functions:
            self.fail(f"{go_quote(name)} is not a defined function")
        if name in ("and", "or"):
            return self.first_deciding(name, operands, dot, given)
        function = FUNCTIONS[name]
        count = len(operands) + (given is not MISSING)
        if count < function.least or count > function.most:
            least = "" if function.least == function.most else "at least "
            counted = len(operands) if least else count
            self.fail(f"wrong number of args for {name}: want {least}{function.least} got {counted}")
        arguments = [self.argument(operand, dot, function, place) for place, operand in enumerate(operands)]
        if given is not MISSING:
            arguments.append(self.fitting(given, function, len(arguments)))
        self.spend(sum(len(argument) >> 8 for argument in arguments if isinstance(argument, str)))
        try:
            value = function.run(arguments, self.context)
        except CallFault as fault:
            self.node = at
            self.fail(f"error calling {name}: {fault}")
        return self.charge(value) if isinstance(value, str) else value

    def first_deciding(self, name: str, operands: Sequence[Operand], dot: Value, given: Given) -> Value:
        if not operands and given is MISSING:
            self.fail(f"wrong number of args for {name}: want at least 1 got 0")
        value: Value = None
        for operand in operands:
            value = self.operand(operand, dot)
            if is_true(value) == (name == "or"):
                return value
        return value if given is MISSING else given

    def argument(self, operand: Operand, dot: Value, function: Function, place: int) -> Value:
        must_be_text = place < function.strings
        if must_be_text and isinstance(operand, Nil):
            self.fail("cannot assign nil to string")
        value = self.operand(operand, dot)
        if must_be_text and isinstance(operand, Constant) and not isinstance(value, str):
            self.fail(f"expected string; found {source_of(operand)}")
        return self.fitting(value, function, place)

    def fitting(self, value: Value, function: Function, place: int) -> Value:
        if place < function.strings and not isinstance(value, str):
            if value is None:
                self.fail("invalid value; expected string")
            self.fail(f"wrong type for value; expected string; got {type_name(value)}")
        return value
