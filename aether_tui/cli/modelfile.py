"""`aether modelfile parse|check|format|diff`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aether_tui.cli.common import HostName, Json, folder_of, read_input, require_engine, run_async, services
from aether_tui.cli.output import print_line, print_row, print_success
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.kinds import EngineKind
from aether_tui.core.modelfile.check import Problem
from aether_tui.core.modelfile.document import Modelfile, parse
from aether_tui.core.modelfile.problems import looks_like_path
from aether_tui.core.plain import printable
from aether_tui.core.schema import EngineTarget
from aether_tui.files import user_path
from aether_tui.services.container import Services
from aether_tui.services.gguf_files import names_a_file

app = typer.Typer(help="Read, check and compare Modelfiles.", rich_markup_mode=None)

File = Annotated[str, typer.Argument(metavar="FILE|-", help="A Modelfile, or - for standard input.")]


@app.command("parse")
def parse_file(file: File, json: Json = False) -> None:
    """Print the commands of a Modelfile as Ollama's parser answers them."""
    document = parse(read_input(file))
    commands = [{"name": command.name, "args": command.args} for command in document.commands]
    if json:
        print_success({"commands": commands})
        return
    for command in commands:
        sys.stdout.write(printable(f"{command['name']}\t{command['args']}") + "\n")


@app.command("format")
def format_file(file: File, json: Json = False) -> None:
    """Print a Modelfile back as it was read, after checking that it parses."""
    document = parse(read_input(file))
    if json:
        print_success({"text": document.text})
        return
    sys.stdout.buffer.write(document.to_bytes())
    sys.stdout.buffer.flush()


@app.command("check")
def check_file(
    file: File,
    server_version: Annotated[
        str, typer.Option("--server-version", help="The Ollama version to check for, as 0.34.1.")
    ] = "",
    host: HostName = "",
    json: Json = False,
) -> int:
    """Name what is wrong with a Modelfile, with line, reason and remedy. Exit code 2 only on errors."""
    document = parse(read_input(file))
    target, problems = run_async(lambda: _problems(document, file, server_version, host))
    errors = [problem for problem in problems if problem.severity == "error"]
    version = target.version or "newest known"
    if json:
        listed = [asdict(problem) for problem in problems]
        result = {"problems": listed, "server": target.kind.value, "server_version": version}
        if errors:
            details = {"line": errors[0].line, **result}
            raise AetherError(ErrorCode.MODELFILE_HAS_ERRORS, _counted(errors), errors[0].remedy, details)
        print_success(result)
        return 0
    for problem in problems:
        where = f"{problem.line}: " if problem.line else ""
        print_line(f"{where}{problem.severity}: {problem.reason}. {problem.remedy}")
    if not problems:
        print_line(f"no problems for {target.kind.value} {version}")
    return 2 if errors else 0


async def _problems(document: Modelfile, file: str, version: str, host: str) -> tuple[EngineTarget, list[Problem]]:
    """What is wrong with a document on the server of that version, else on the current host."""
    async with services(host) as made:
        if version:
            made.hosts.assume(EngineTarget(EngineKind.OLLAMA, version))
        elif made.hosts.missing is not None:
            raise made.hosts.missing
        else:
            await made.hosts.status()
        session = await made.editor.open_document(document, folder_of(file))
        return session.target, session.problems()


def _counted(errors: Sequence[Problem]) -> str:
    where = f"Line {errors[0].line}: " if errors[0].line else ""
    return f"{where}{errors[0].reason}" + (f", and {len(errors) - 1} more" if len(errors) > 1 else "")


@app.command("diff")
def diff_files(
    file: File,
    other: Annotated[str, typer.Argument(metavar="[NAME|FILE2]", help="An installed model or another file.")] = "",
    host: HostName = "",
    json: Json = False,
) -> None:
    """Compare a Modelfile with what is installed, or with another file."""
    from aether_tui.core.modelfile.diff import counts, diff

    new = parse(read_input(file))
    if other and (_is_file(other) or looks_like_path(other)):
        old, against = parse(read_input(other)), other
    else:
        old, against = run_async(lambda: _installed(new, file, other, host))
    lines = diff(old, new)
    added, removed = counts(lines)
    if json:
        rows = [line._asdict() for line in lines]
        print_success({"against": against, "added": added, "removed": removed, "lines": rows})
        return
    print_line(f"against {against}: {added} added, {removed} removed")
    for line in lines:
        print_row(f"{line.mark} {line.number:>4}  {line.text}")


def _is_file(text: str) -> bool:
    try:
        return user_path(text).is_file()
    except OSError:
        return False  # No path can be called so: it may still be a model's name.


async def _installed(new: Modelfile, file: str, other: str, host: str) -> tuple[Modelfile, str]:
    """The installed model to compare with: the one named, else the file's own name, else the one it builds on."""
    names = [other] if other else [_name_of(file), new.get("FROM") or ""]
    async with services(host) as made:
        await require_engine(made)
        for name in names:
            if name and (found := await _find(made, name)) is not None:
                return found, name
    tried = " or ".join(name for name in names if name and not names_a_file(name))
    raise AetherError(
        ErrorCode.MODEL_NOT_FOUND,
        f"There is no model {tried} to compare with" if tried else "The file does not tell which model to compare with",
        "Name an installed model or a second file after it",
    )


async def _find(made: Services, name: str) -> Modelfile | None:
    """What is installed under a name: a model of Ollama's, an alias of the others; None where there is none."""
    if made.hosts.current.kind is EngineKind.OLLAMA and names_a_file(name):
        return None
    try:
        if made.hosts.current.kind is EngineKind.OLLAMA:
            return (await made.editor.open_model(name)).document
        if await asyncio.to_thread(made.aliases.get, name) is not None:
            return (await made.editor.open_alias(name)).document
    except AetherError as error:
        if error.code not in (ErrorCode.MODEL_NOT_FOUND, ErrorCode.NAME_INVALID):
            raise
    return None


def _name_of(file: str) -> str:
    """The model that a file is called after: bot.modelfile is for bot, Modelfile for none."""
    stem = Path(file).stem
    return "" if file == "-" or stem.lower() == "modelfile" else stem
