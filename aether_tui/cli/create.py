"""`aether create NAME -f FILE`."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated

import typer

from aether_tui.cli.common import (
    HostName,
    Json,
    folder_of,
    note_manifest,
    read_input,
    require_engine,
    run_async,
    services,
)
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
    line = ProgressLine()

    async def work() -> dict[str, object]:
        async with services(host) as made:
            await require_engine(made)
            session = await made.editor.open_document(document, folder_of(file))
            note_manifest(made, session.facts.name)
            for problem in session.problems():
                if problem.severity == "warning":
                    where = f"line {problem.line}: " if problem.line else ""
                    note(f"{where}{problem.reason}. {problem.remedy}")
            steps: list[str] = []
            try:
                async with aclosing(made.editor.create(session, name)) as making:
                    async for progress in making:
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
