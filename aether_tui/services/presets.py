"""Presets: those that ship, and the user's own in `$AETHER_HOME/presets/*.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.presets import Preset, parse_preset, shipped_presets
from aether_tui.services.yaml_files import read_checked


@dataclass(frozen=True, slots=True)
class PresetList:
    """The presets there are, the user's own first, and the files that can't be taken."""

    presets: tuple[Preset, ...]
    unreadable: tuple[AetherError, ...]


class PresetStore:
    """Reads presets. Blocking: call in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self) -> PresetList:
        """All presets; one of the user's with the id of a shipped one stands in its place."""
        own: list[Preset] = []
        unreadable: list[AetherError] = []
        for path in sorted((*self.folder.glob("*.yaml"), *self.folder.glob("*.yml"))):
            try:
                own.append(read_checked(path, ErrorCode.BAD_INPUT, parse_preset))
            except AetherError as error:
                unreadable.append(error)
        taken = {preset.id for preset in own}
        shipped = [preset for preset in shipped_presets() if preset.id not in taken]
        return PresetList((*own, *shipped), tuple(unreadable))
