"""Parses a Go template, with the verdict and the error text of Go 1.26's text/template/parse.

Facts from https://go.dev/src/text/template/parse/parse.go, the code is our own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aether_tui.core.template import lexer
from aether_tui.core.template.cursor import Cursor
from aether_tui.core.template.lexer import Token
from aether_tui.core.template.literals import (
    LiteralError,
    go_quote,
    read_complex,
    read_number,
    unquote,
    unquote_character,
)
from aether_tui.core.template.nodes import (
    Action,
    Branch,
    BranchKind,
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Identifier,
    Jump,
    Nil,
    Node,
    Operand,
    Pipe,
    TemplateCall,
    Text,
    Variable,
    is_empty,
    source_of,
)

_COMPARISONS: Final = ("eq", "ge", "gt", "le", "lt", "ne")
_PRINTERS: Final = ("html", "js", "print", "printf", "println", "urlquery")
_OTHERS: Final = ("and", "call", "index", "len", "not", "or", "slice")
BUILT_IN_FUNCTIONS: Final = frozenset((*_COMPARISONS, *_PRINTERS, *_OTHERS))
OLLAMA_FUNCTIONS: Final = frozenset(["json", "currentDate", "yesterdayDate", "toTypeScriptType"])
FUNCTIONS: Final = BUILT_IN_FUNCTIONS | OLLAMA_FUNCTIONS

_NAMES: Final = (lexer.FIELD, lexer.VARIABLE, lexer.WORD, lexer.DOT)
_CONSTANTS: Final = (lexer.BOOL, lexer.NUMBER, lexer.COMPLEX, lexer.CHARACTER, lexer.STRING, lexer.RAW_STRING, "nil")
_OPERANDS: Final = frozenset((*_NAMES, *_CONSTANTS, lexer.OPEN))
_CONTROLS: Final = frozenset(["block", "break", "continue", "else", "end", "if", "range", "template", "with"])
_NOT_EXECUTABLE: Final = (Constant, Dot, Nil)
_AFTER_FIRST_VARIABLE: Final = (lexer.VARIABLE, lexer.RIGHT, lexer.CLOSE)


class _Stop:
    """`{{end}}` or `{{else}}`, which close a list of nodes and are no nodes themselves."""

    def __init__(self, text: str) -> None:
        self.text = text


_END = _Stop("{{end}}")
_ELSE = _Stop("{{else}}")


def parse(text: str) -> dict[str, list[Node]]:
    """The trees of a template by name; the one of the text itself is called "". Raises SyntaxFault."""
    return _Parser(text).parse()


class _Parser(Cursor):
    """One pass over the tokens."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.trees: dict[str, list[Node]] = {}
        self.variables = ["$"]
        self.range_depth = 0

    # Trees.

    def parse(self) -> dict[str, list[Node]]:
        root: list[Node] = []
        while self.peek().kind != lexer.EOF:
            if self.peek().kind == lexer.LEFT:
                start = self.at
                self.next()
                if self.next_meaning().kind == "define":
                    self.definition()
                    continue
                self.at = start
            node = self.text_or_action()
            if isinstance(node, _Stop):
                self.fail(f"unexpected {node.text}")
            root.append(node)
        self.add("", root)
        return self.trees

    def add(self, name: str, nodes: list[Node]) -> None:
        known = self.trees.get(name)
        if known is None or is_empty(known):
            self.trees[name] = nodes
        elif not is_empty(nodes):
            self.fail(f"template: multiple definition of template {go_quote(name)}")

    def definition(self) -> None:
        context = "define clause"

        def body() -> None:
            name = self.string_value(self.expect((lexer.STRING, lexer.RAW_STRING), context))
            self.expect((lexer.RIGHT,), context)
            nodes, stop = self.item_list()
            if stop is not _END:
                self.fail(f"unexpected {stop.text} in {context}")
            self.add(name, nodes)

        self.in_own_tree(body)

    def in_own_tree(self, body: Callable[[], None]) -> None:
        """Parse what is a template of its own: it sees no variables or ranges of the one around it."""
        outer = self.variables, self.range_depth, self.seen, self.action_line
        self.variables, self.range_depth, self.seen, self.action_line = ["$"], 0, self.at - 1, 0
        self.deeper()
        body()
        self.depth -= 1
        # Go's outer parser goes on with the last token that it read itself, so an error names that line.
        self.variables, self.range_depth, self.seen, self.action_line = outer

    def item_list(self) -> tuple[list[Node], _Stop]:
        nodes: list[Node] = []
        while self.peek_meaning().kind != lexer.EOF:
            node = self.text_or_action()
            if isinstance(node, _Stop):
                return nodes, node
            nodes.append(node)
        self.fail("unexpected EOF")

    def text_or_action(self) -> Node | _Stop:
        token = self.next_meaning()
        if token.kind == lexer.TEXT:
            return Text(token.pos, token.value)
        if token.kind != lexer.LEFT:
            self.unexpected(token, "input")
        self.action_line = self.line_of(token)
        node = self.action()
        self.action_line = 0
        return node

    # Actions.

    def action(self) -> Node | _Stop:
        token = self.next_meaning()
        if token.kind in _CONTROLS:
            return self.keyword(token)
        self.at -= 1
        return Action(token.pos, self.pipeline("command", lexer.RIGHT))

    def keyword(self, token: Token) -> Node | _Stop:
        match token.kind:
            case "if" | "range" | "with":
                return self.control(token.kind)
            case "end":
                self.expect((lexer.RIGHT,), "end")
                return _END
            case "else":
                if self.peek_meaning().kind not in ("if", "with"):
                    self.expect((lexer.RIGHT,), "else")
                return _ELSE
            case "template":
                return self.template_call()
            case "block":
                return self.block()
            case _:
                return self.jump(token)

    def jump(self, token: Token) -> Jump:
        word = f"{{{{{token.kind}}}}}"
        self.expect((lexer.RIGHT,), word)
        if not self.range_depth:
            self.fail(f"{word} outside {{{{range}}}}")
        return Jump(token.pos, "break" if token.kind == "break" else "continue")

    def control(self, kind: BranchKind) -> Branch:
        self.deeper()
        known = len(self.variables)
        pipe = self.pipeline(kind, lexer.RIGHT)
        self.range_depth += kind == "range"
        body, stop = self.item_list()
        self.range_depth -= kind == "range"
        otherwise = self.otherwise(kind) if stop is _ELSE else None
        del self.variables[known:]
        self.depth -= 1
        return Branch(pipe.pos, kind, pipe, body, otherwise)

    def otherwise(self, kind: BranchKind) -> list[Node]:
        # `{{else if}}` in an if, and `{{else with}}` in a with, need one end only.
        if kind != "range" and self.peek().kind == kind:
            self.next()
            return [self.control(kind)]
        nodes, stop = self.item_list()
        if stop is not _END:
            self.fail(f"expected end; found {stop.text}")
        return nodes

    def template_call(self) -> TemplateCall:
        context = "template clause"
        token = self.next_meaning()
        name = self.template_name(token, context)
        pipe = None
        if self.next_meaning().kind != lexer.RIGHT:
            self.at -= 1
            pipe = self.pipeline(context, lexer.RIGHT)
        return TemplateCall(token.pos, name, pipe)

    def block(self) -> TemplateCall:
        context = "block clause"
        token = self.next_meaning()
        name = self.template_name(token, context)
        pipe = self.pipeline(context, lexer.RIGHT)
        stop = _END

        def body() -> None:
            nonlocal stop
            nodes, stop = self.item_list()
            if stop is _END:
                self.add(name, nodes)

        self.in_own_tree(body)
        if stop is not _END:
            self.fail(f"unexpected {stop.text} in {context}")
        return TemplateCall(token.pos, name, pipe)

    def template_name(self, token: Token, context: str) -> str:
        if token.kind not in (lexer.STRING, lexer.RAW_STRING):
            self.unexpected(token, context)
        return self.string_value(token)

    # Pipelines.

    def pipeline(self, context: str, end: str) -> Pipe:
        pipe = Pipe(self.peek_meaning().pos, [], False, [])
        self.declarations(pipe, context)
        while True:
            token = self.next_meaning()
            if token.kind == end:
                break
            if token.kind not in _OPERANDS:
                self.unexpected(token, context)
            self.at -= 1
            pipe.commands.append(self.command())
        if not pipe.commands:
            self.fail(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], 2):
            if isinstance(command.args[0], _NOT_EXECUTABLE):
                self.fail(f"non executable command in pipeline stage {stage}")
        return pipe

    def declarations(self, pipe: Pipe, context: str) -> None:
        """The variables that a pipeline declares or assigns, if it does."""
        while (variable := self.peek_meaning()).kind == lexer.VARIABLE:
            start = self.at
            self.next()
            # As Go, which looks at the token right behind the variable before it skips space.
            self.peek()
            following = self.next_meaning()
            is_comma = following.kind == lexer.OTHER and following.value == ","
            if not is_comma and following.kind not in (lexer.ASSIGN, lexer.DECLARE):
                self.at = start
                return
            pipe.names.append(variable.value)
            self.variables.append(variable.value)
            if not is_comma:
                pipe.assigns = following.kind == lexer.ASSIGN
                return
            if context != "range" or len(pipe.names) > 1:
                self.fail(f"too many declarations in {context}")
            if self.peek_meaning().kind not in _AFTER_FIRST_VARIABLE:
                self.fail("range can only initialize variables")

    def command(self) -> Command:
        command = Command(self.peek_meaning().pos, [])
        while True:
            self.peek_meaning()
            operand = self.operand()
            if operand is not None:
                command.args.append(operand)
            token = self.next()
            if token.kind == lexer.SPACE:
                continue
            if token.kind in (lexer.RIGHT, lexer.CLOSE):
                self.at -= 1
            elif token.kind != lexer.PIPE:
                self.unexpected(token, "operand")
            break
        if not command.args:
            self.fail("empty command")
        return command

    def operand(self) -> Operand | None:
        node = self.term()
        if node is None or self.peek().kind != lexer.FIELD:
            return node
        pos = self.peek().pos
        names = []
        while self.peek().kind == lexer.FIELD:
            names.append(self.next().value[1:])
        if isinstance(node, Field | Variable):
            node.pos = pos
            node.names += names
            return node
        if isinstance(node, Constant | Dot | Nil):
            self.fail(f"unexpected . after term {go_quote(source_of(node))}")
        return Chain(pos, node, names)

    def term(self) -> Operand | None:
        token = self.next_meaning()
        match token.kind:
            case lexer.FIELD:
                return Field(token.pos, [token.value[1:]])
            case lexer.WORD:
                if token.value not in FUNCTIONS:
                    self.fail(f"function {go_quote(token.value)} not defined")
                return Identifier(token.pos, token.value)
            case lexer.VARIABLE:
                if token.value not in self.variables:
                    self.fail(f"undefined variable {go_quote(token.value)}")
                return Variable(token.pos, [token.value])
            case lexer.DOT:
                return Dot(token.pos)
            case lexer.OPEN:
                self.deeper()
                pipe = self.pipeline("parenthesized pipeline", lexer.CLOSE)
                self.depth -= 1
                return pipe
            case "nil":
                return Nil(token.pos)
            case _:
                return self.constant(token)

    def constant(self, token: Token) -> Constant | None:
        source = token.value
        try:
            match token.kind:
                case lexer.STRING | lexer.RAW_STRING:
                    return Constant(token.pos, source, unquote(source))
                case lexer.BOOL:
                    return Constant(token.pos, source, source == "true")
                case lexer.NUMBER:
                    return Constant(token.pos, source, read_number(source))
                case lexer.CHARACTER:
                    return Constant(token.pos, source, unquote_character(source))
                case lexer.COMPLEX:
                    return Constant(token.pos, source, read_complex(source))
        except LiteralError as error:
            self.fail(str(error))
        self.at -= 1
        return None

    def string_value(self, token: Token) -> str:
        try:
            return unquote(token.value)
        except LiteralError as error:
            self.fail(str(error))
