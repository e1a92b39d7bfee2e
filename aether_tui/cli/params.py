"""`aether params [MODEL]`: the parameters that hold for a model."""

from __future__ import annotations

from typing import Annotated

import typer

from aether_tui.cli.common import HostName, Json, require_engine, run_async, services
from aether_tui.cli.output import print_json, print_row
from aether_tui.core.parameters import format_value
from aether_tui.core.schema import EffectiveParameter, ModelFacts, ParameterSchema, schema_json
from aether_tui.services.gguf_files import names_a_file


def params(
    model: Annotated[str, typer.Argument(help="A model of the current host, or a GGUF file.")] = "",
    host: HostName = "",
    json: Json = False,
) -> None:
    """Show each parameter with range, default and effect, as it holds for that model on that server."""

    async def work() -> ParameterSchema:
        async with services(host, embedded=names_a_file(model)) as made:
            if not model:
                await made.hosts.detect()
                return await made.models.schema(ModelFacts())
            await require_engine(made)
            return await made.models.schema(await made.models.facts(model))

    schema = run_async(work)
    if json:
        print_json(schema_json(schema, model))
        return
    for _, title, rows in schema.groups():
        print_row(title)
        for row in rows:
            low = "" if row.minimum is None else f"{row.minimum:g}"
            high = "" if row.maximum is None else f"{row.maximum:g}"
            span = f"{low}…{high}" if low or high else ""
            state = row.spec.effect if row.supported else row.unsupported_why
            print_row(f"  {row.spec.id:<20} {_shown(row):>10}  {span:<14} {state}")


def _shown(row: EffectiveParameter) -> str:
    return "" if row.default is None else format_value(row.spec, row.default)
