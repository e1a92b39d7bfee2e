"""`aether chat MODEL [PROMPT]`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from typing import Annotated

import typer

from aether_tui.cli.common import HostName, Json, note_manifest, read_input, require_engine, run_async, services
from aether_tui.cli.output import note, print_success
from aether_tui.core.chat import (
    ChatEvent,
    ChatStats,
    Phase,
    PhaseChanged,
    PromptCut,
    TextDelta,
    ThinkingDelta,
)
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.kinds import EngineKind
from aether_tui.core.parameters import find, parse_value
from aether_tui.core.plain import printable
from aether_tui.core.units import seconds, speed
from aether_tui.services.chatting import ChatSession, Turn
from aether_tui.services.container import Services
from aether_tui.services.editing import EditSession
from aether_tui.services.gguf_files import names_a_file
from aether_tui.settings import EMBEDDED_HOST


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
    talks = not prompt and not json and sys.stdin.isatty()
    asked = "" if talks else _question(prompt)

    async def work() -> dict[str, object]:
        async with services(host, embedded=names_a_file(model)) as made:
            if not host:
                await _find_host(made, model)
            await require_engine(made)
            session = made.new_chat()
            await session.choose(model)
            note_manifest(made, session.settings.facts.name)
            session.think = think
            if system:
                session.settings.set_instruction("SYSTEM", system)
            _set_parameters(session.settings, param or [])
            if talks:
                return await _converse(made, session)
            return await _ask(made, session, asked, quiet=json)

    result = run_async(work)
    if json:
        print_success(result)


def _question(prompt: str) -> str:
    """What is asked: the argument, else standard input. Raises AetherError."""
    asked = prompt
    try:
        if not asked and not sys.stdin.isatty():
            asked = read_input("-").decode("utf-8-sig")
        asked.encode()
    except UnicodeError as error:
        raise AetherError(ErrorCode.BAD_INPUT, "The prompt is not UTF-8 text", "Convert it, as with iconv") from error
    if not asked.strip():
        raise AetherError(ErrorCode.USAGE, "There is no prompt", "Give one after the model, or on standard input")
    return asked


async def _find_host(made: Services, model: str) -> None:
    """Take the embedded engine for the alias of a file that the current host does not serve."""
    alias = None if names_a_file(model) else await asyncio.to_thread(made.aliases.get, model)
    if alias is None or not names_a_file(alias.model):
        return
    status = await made.hosts.detect()
    if status.reachable:
        on_ollama = status.kind is EngineKind.OLLAMA
        try:
            await made.models.details(model if on_ollama else alias.model)
        except AetherError:
            pass  # It does not have it, for whatever reason: the file is there for the embedded engine.
        else:
            return
    made.hosts.choose(EMBEDDED_HOST)


def _set_parameters(settings: EditSession, pairs: Sequence[str]) -> None:
    """Set what --param gives; of a list each gives one item. Raises AetherError."""
    lists: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, mark, text = pair.partition("=")
        known = find(name)
        row = settings.schema.get(known.id if known is not None else name)
        if not mark or row is None:
            remedy = "Give --param NAME=VALUE; `aether params` lists the names"
            raise AetherError(ErrorCode.PARAMETER_INVALID, f"{pair} names no parameter", remedy, {"parameter": name})
        if row.spec.type == "list":
            lists[row.spec.id] = (*lists.get(row.spec.id, ()), text)
        else:
            settings.set_value(row.spec.id, parse_value(row.spec, text))
    for identifier, values in lists.items():
        settings.set_value(identifier, values)


async def _ask(made: Services, session: ChatSession, text: str, *, quiet: bool) -> dict[str, object]:
    printer = _Printer(quiet)
    async with aclosing(session.send(text)) as events:
        async for event in events:
            printer.show(event)
    turn = session.turns[-1]
    if turn.error is not None:
        printer.break_off()
        raise turn.error
    printer.end(turn)
    result: dict[str, object] = {
        "answer": turn.content,
        "thinking": turn.thinking,
        "done_reason": turn.done_reason,
        "engine": made.hosts.current.kind.value,
        "model": session.model,
        "stats": _stats(turn.stats or ChatStats()),
        "untaken": list(turn.untaken),
    }
    if turn.cut is not None:
        cut = turn.cut
        result["prompt_cut"] = {
            "kept_tokens": cut.kept_tokens,
            "sent_tokens": cut.sent_tokens,
            "num_ctx": cut.num_ctx,
            "suggested_num_ctx": cut.suggested_num_ctx,
        }
    return result


async def _converse(made: Services, session: ChatSession) -> dict[str, object]:
    """A conversation by lines on a terminal; an empty line or ctrl+d ends it."""
    while (text := await _typed_line()).strip():
        try:
            await _ask(made, session, text.rstrip("\n"), quiet=False)
        except AetherError as error:
            note(error.message)
            note(f"  {error.remedy}")
    return {}


async def _typed_line() -> str:
    """The next line from the terminal, "" at its end. Not by `input` in a thread, which ctrl+c could not end."""
    sys.stdout.write("> ")
    sys.stdout.flush()
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()


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
        self._answering = False

    def show(self, event: ChatEvent) -> None:
        """Print what an event brings."""
        if isinstance(event, PromptCut):
            room = f"; num_ctx {event.suggested_num_ctx} would hold it" if event.suggested_num_ctx else ""
            sent = f" of {event.sent_tokens}" if event.sent_tokens else ""
            self.break_off()
            note(f"the prompt was cut: {event.kept_tokens}{sent} tokens kept{room}")
        elif self._quiet:
            return
        elif isinstance(event, PhaseChanged):
            if event.phase is Phase.LOADING and sys.stderr.isatty():
                note("loading …")
        elif isinstance(event, ThinkingDelta):
            self._thinking = True
            sys.stderr.write(printable(event.text))
            sys.stderr.flush()
        elif isinstance(event, TextDelta):
            self._end_thought()
            self._answering = True
            sys.stdout.write(printable(event.text))
            sys.stdout.flush()

    def _end_thought(self) -> None:
        if self._thinking:
            self._thinking = False
            sys.stderr.write("\n")
            sys.stderr.flush()

    def break_off(self) -> None:
        """End the line that was begun, so that what follows stands on its own."""
        self._end_thought()
        if self._answering:
            self._answering = False
            sys.stdout.write("\n")
            sys.stdout.flush()

    def end(self, turn: Turn) -> None:
        """End the answer, and say what is to be known of it."""
        self._answering = self._answering or not self._quiet
        self.break_off()
        if turn.untaken:
            note(f"not sent, as this engine has no such setting: {', '.join(turn.untaken)}")
        stats = turn.stats
        if stats is None or self._quiet or not sys.stderr.isatty():
            return
        first_s = stats.time_to_first_token_s
        parts = [
            f"{stats.answer_tokens} tok" if stats.answer_tokens is not None else "",
            speed(stats.tokens_per_s) if stats.tokens_per_s else "",
            f"first {seconds(first_s)}" if first_s is not None else "",
        ]
        note("  ".join(part for part in parts if part))
