"""`aether create NAME -f FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aether_tui.cli.common import HostName, Json, read_input, require_engine, run_async, services
from aether_tui.cli.output import ProgressLine, note, print_success
from aether_tui.core.modelfile.document import parse


def create(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    file: Annotated[str, typer.Option("--file", "-f", metavar="FILE|-", help="The Modelfile.")] = "Modelfile",
    host: HostName = "",
    json: Json = False,
) -> None:
    """Make a model (Ollama) or an alias (llama.cpp) from a Modelfile."""
    document = parse(read_input(file))
    folder = Path.cwd() if file == "-" else Path(file).expanduser().absolute().parent
    line = ProgressLine()

    async def work() -> dict[str, object]:
        async with services(host) as made:
            await require_engine(made)
            session = await made.editor.open_document(document, folder)
            for problem in session.problems():
                if problem.severity == "warning":
                    note(f"line {problem.line}: {problem.reason}. {problem.remedy}")
            steps: list[str] = []
            try:
                async for progress in made.editor.create(session, name):
                    line.show(progress)
                    if not steps or steps[-1] != progress.text:
                        steps.append(progress.text)
            finally:
                line.close()
            return {"name": name, "host": made.hosts.current.name, "engine": session.target.kind.value, "steps": steps}

    result = run_async(work)
    if json:
        print_success(result)
    else:
        note(f"{name} is ready: aether chat {name}")
