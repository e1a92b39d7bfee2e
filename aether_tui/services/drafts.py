"""Unsaved edits, one file each, kept through a crash: `$AETHER_HOME/drafts/`."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from aether_tui.core.errors import AetherError
from aether_tui.core.names import alias_file_name
from aether_tui.files import read_whole, write_error, write_whole

if TYPE_CHECKING:
    from aether_tui.services.stored import DraftFile, DraftOwner


@dataclass(frozen=True, slots=True)
class Draft:
    """One unsaved edit. `kind` is "modelfile" or "chat"; `origin` says what was opened."""

    key: str
    kind: str
    title: str
    saved_at_s: float
    content: bytes
    origin: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None


@cache
def _owner() -> dict[str, float]:
    """This process, told apart from a later one with the same pid by its start time."""
    import psutil

    process = psutil.Process(os.getpid())
    return {"pid": float(process.pid), "started_s": process.create_time()}


def _is_alive(owner: DraftOwner) -> bool:
    import psutil

    try:
        process = psutil.Process(int(owner.pid))
        return abs(process.create_time() - owner.started_s) < 1.0
    except (psutil.Error, ValueError, OverflowError):
        return False


class DraftStore:
    """Writes drafts of this process and finds those that others left behind. Blocking: call in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: list[AetherError] = []

    def new_key(self, title: str) -> str:
        """A key that no other copy of the app uses."""
        return f"{alias_file_name(title or 'unnamed')[:80]}.{uuid4().hex[:8]}"

    def save(self, draft: Draft) -> Path:
        """Write one draft whole. Raises AetherError."""
        content = {
            "kind": draft.kind,
            "title": draft.title,
            "saved_at_s": draft.saved_at_s or time.time(),
            "origin": dict(draft.origin),
            "owner": _owner(),
            **_encoded(draft.content),
        }
        path = self._path(draft.key)
        # Only a path that is no UTF-8 holds what can't be encoded; the text itself is kept whole.
        write_whole(path, json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
        return path

    def remove(self, key: str) -> None:
        """Forget a draft that was saved elsewhere or given up. Raises AetherError."""
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise write_error(path, error) from error

    def left_behind(self) -> list[Draft]:
        """Drafts whose writer is gone, newest first. Those that don't parse are kept and named in `unreadable`."""
        self.unreadable = []
        drafts: list[Draft] = []
        try:
            paths = sorted(self.folder.glob("*.json"))
        except OSError:
            return []
        for path in paths:
            try:
                content = _checked(path)
            except AetherError as error:
                self.unreadable.append(error)
                continue
            if not _is_alive(content.owner):
                drafts.append(_draft(path, content))
        return sorted(drafts, key=lambda draft: -draft.saved_at_s)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def _encoded(content: bytes) -> dict[str, str]:
    """Text stays text, so that a draft can be read without us; other bytes as base64."""
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _draft(path: Path, file: DraftFile) -> Draft:
    content = file.text.encode() if file.text is not None else file.base64 or b""
    return Draft(path.stem, file.kind, file.title, file.saved_at_s, content, file.origin, path)


def _checked(path: Path) -> DraftFile:
    from aether_tui.services.stored import read_draft

    return read_draft(path, read_whole(path))
