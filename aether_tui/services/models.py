"""The models that the current engine can serve, and what is known of each."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.schema import EngineTarget, ModelFacts, ParameterSchema, facts_from_details, schema_for
from aether_tui.services.yaml_files import read_checked

if TYPE_CHECKING:
    from aether_tui.core.inventory import ModelDetails, ModelSummary
    from aether_tui.core.manifest import Manifest, ManifestEntry
    from aether_tui.services.hosts import HostService


class ModelService:
    """Lists and describes models; what the user's manifest says is added."""

    def __init__(self, hosts: HostService, home: Path) -> None:
        self._hosts = hosts
        self._home = home
        self._manifest: tuple[object, Manifest | None] = (None, None)

    async def list(self) -> list[ModelSummary]:
        """What the current engine can serve. Raises AetherError."""
        return await self._hosts.engine().models()

    async def details(self, name: str) -> ModelDetails:
        """All that the current engine, or the file, says of one model. Raises AetherError."""
        return await self._hosts.engine().details(name)

    async def facts(self, name: str) -> ModelFacts:
        """What the parameter ranges of one model follow from. Raises AetherError."""
        return facts_from_details(await self.details(name))

    async def schema(
        self, facts: ModelFacts, target: EngineTarget | None = None, *, strict: bool = True
    ) -> ParameterSchema:
        """The parameters that hold for a model on the current engine.

        Raises AetherError on a bad manifest, which is left out where not `strict`.
        """
        try:
            entry = await asyncio.to_thread(self.manifest_entry, facts.name)
        except AetherError:
            if strict:
                raise
            entry = None
        return schema_for(facts, target or self._hosts.target(), entry)

    def manifest_entry(self, name: str) -> ManifestEntry | None:
        """What the user's manifest says of a model. Blocking. Raises AetherError that names line and reason."""
        path = next((path for path in self._manifest_paths() if path.is_file()), None)
        if path is None:
            return None
        stat = path.stat()
        stamp = (path, stat.st_mtime_ns, stat.st_size)
        if self._manifest[0] != stamp:
            self._manifest = (stamp, _read_manifest(path))
        manifest = self._manifest[1]
        return manifest.entry(name) if manifest else None

    def _manifest_paths(self) -> tuple[Path, ...]:
        return tuple(self._home / f"manifest.{ending}" for ending in ("yaml", "yml", "json"))


def _read_manifest(path: Path) -> Manifest:
    from aether_tui.core.manifest import parse_manifest

    return read_checked(path, ErrorCode.MANIFEST_INVALID, parse_manifest)
