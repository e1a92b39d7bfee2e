"""Runs a Go template on Go values, as text/template does, within strict limits.

Facts from https://go.dev/src/text/template/exec.go, the code is our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from aether_tui.core.template.evaluator import LIMIT_REMEDY, Budget, Evaluator, Program
from aether_tui.core.template.literals import go_quote
from aether_tui.core.template.nodes import Action, Branch, Jump, Node, Pipe, TemplateCall, Text
from aether_tui.core.template.values import Slice, Value, is_true, printed
from aether_tui.core.template.verdict import TemplateError


def execute(program: Program, data: Value, today: date | None, budget: Budget) -> str:
    """The text a template makes of its data. Raises TemplateError, with Go's words where Go fails too."""
    run = _Run(program, data, today, budget)
    try:
        run.walk_list(program.trees[""], data)
    except RecursionError as error:
        raise TemplateError("the template is nested too deeply", None, LIMIT_REMEDY) from error
    return "".join(run.output)


class _Run(Evaluator):
    """One execution of a tree and of those that it calls."""

    def __init__(self, program: Program, data: Value, today: date | None, budget: Budget) -> None:
        super().__init__(program, data, today, budget)
        self.output: list[str] = []

    def walk_list(self, nodes: Sequence[Node], dot: Value) -> str:
        """Run nodes in order; "break" or "continue" when one of them left the loop, else ""."""
        self.deeper()
        jump = ""
        for node in nodes:
            self.spend(1)
            self.node = node
            jump = self.walk(node, dot)
            if jump:
                break
        self.depth -= 1
        return jump

    def walk(self, node: Node, dot: Value) -> str:
        match node:
            case Text(text=text):
                self.output.append(self.charge(text))
            case Action(pipe=pipe):
                value = self.pipeline(pipe, dot)
                if not pipe.names:
                    self.output.append(self.charge(printed(value)))
            case Branch(kind="range"):
                return self.walk_range(node, dot)
            case Branch():
                return self.walk_choice(node, dot)
            case TemplateCall():
                self.walk_template(node, dot)
            case Jump(word=word):
                return word
        return ""

    def walk_choice(self, node: Branch, dot: Value) -> str:
        mark = len(self.stack)
        value = self.pipeline(node.pipe, dot)
        if is_true(value):
            jump = self.walk_list(node.body, value if node.kind == "with" else dot)
        else:
            jump = self.walk_list(node.otherwise or (), dot)
        del self.stack[mark:]
        return jump

    def walk_range(self, node: Branch, dot: Value) -> str:
        outer = len(self.stack)
        value = self.pipeline(node.pipe, dot)
        mark = len(self.stack)
        jump = ""
        for index, element in self.elements(value, len(node.pipe.names)):
            self.spend(1)
            self.set_range_variables(node.pipe, index, element)
            jump = self.walk_list(node.body, element)
            del self.stack[mark:]
            if jump == "break":
                break
        else:
            if not self.has_elements(value):
                jump = self.walk_list(node.otherwise or (), dot)
                del self.stack[outer:]
                return jump
        del self.stack[outer:]
        return ""

    def has_elements(self, value: Value) -> bool:
        return value > 0 if isinstance(value, int) else is_true(value)

    def elements(self, value: Value, variables: int) -> Iterable[tuple[Value, Value]]:
        match value:
            case None:
                return ()
            case Slice(items=items):
                return enumerate(items)
            case Mapping():
                return [(key, value[key]) for key in sorted(value)]
            case int() if not isinstance(value, bool):
                if variables > 1:
                    self.fail(f"can't use {value} to iterate over more than one variable")
                return ((None, number) for number in range(value))
            case _:
                self.fail(f"range can't iterate over {printed(value)}")

    def set_range_variables(self, pipe: Pipe, index: Value, element: Value) -> None:
        names = pipe.names
        if not names:
            return
        values = [index, element] if len(names) > 1 else [element]
        if pipe.assigns:
            for name, value in zip(names, values, strict=True):
                self.assign(name, value)
        else:
            # They are the last that were pushed, by the pipeline that the range runs over.
            self.stack[len(self.stack) - len(names) :] = zip(names, values, strict=True)

    def walk_template(self, node: TemplateCall, dot: Value) -> None:
        tree = self.program.trees.get(node.name)
        if tree is None:
            self.fail(f"template {go_quote(node.name)} not defined")
        argument = self.pipeline(node.pipe, dot) if node.pipe else None
        outer = self.base, self.name
        mark = self.base = len(self.stack)
        self.name = node.name
        self.stack.append(("$", argument))
        self.walk_list(tree, argument)
        del self.stack[mark:]
        self.base, self.name = outer
