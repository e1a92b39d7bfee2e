"""The shape of a draft, checked when it is read. Imported late: pydantic is slow to load."""

from __future__ import annotations

from pathlib import Path

from pydantic import Base64Bytes, BaseModel, ValidationError

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
    base64: Base64Bytes | None = None


def read_draft(path: Path, data: bytes) -> DraftFile:
    """Check the JSON of a draft. Raises AetherError that names the file; the file stays as it is."""
    try:
        return DraftFile.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AetherError(
            ErrorCode.FILE_UNREADABLE,
            f"{path} is no draft any more: {f'{where}: ' if where else ''}{first['msg'].lower()}",
            "It is left as it is; mend or remove it",
            {"path": str(path)},
        ) from error
