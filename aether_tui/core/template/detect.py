"""Finds the preset that speaks the format of a GGUF file's chat template, and proves it by rendering both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from aether_tui.core.messages import Message
from aether_tui.core.template.jinja import JinjaTemplate, RefusedChat
from aether_tui.core.template.presets import TemplatePreset, preset
from aether_tui.core.template.render import render_go
from aether_tui.core.template.verdict import TemplateError
from aether_tui.data import load_json

_SYSTEM: Final = Message("system", "Answer in one sentence.")
_QUESTION: Final = Message("user", "What is a tide?")
_ANSWER: Final = Message("assistant", "The sea that rises and falls.")
_THOUGHT: Final = Message("assistant", "The sea that rises and falls.", thinking="They ask about the sea.")
_NEXT: Final = Message("user", "Why does it?")
_CHATS: Final = (
    (_QUESTION,),
    (_QUESTION, _ANSWER, _NEXT),
    (_SYSTEM, _QUESTION),
    (_SYSTEM, _QUESTION, _ANSWER, _NEXT),
)
_CHAT_WITH_THOUGHT: Final = (_SYSTEM, _QUESTION, _THOUGHT, _NEXT)
# Any will do, as long as both sides have the same.
_NOW: Final = datetime(2026, 3, 14, 15, 9, 26)


def preset_for(chat_template: str, architecture: str = "") -> TemplatePreset | None:
    """The preset whose format the chat template seems to speak, by its marks.

    `architecture` (GGUF general.architecture) decides only when there is no chat template.
    """
    if not chat_template:
        known: dict[str, str] = load_json("templates/index.json")["architectures"]
        return preset(known[architecture]) if architecture in known else None
    return next(_candidates(chat_template), None)


def matching_preset(chat_template: str, bos: str = "", eos: str = "") -> TemplatePreset | None:
    """The preset that renders sample chats as the chat template does, or None. The one to offer for a GGUF file."""
    try:
        template = JinjaTemplate(chat_template, _NOW)
    except TemplateError:
        return None
    return next((each for each in _candidates(chat_template) if _alike(each, template, chat_template, bos, eos)), None)


def renders_alike(preset: TemplatePreset, chat_template: str, bos: str, eos: str) -> bool:
    """Whether both make the same prompts of sample chats, but for the BOS in front, which the server adds itself.

    Chats that the chat template refuses are left out, as long as it takes one. `bos` and `eos` are token texts.
    """
    try:
        template = JinjaTemplate(chat_template, _NOW)
    except TemplateError:
        return False
    return _alike(preset, template, chat_template, bos, eos)


def _candidates(chat_template: str) -> Iterator[TemplatePreset]:
    seen: set[str] = set()
    for rule in load_json("templates/index.json")["rules"]:
        if not all(mark in chat_template for mark in rule["all"]):
            continue
        if rule["preset"] is None:
            return
        if rule["preset"] not in seen:
            seen.add(rule["preset"])
            yield preset(rule["preset"])


def _alike(candidate: TemplatePreset, template: JinjaTemplate, chat_template: str, bos: str, eos: str) -> bool:
    compared = 0
    for chat, think in _samples(chat_template):
        try:
            theirs = template.render(chat, bos=bos, eos=eos, enable_thinking=think)
            ours = render_go(candidate.text, "", chat, think, today=_NOW.date())
        except RefusedChat:
            continue
        except TemplateError:
            return False
        if theirs.removeprefix(bos) != ours.removeprefix(bos):
            return False
        compared += 1
    return compared > 0


def _samples(chat_template: str) -> Iterator[tuple[Sequence[Message], bool | None]]:
    """Chats, and whether thinking is asked for; what the template knows nothing of isn't asked of it."""
    for chat in _CHATS:
        yield chat, None
    if "reasoning_content" in chat_template:
        yield _CHAT_WITH_THOUGHT, None
    if "enable_thinking" in chat_template:
        yield _CHATS[0], True
        yield _CHATS[0], False
