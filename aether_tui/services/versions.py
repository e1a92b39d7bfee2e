"""Every saved version of a Modelfile: `$AETHER_HOME/modelfiles/NAME/`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aether_tui.core.names import alias_file_name
from aether_tui.files import read_whole, write_whole


@dataclass(frozen=True, slots=True)
class Version:
    """One kept version, newest last in a list."""

    name: str
    path: Path
    saved_at: datetime


class VersionStore:
    """Keeps Modelfiles by model name. Blocking: call in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, name: str, content: bytes) -> Path | None:
        """Keep `content` as the newest version, unless the newest is the same. Raises AetherError."""
        kept = self.list(name)
        if kept and read_whole(kept[-1].path) == content:
            return None
        now = datetime.now(UTC)
        stamp = now.strftime("%Y%m%dT%H%M%S.%fZ")
        path = self._folder(name) / f"{stamp}.modelfile"
        write_whole(path, content)
        return path

    def list(self, name: str) -> list[Version]:
        """The versions of one model, oldest first."""
        versions = []
        for path in sorted(self._folder(name).glob("*.modelfile")):
            try:
                saved_at = datetime.strptime(path.stem, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
            except ValueError:
                continue  # A file of the user's own, with another name.
            versions.append(Version(name, path, saved_at))
        return versions

    def _folder(self, name: str) -> Path:
        return self.folder / alias_file_name(name)
