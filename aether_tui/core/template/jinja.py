"""Renders the Jinja chat template of a GGUF file, as llama.cpp and Hugging Face's tools do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from aether_tui.core.messages import Message
from aether_tui.core.template.verdict import TemplateError

MAX_SOURCE_CHARACTERS: Final = 200_000
_REMEDY: Final = "Use a template preset, or a GGUF file with a sound chat template"


class RefusedChat(TemplateError):
    """The template doesn't take this conversation, as when it knows no system role."""


class JinjaTemplate:
    """A chat template, compiled once. Raises TemplateError when it can't be."""

    def __init__(self, text: str, now: datetime | None = None) -> None:
        # jinja2 takes 30 ms to import, and most runs never need it.
        from jinja2 import TemplateSyntaxError

        from aether_tui.core.template.jinja_sandbox import Sandbox

        if len(text) > MAX_SOURCE_CHARACTERS:
            raise TemplateError(f"the chat template is longer than {MAX_SOURCE_CHARACTERS} characters", None, _REMEDY)
        self._sandbox = Sandbox(now)
        try:
            self._template = self._sandbox.load(text)
        except TemplateSyntaxError as error:
            raise TemplateError(f"the chat template isn't valid Jinja: {error}", error.lineno, _REMEDY) from error
        except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
            # Jinja turns the template into Python, which has limits of its own on nesting.
            raise TemplateError(f"the chat template can't be compiled: {error}", None, _REMEDY) from error

    def render(
        self,
        messages: Sequence[Message],
        *,
        bos: str = "",
        eos: str = "",
        add_generation_prompt: bool = True,
        enable_thinking: bool | None = None,
    ) -> str:
        """The prompt for these messages. Raises RefusedChat when the template refuses them, else TemplateError."""
        from aether_tui.core.template.jinja_sandbox import Budget, Refused

        size = sum(len(message.content) + len(message.thinking) for message in messages)
        self._sandbox.budget = Budget(100_000 + 200 * len(messages) + (size >> 4), 200_000 + 8 * size)
        thinking = {} if enable_thinking is None else {"enable_thinking": enable_thinking}
        try:
            return self._template.render(
                messages=[_plain(message) for message in messages],
                tools=None,
                documents=None,
                add_generation_prompt=add_generation_prompt,
                bos_token=bos,
                eos_token=eos,
                **thinking,
            )
        except Refused as error:
            raise RefusedChat(f"the chat template refuses this conversation: {error}", None, _REMEDY) from error
        except Exception as error:
            # A template can make Python raise nearly anything: a missing key, a division by zero, a deep recursion.
            raise TemplateError(f"the chat template fails: {error}", None, _REMEDY) from error


def render_jinja(
    text: str,
    messages: Sequence[Message],
    *,
    bos: str = "",
    eos: str = "",
    add_generation_prompt: bool = True,
    enable_thinking: bool | None = None,
    now: datetime | None = None,
) -> str:
    """Render a chat template once; `now` is for `strftime_now`. Raises TemplateError."""
    return JinjaTemplate(text, now).render(
        messages, bos=bos, eos=eos, add_generation_prompt=add_generation_prompt, enable_thinking=enable_thinking
    )


def _plain(message: Message) -> Mapping[str, str]:
    plain = {"role": message.role, "content": message.content}
    # Templates ask whether it is there, so it is there only when there is something.
    return plain | {"reasoning_content": message.thinking} if message.thinking else plain
