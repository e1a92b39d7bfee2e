"""`aether chat MODEL [PROMPT]`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from typing import Annotated

import typer

from aether_tui.cli.common import HostName, Json, is_file_reference, require_engine, run_async, services
from aether_tui.cli.output import note, print_success, printable
from aether_tui.core.chat import ChatStats, Failed, Finished, Phase, PhaseChanged, PromptCut, TextDelta, ThinkingDelta
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.parameters import find, parse_value
from aether_tui.core.units import seconds, speed
from aether_tui.services.chatting import ChatSession
from aether_tui.services.container import Services


def chat(
    model: Annotated[str, typer.Argument(help="A model, an alias, a GGUF file, or demo.")],
    prompt: Annotated[str, typer.Argument(help="What to ask; without it, standard input or a conversation.")] = "",
    param: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="One setting.")] = None,
    system: Annotated[str, typer.Option("--system", help="A system prompt.")] = "",
    think: Annotated[bool | None, typer.Option("--think/--no-think", help="Whether it may think first.")] = None,
    host: HostName = "",
    json: Json = False,
) -> None:
    """Ask a model, and stream its answer."""
    asked = prompt or ("" if sys.stdin.isatty() else sys.stdin.read())
    if not asked.strip() and (json or not sys.stdin.isatty()):
        raise AetherError(ErrorCode.USAGE, "there is no prompt", "give one after the model, or on standard input")

    async def work() -> dict[str, object]:
        async with services(host, embedded=is_file_reference(model)) as made:
            session = await _session(made, model, param or [], system)
            session.think = think
            if asked:
                return await _ask(made, session, asked, quiet=json)
            return await _converse(made, session)

    result = run_async(work)
    if json:
        print_success(result)


async def _session(made: Services, model: str, params: list[str], system: str) -> ChatSession:
    alias = None if is_file_reference(model) else made.aliases.get(model)
    if alias is not None and is_file_reference(alias.model) and not made.hosts.is_chosen:
        made.hosts.choose("embedded")
    await require_engine(made)
    session = made.new_chat()
    await session.choose(model)
    if system:
        session.settings.set_instruction("SYSTEM", system)
    for pair in params:
        name, mark, text = pair.partition("=")
        spec = find(name)
        if not mark or spec is None:
            known = "give --param NAME=VALUE; aether params lists the names"
            raise AetherError(ErrorCode.PARAMETER_INVALID, f"{pair} names no parameter", known, {"parameter": name})
        if spec.type == "list":
            session.settings.set_value(spec.id, (*session.settings.raw(spec.id), text))
        else:
            session.settings.set_value(spec.id, parse_value(spec, text))
    return session


async def _ask(made: Services, session: ChatSession, text: str, *, quiet: bool) -> dict[str, object]:
    printer = _Printer(quiet)
    async with aclosing(session.send(text)) as events:
        async for event in events:
            printer.show(event)
    turn = session.turns[-1]
    if turn.error is not None:
        raise turn.error
    printer.end(turn.stats)
    result: dict[str, object] = {
        "answer": turn.content,
        "thinking": turn.thinking,
        "done_reason": turn.done_reason,
        "engine": made.hosts.current.kind.value,
        "model": session.model,
        "stats": _stats(turn.stats or ChatStats()),
    }
    if turn.cut is not None:
        cut = turn.cut
        result["prompt_cut"] = {"kept_tokens": cut.kept_tokens, "sent_tokens": cut.sent_tokens, "num_ctx": cut.num_ctx}
    return result


async def _converse(made: Services, session: ChatSession) -> dict[str, object]:
    """A conversation by lines on a terminal; an empty line or ctrl+d ends it."""
    while True:
        try:
            text = await asyncio.to_thread(input, "> ")
        except EOFError:
            text = ""
        if not text.strip():
            return {}
        try:
            await _ask(made, session, text, quiet=False)
        except AetherError as error:
            note(f"{error.message}\n  {error.remedy}")


def _stats(stats: ChatStats) -> dict[str, object]:
    return {
        "tokens_per_s": stats.tokens_per_s,
        "time_to_first_token_s": stats.time_to_first_token_s,
        "prompt_tokens": stats.prompt_tokens,
        "cached_tokens": stats.cached_tokens,
        "answer_tokens": stats.answer_tokens,
        "load_s": stats.load_s,
        "prompt_tokens_per_s": stats.prompt_tokens_per_s,
        "total_s": stats.total_s,
    }


class _Printer:
    """The answer on standard output as it comes; thoughts and figures on standard error."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._thinking = False

    def show(self, event: object) -> None:
        if isinstance(event, PromptCut):
            room = f"; num_ctx {event.suggested_num_ctx} would hold it" if event.suggested_num_ctx else ""
            sent = f" of {event.sent_tokens}" if event.sent_tokens else ""
            note(f"the prompt was cut: {event.kept_tokens}{sent} tokens kept{room}")
        elif self._quiet or isinstance(event, (Failed, Finished)):
            return
        elif isinstance(event, PhaseChanged):
            if event.phase is Phase.LOADING and sys.stderr.isatty():
                note("loading …")
        elif isinstance(event, ThinkingDelta):
            self._thinking = True
            sys.stderr.write(printable(event.text))
            sys.stderr.flush()
        elif isinstance(event, TextDelta):
            if self._thinking:
                self._thinking = False
                sys.stderr.write("\n")
                sys.stderr.flush()
            sys.stdout.write(printable(event.text))
            sys.stdout.flush()

    def end(self, stats: ChatStats | None) -> None:
        if self._quiet:
            return
        sys.stdout.write("\n")
        sys.stdout.flush()
        if stats is not None and sys.stderr.isatty():
            parts = [f"{stats.answer_tokens} tok" if stats.answer_tokens is not None else ""]
            parts.append(speed(stats.tokens_per_s) if stats.tokens_per_s else "")
            first_s = stats.time_to_first_token_s
            parts.append(f"first {seconds(first_s)}" if first_s is not None else "")
            note("  ".join(part for part in parts if part))
