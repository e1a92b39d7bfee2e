"""What the header of a GGUF file says of a model, in the shape that every engine tells it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import ModelDetails, ModelSummary

if TYPE_CHECKING:
    from aether_tui.core.gguf import GgufHeader


def read_gguf(path: Path) -> GgufHeader:
    """Read the header of a GGUF file. Blocking: call in a thread. Raises AetherError that names the file."""
    from aether_tui.core.gguf import read_header

    # Looked at first: to open a named pipe would wait for its other end without an end of its own.
    if path.exists() and not path.is_file():
        raise AetherError(ErrorCode.FILE_UNREADABLE, f"{path} is no file", "Name a GGUF file", {"path": str(path)})
    try:
        with path.open("rb") as file:

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(length)

            return read_header(read, os.fstat(file.fileno()).st_size)
    except AetherError as error:
        details = {**error.details, "path": str(path)}
        raise AetherError(error.code, f"{path}: {error.message}", error.remedy, details) from error
    except OSError as error:
        code = ErrorCode.FILE_NOT_FOUND if isinstance(error, FileNotFoundError) else ErrorCode.FILE_UNREADABLE
        message = f"{path} can't be read: {error.strerror or error}"
        raise AetherError(code, message, "Check the path", {"path": str(path)}) from error


def details_of_file(name: str, path: Path) -> ModelDetails:
    """What a header says, as details of a model. Blocking: call in a thread. Raises AetherError."""
    header = read_gguf(path)
    metadata, architecture = header.metadata, header.architecture
    context = metadata.get(f"{architecture}.context_length")
    template = str(metadata.get("tokenizer.chat_template", ""))
    summary = ModelSummary(
        name=name,
        size_bytes=header.size_bytes,
        family=architecture,
        parameter_size=_count(header.parameter_count),
        quantization=header.quantization,
        context_length_tokens=context if isinstance(context, int) else None,
        path=str(path),
    )
    return ModelDetails(
        name=name, summary=summary, architecture=architecture, chat_template=template, metadata=metadata
    )


def _count(parameters: int) -> str:
    """A number of weights as Ollama prints it: 5.25M, 8.0B."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if parameters >= size:
            return f"{parameters / size:.{1 if unit == 'B' else 2}f}{unit}"
    return str(parameters)
