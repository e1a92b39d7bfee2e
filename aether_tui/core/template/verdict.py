"""Whether Ollama takes a TEMPLATE, and what the template uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.template.capabilities import think_tags
from aether_tui.core.template.cursor import SyntaxFault
from aether_tui.core.template.fields import unknown_fields
from aether_tui.core.template.nodes import (
    Action,
    Branch,
    Field,
    Node,
    Operand,
    Pipe,
    TemplateCall,
    Variable,
    operands,
)
from aether_tui.core.template.parser import parse

_REMEDY = "Correct the template, or choose one of the presets"


class TemplateError(AetherError):
    """A template that can't be used; `details` has the 1-based line, or None."""

    def __init__(self, message: str, line: int | None = None, remedy: str = _REMEDY) -> None:
        super().__init__(ErrorCode.TEMPLATE_INVALID, message, remedy, {"line": line})
        self.line = line


@dataclass(frozen=True, slots=True)
class TemplateVerdict:
    """What Ollama's create would say. `message` is Ollama's text (without its `template error: `), "" when ok."""

    ok: bool
    message: str = ""
    line: int | None = None
    unknown_fields: tuple[str, ...] = ()


class GoTemplate:
    """A template that Ollama takes: its trees by name ("" is the text itself), not to be changed."""

    def __init__(self, text: str, trees: Mapping[str, Sequence[Node]], variables: frozenset[str]) -> None:
        self.text = text
        self.trees = trees
        self.variables = variables

    @cached_property
    def unknown_fields(self) -> tuple[str, ...]:
        """Names that Ollama gives no value for, as written."""
        return unknown_fields(self.trees)

    @cached_property
    def capabilities(self) -> tuple[str, ...]:
        """What Ollama takes the model to be able to do, by its template: tools, insert, thinking."""
        found = [name for word, name in (("tools", "tools"), ("suffix", "insert")) if word in self.variables]
        return (*found, "thinking") if all(think_tags(self.trees[""])) else tuple(found)

    @property
    def uses_messages(self) -> bool:
        """Whether Ollama runs it once over all messages, and not once for each turn."""
        return "messages" in self.variables

    @property
    def adds_response(self) -> bool:
        """Whether Ollama puts `{{ .Response }}` behind it."""
        return not self.variables & {"messages", "response"}


# Trees are much bigger than texts, and an editor asks about each stroke of the keys.
@lru_cache(maxsize=8)
def parse_template(text: str) -> GoTemplate:
    """Parse a TEMPLATE as Ollama does. Raises TemplateError."""
    try:
        trees = parse(text)
        variables = frozenset(name.lower() for tree in trees.values() for name in _identifiers(tree))
    except SyntaxFault as fault:
        raise TemplateError(f"template: :{fault.line}: {fault.message}", fault.line) from fault
    except RecursionError as error:
        raise TemplateError("the template is nested too deeply") from error
    return GoTemplate(text, trees, variables)


@lru_cache(maxsize=64)
def check_template(text: str) -> TemplateVerdict:
    """What Ollama's create would say to a TEMPLATE, and which names in it have no value."""
    try:
        template = parse_template(text)
    except TemplateError as error:
        return TemplateVerdict(False, error.message, error.line)
    return TemplateVerdict(True, unknown_fields=template.unknown_fields)


def _identifiers(nodes: Iterable[Node]) -> Iterator[str]:
    """The names that Ollama looks for; it doesn't look into `(…).Name`, nor at declared variables."""
    for node in nodes:
        match node:
            case Action(pipe=pipe):
                yield from _in_pipe(pipe)
            case Branch(pipe=pipe, body=body, otherwise=otherwise):
                yield from _in_pipe(pipe)
                yield from _identifiers(body)
                yield from _identifiers(otherwise or ())
            case TemplateCall(pipe=None):
                raise TemplateError("undefined template specified")
            case TemplateCall(pipe=Pipe() as pipe):
                yield from _in_pipe(pipe)
            case _:
                pass


def _in_pipe(pipe: Pipe) -> Iterator[str]:
    for operand in operands(pipe):
        yield from _in_operand(operand)


def _in_operand(operand: Operand) -> Iterator[str]:
    match operand:
        case Field(names=names) | Variable(names=names):
            yield from names
        case Pipe():
            yield from _in_pipe(operand)
        case _:
            pass
