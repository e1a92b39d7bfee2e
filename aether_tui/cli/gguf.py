"""`aether gguf FILE`: what a GGUF header says."""

from __future__ import annotations

from typing import Annotated

import typer

from aether_tui.cli.common import Json
from aether_tui.cli.output import print_row, print_success


def gguf(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A GGUF file, demo, or hf:repo:QUANT in the cache.")],
    tensors: Annotated[bool, typer.Option("--tensors", help="List the tensors too.")] = False,
    json: Json = False,
) -> None:
    """Show what a GGUF header says, without loading the model."""
    from aether_tui.core.gguf import summary
    from aether_tui.core.units import file_size
    from aether_tui.engines.gguf_details import read_gguf
    from aether_tui.services.gguf_files import resolve_gguf

    path = resolve_gguf(file)
    header = read_gguf(path)
    values = summary(header)
    if json:
        listed = [
            {"name": tensor.name, "shape": list(tensor.shape), "type": tensor.type_name, "offset": tensor.offset}
            for tensor in header.tensors
        ]
        print_success({"path": str(path), **values, **({"tensors": listed} if tensors else {})})
        return
    print_row(f"{path}  {file_size(header.size_bytes)}")
    for key, value in values.items():
        if key != "metadata":
            print_row(f"{key:<24} {_shown(value)}")
    for key, value in header.metadata.items():
        print_row(f"{key:<44} {_shown(value)}")
    for tensor in header.tensors if tensors else ():
        shape = "x".join(str(size) for size in tensor.shape)
        print_row(f"{tensor.name:<44} {tensor.type_name:<8} {shape}")


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 100 else f"{text[:97]}…"
