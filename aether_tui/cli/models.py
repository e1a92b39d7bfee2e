"""`aether models`: what the current host can serve."""

from __future__ import annotations

from dataclasses import asdict

from aether_tui.cli.common import HostName, Json, require_engine, run_async, services
from aether_tui.cli.output import note, print_row, print_success
from aether_tui.core.units import file_size


def models(host: HostName = "", json: Json = False) -> None:
    """List the models of the current host, and your aliases."""

    async def work() -> dict[str, object]:
        async with services(host) as made:
            status = await require_engine(made)
            found = await made.models.list()
            aliases = made.aliases.list()
            return {
                "host": made.hosts.current.name,
                "engine": status.kind.value,
                "version": status.version,
                "address": status.address,
                "models": [asdict(model) for model in found],
                "aliases": [{"alias": alias.alias, "model": alias.model} for alias in aliases],
                "unreadable": [error.text for error in made.aliases.unreadable],
            }

    result = run_async(work)
    if json:
        print_success(result)
        return
    _print(result)


def _print(result: dict[str, object]) -> None:
    listed, aliases = result["models"], result["aliases"]
    assert isinstance(listed, list) and isinstance(aliases, list)
    for model in listed:
        size = file_size(model["size_bytes"]) if model["size_bytes"] is not None else ""
        text = f"{model['name']:<48} {size:>9}  {model['parameter_size']:<8} {model['quantization']}"
        print_row(text)
    for alias in aliases:
        print_row(f"{alias['alias']:<48} alias of {alias['model']}")
    if not listed and not aliases:
        note(f"{result['host']} has no models yet; make one with aether create, or pull one")
    unreadable = result["unreadable"]
    for text in unreadable if isinstance(unreadable, list) else []:
        note(text)
