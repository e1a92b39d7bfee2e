"""What Ollama takes a model to be able to do, by its template.

Facts from Ollama's server/images.go and thinking/template.go, the code is our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from aether_tui.core.template.nodes import Action, Branch, Field, Node, Pipe, TemplateCall, Text, operands

if TYPE_CHECKING:
    from aether_tui.core.template.verdict import GoTemplate

# What a Jinja template writes or asks when it can hand a tool's answer back to the model.
_TOOL_ANSWERS: Final = (
    *("tool_response", "tool_results", "ipython", "message.role == 'tool'", 'message.role == "tool"'),
    *("role'] == 'tool'", 'role\'] == "tool"', "role\"] == 'tool'", 'role"] == "tool"'),
)
_GO_TOOL_ANSWERS: Final = ('eq .Role "tool"', "tool_response", "TOOL_RESULTS")


def chat_template_wins(chat_template: str, template: GoTemplate) -> bool:
    """Whether Ollama from 0.30 on renders chats by the chat template of the GGUF file and leaves TEMPLATE aside.

    It does so without a word when that can do more. RENDERER and PARSER, if there are any, come before both.
    """
    theirs = _jinja_capabilities(chat_template)
    ours = template.capabilities
    theirs_answer = "tools" in theirs and _has_any(chat_template, ("tool_calls", "assistant_tool_call"))
    theirs_answer = theirs_answer and _has_any(chat_template, _TOOL_ANSWERS)
    ours_answer = {"tools", "toolcalls"} <= template.variables and _has_any(template.text, _GO_TOOL_ANSWERS)
    if len(theirs) > len(ours):
        return theirs_answer or not ours_answer
    return set(theirs) == set(ours) and "tools" in theirs and theirs_answer and not ours_answer


def _jinja_capabilities(text: str) -> tuple[str, ...]:
    tools = _has_any(text, ("tools", "tool_call"))
    strips_thoughts = _has_any(text, ("content.split('</think>')", 'content.split("</think>")'))
    thinking = ("<think>" in text and "</think>" in text) or (
        strips_thoughts and not _has_any(text, ("reasoning_content", "<SPECIAL_12>"))
    )
    return (*(("tools",) if tools else ()), *(("thinking",) if thinking else ()))


def _has_any(text: str, marks: Sequence[str]) -> bool:
    return any(mark in text for mark in marks)


def think_tags(nodes: Sequence[Node]) -> tuple[str, str]:
    """The marks around thoughts: the first and last text beside a `.Thinking` in a range over `.Messages`."""
    opening = closing = ""
    for around in _thinking_places(nodes, None):
        if isinstance(around[0], Text):
            opening = around[0].text.strip()
        if isinstance(around[-1], Text):
            closing = around[-1].text.strip()
    return opening, closing


def _thinking_places(nodes: Sequence[Node], innermost: Branch | None) -> Iterator[Sequence[Node]]:
    """For each `.Thinking`, the list of nodes that it stands in. `innermost` is the range around them."""
    for node in nodes:
        pipe = node.pipe if isinstance(node, Action | Branch | TemplateCall) else None
        around = node if isinstance(node, Branch) and node.kind == "range" else innermost
        if pipe and around and "Thinking" in _first_names(pipe) and "Messages" in _first_names(around.pipe):
            yield nodes
        if isinstance(node, Branch):
            yield from _thinking_places(node.body, around)
            yield from _thinking_places(node.otherwise or (), around)


def _first_names(pipe: Pipe) -> Iterator[str]:
    for operand in operands(pipe):
        if isinstance(operand, Field):
            yield operand.names[0]
        elif isinstance(operand, Pipe):
            yield from _first_names(operand)
