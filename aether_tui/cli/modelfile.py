"""`aether modelfile parse|check|format|diff`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aether_tui.cli.common import HostName, Json, read_input, run_async, services
from aether_tui.cli.output import print_success, printable
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind
from aether_tui.core.modelfile.check import Problem
from aether_tui.core.modelfile.document import Modelfile, parse
from aether_tui.core.schema import EngineTarget
from aether_tui.services.editor import EditorService

app = typer.Typer(help="Read, check and compare Modelfiles.", no_args_is_help=True, rich_markup_mode=None)

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

    async def work() -> tuple[EngineTarget, list[Problem]]:
        async with services(host) as made:
            if server_version:
                made.hosts.assume(EngineTarget(EngineKind.OLLAMA, server_version))
            else:
                await made.hosts.status()
            session = await made.editor.open_document(document, _folder(file))
            return session.target, session.problems()

    target, problems = run_async(work)
    errors = [problem for problem in problems if problem.severity == "error"]
    listed = [asdict(problem) for problem in problems]
    version = target.version or "newest known"
    if errors and json:
        first = errors[0]
        raise AetherError(
            ErrorCode.MODELFILE_HAS_ERRORS,
            f"{len(errors)} of {len(problems)} problems are errors; first: {first.reason}",
            first.remedy,
            {"line": first.line, "problems": listed, "server": target.kind.value, "server_version": version},
        )
    if json:
        print_success({"problems": listed, "server": target.kind.value, "server_version": version})
        return 0
    for problem in problems:
        where = f"{problem.line}: " if problem.line else ""
        sys.stdout.write(printable(f"{where}{problem.severity}: {problem.reason}. {problem.remedy}".strip()) + "\n")
    if not problems:
        sys.stdout.write(f"no problems for {target.kind.value} {version}\n")
    return 2 if errors else 0


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
    if other and Path(other).expanduser().is_file():
        old, against = parse(read_input(other)), other
    else:
        old, against = run_async(lambda: _installed(new, file, other, host))
    lines = diff(old, new)
    added, removed = counts(lines)
    if json:
        rows = [line._asdict() for line in lines]
        print_success({"against": against, "added": added, "removed": removed, "lines": rows})
        return
    sys.stdout.write(f"against {against}: {added} added, {removed} removed\n")
    for line in lines:
        sys.stdout.write(printable(f"{line.mark} {line.number:>4}  {line.text}").rstrip() + "\n")


async def _installed(new: Modelfile, file: str, other: str, host: str) -> tuple[Modelfile, str]:
    """The installed model to compare with: the one named, else the file's own name, else the one it builds on."""
    from aether_tui.cli.common import require_engine

    async with services(host) as made:
        await require_engine(made)
        names = [other] if other else [name for name in (_name_of(file), new.get("FROM") or "") if name]
        for name in names[:-1]:
            found = await _try(made.editor, name)
            if found is not None:
                return found, name
        session = await made.editor.open_model(names[-1])
        return session.document, names[-1]


async def _try(editor: EditorService, name: str) -> Modelfile | None:
    try:
        return (await editor.open_model(name)).document
    except AetherError as error:
        if error.code is ErrorCode.MODEL_NOT_FOUND:
            return None
        raise


def _name_of(file: str) -> str:
    stem = Path(file).stem
    return "" if file == "-" or stem.lower() == "modelfile" else stem


def _folder(file: str) -> Path:
    return Path.cwd() if file == "-" else Path(file).expanduser().absolute().parent
