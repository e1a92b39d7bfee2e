"""The shapes of our own files, checked when read. Imported late: pydantic is slow to load."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from aether_tui.core.errors import AetherError, ErrorCode


class DraftOwner(BaseModel):
    """The process that wrote a draft."""

    pid: float
    started_s: float


class DraftFile(BaseModel):
    """One file of `drafts/`."""

    kind: str
    title: str
    saved_at_s: float
    origin: dict[str, str] = {}
    owner: DraftOwner
    text: str | None = None
    base64: str | None = Field(default=None)


class StoredMessage(BaseModel):
    """One turn of a kept conversation."""

    role: str
    content: str
    thinking: str = ""


class StoredChat(BaseModel):
    """A conversation that was kept through a crash."""

    model: str
    messages: list[StoredMessage] = []
    parameters: dict[str, bool | int | float | str | list[str]] = {}
    typed: str = ""


Stored = TypeVar("Stored", bound=BaseModel)


def read_stored(path: Path, data: bytes, shape: type[Stored]) -> Stored:
    """Check the JSON of one of our files. Raises AetherError that names the file; the file stays as it is."""
    try:
        return shape.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AetherError(
            ErrorCode.FILE_UNREADABLE,
            f"{path} is not one of our files any more: {where} {first['msg'].lower()}".replace("  ", " "),
            "it is left as it is; mend or remove it",
            {"path": str(path)},
        ) from error
