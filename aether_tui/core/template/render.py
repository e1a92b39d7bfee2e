"""Renders a TEMPLATE with a conversation, as Ollama does for a chat.

Facts from Ollama's template/template.go (Execute, collate, deleteNode), the code is our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from aether_tui.core.messages import Message
from aether_tui.core.template.evaluator import Budget, Program
from aether_tui.core.template.exec import execute
from aether_tui.core.template.nodes import Action, Branch, Command, Field, Node, Operand, Pipe
from aether_tui.core.template.parser import BUILT_IN_FUNCTIONS, FUNCTIONS
from aether_tui.core.template.values import Slice, Struct, Value, sound
from aether_tui.core.template.verdict import GoTemplate, TemplateError, parse_template

_RESPONSE: Final = Action(0, Pipe(0, [], False, [Command(0, [Field(0, ["Response"])])]))
# Ollama's word for the level of `think: true`.
_DEFAULT_THINK_LEVEL: Final = "medium"


def render_go(
    text: str,
    system: str,
    messages: Sequence[Message],
    think: bool | None = None,
    *,
    today: date | None = None,
) -> str:
    """The prompt that Ollama makes of a chat: `system` is the model's own, `today` is for currentDate.

    As on the server, `think` None means True for a template that makes a thinking model.
    Raises TemplateError where Ollama fails, and where the template would run without end.
    """
    template = parse_template(text)
    if think is None and "thinking" in template.capabilities:
        think = True
    turns = [Message(turn.role, sound(turn.content), sound(turn.thinking)) for turn in messages]
    if system and (not turns or turns[0].role != "system"):
        turns.insert(0, Message("system", sound(system)))
    renderer = _Renderer(template, turns, think, today)
    prompt = renderer.all_at_once() if template.uses_messages else renderer.turn_by_turn()
    return prompt.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def merge_turns(messages: Sequence[Message]) -> list[Message]:
    """Neighbours of the same role as one message, with a blank line between; tool answers stay apart."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role == message.role != "tool":
            earlier = merged[-1]
            merged[-1] = Message(earlier.role, f"{earlier.content}\n\n{message.content}", earlier.thinking)
        else:
            merged.append(message)
    return merged


class _Renderer:
    """One rendering of one conversation."""

    def __init__(
        self, template: GoTemplate, messages: Sequence[Message], think: bool | None, today: date | None
    ) -> None:
        self.trees = dict(template.trees)
        if template.adds_response:
            self.trees[""] = [*self.trees[""], _RESPONSE]
        self.text = template.text
        self.system = "\n\n".join(message.content for message in messages if message.role == "system")
        self.turns = merge_turns(messages)
        self.think: dict[str, Value] = {
            "Think": bool(think),
            "ThinkLevel": _DEFAULT_THINK_LEVEL if think else "",
            "IsThinkSet": think is not None,
        }
        self.today = today
        size = sum(len(turn.content) for turn in self.turns)
        self.budget = Budget(200_000 + 2_000 * len(messages) + (size >> 4), 1_000_000 + 8 * size)

    def all_at_once(self) -> str:
        """Run once over all messages."""
        data: dict[str, Value] = {
            "System": self.system,
            "Messages": Slice("[]*template.templateMessage", [_message(turn) for turn in self.turns]),
            "Tools": Slice("template.templateTools", [], is_nil=True, speaks_json=True),
            "Response": "",
            **self.think,
        }
        return execute(Program(self.text, self.trees, FUNCTIONS), data, self.today, self.budget)

    def turn_by_turn(self) -> str:
        """Run once for each turn, the last time only as far as the answer."""
        whole = Program(self.text, self.trees, FUNCTIONS)
        prompts: list[str] = []
        turn = {"System": "", "Prompt": "", "Response": ""}
        for message in self.turns:
            starts_anew = {"system": ("Prompt", "Response"), "user": ("Response",)}.get(message.role, ())
            if any(turn[name] for name in starts_anew):
                prompts.append(execute(whole, {**turn, **self.think}, self.today, self.budget))
                turn = dict.fromkeys(turn, "")
            name = {"system": "System", "user": "Prompt", "assistant": "Response"}.get(message.role)
            if name:
                turn[name] = message.content
        # Ollama makes a new template of the cut tree, without its own functions and without what was defined.
        cut = Program(self.text, {"": _Cutter().nodes(self.trees[""])}, BUILT_IN_FUNCTIONS, strict=False)
        prompts.append(execute(cut, {**turn, **self.think}, self.today, self.budget))
        return "".join(prompts)


def _message(message: Message) -> Struct:
    return Struct(
        "*template.templateMessage",
        {
            "Role": message.role,
            "Content": message.content,
            "Thinking": message.thinking,
            "Images": Slice("[]api.ImageData", [], is_nil=True),
            "ToolCalls": Slice("[]template.templateToolCall", [], is_nil=True),
            "ToolName": "",
            "ToolCallID": "",
        },
    )


class _Cutter:
    """Takes everything behind `.Response` out of a tree, in the very way that Ollama does."""

    def __init__(self) -> None:
        self.found = False

    def nodes(self, nodes: Sequence[Node]) -> list[Node]:
        if self.found:
            raise TemplateError(
                "the server crashes on this template, because .Response stands in front of an {{else}}",
                None,
                "Move .Response behind the {{end}}, or use .Messages",
            )
        kept = (self.node(node) for node in nodes)
        return [node for node in kept if node is not None]

    def node(self, node: Node) -> Node | None:
        if self.found:
            return None
        match node:
            case Branch():
                body = self.nodes(node.body)
                otherwise = None if node.otherwise is None else self.nodes(node.otherwise)
                return Branch(node.pos, node.kind, node.pipe, body, otherwise)
            case Action(pos=pos, pipe=pipe):
                kept = self.pipe(pipe)
                return None if kept is None else Action(pos, kept)
            case _:
                return node

    def pipe(self, pipe: Pipe) -> Pipe | None:
        commands = []
        for command in pipe.commands:
            operands = [kept for operand in command.args if (kept := self.operand(operand)) is not None]
            if not operands:
                return None
            commands.append(Command(command.pos, operands))
        return Pipe(pipe.pos, pipe.names, pipe.assigns, commands)

    def operand(self, operand: Operand) -> Operand | None:
        if isinstance(operand, Field) and "Response" in operand.names:
            self.found = True
            return operand
        if self.found:
            return None
        return self.pipe(operand) if isinstance(operand, Pipe) else operand
