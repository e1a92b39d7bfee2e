"""User aliases on disk: `$AETHER_HOME/aliases/NAME.yaml`."""

from __future__ import annotations

from pathlib import Path

from aether_tui.core.aliases import Alias, alias_from_data, alias_to_data, merged
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.names import alias_file_name
from aether_tui.files import write_whole
from aether_tui.services.gguf_files import names_a_file
from aether_tui.services.yaml_files import read_checked

MAX_FILE_NAME = 200
"""Characters of the file name that an alias becomes; disks take 255 with the ending."""


def check_new_name(name: str) -> None:
    """Raise NAME_INVALID where no alias can be called so."""
    if not (name.strip() and name.isprintable() and len(alias_file_name(name)) <= MAX_FILE_NAME):
        raise AetherError(
            ErrorCode.NAME_INVALID,
            f"{name[:60]!r} is no name for an alias",
            "Write one short line of letters, digits and - _ . : /, as support-bot or llama3:chat",
            {"name": name},
        )
    if names_a_file(name):
        raise AetherError(
            ErrorCode.NAME_INVALID,
            f"{name} would be taken for a file",
            "Choose a name that is no path, not demo, and does not begin with hf:",
            {"name": name},
        )


class AliasStore:
    """Reads and writes alias files. Blocking: call in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: list[AetherError] = []

    def path(self, name: str) -> Path:
        """The file of an alias."""
        return self.folder / f"{alias_file_name(name)}.yaml"

    def list(self) -> list[Alias]:
        """All aliases by name. Files that don't parse are kept and named in `unreadable`."""
        self.unreadable = []
        aliases = []
        for path in sorted(self.folder.glob("*.yaml")):
            try:
                aliases.append(_read(path))
            except AetherError as error:
                self.unreadable.append(error)
        return aliases

    def get(self, name: str) -> Alias | None:
        """One alias, or None where there is none. Raises AetherError on a file that doesn't parse."""
        path = self.path(name)
        try:
            if not path.is_file():
                return None
        except OSError:
            return None  # No file can be called so: the name is too long.
        alias = _read(path)
        return alias if alias.alias == name else None

    def save(self, alias: Alias) -> Path:
        """Write an alias whole, keeping keys that we don't use. Raises AetherError, also on a clash of names."""
        check_new_name(alias.alias)
        path = self.path(alias.alias)
        old = _read(path) if path.exists() else None
        if old is not None and old.alias != alias.alias:
            raise AetherError(
                ErrorCode.NAME_CLASH,
                f"{path.name} already holds the alias {old.alias}",
                "Choose another name: both would be kept in that file",
                {"path": str(path)},
            )
        import yaml

        text = yaml.safe_dump(alias_to_data(merged(old, alias)), sort_keys=False, allow_unicode=True, width=100)
        write_whole(path, text.encode())
        return path


def _read(path: Path) -> Alias:
    """The alias in a file. Raises AetherError that names the file."""
    alias = read_checked(path, ErrorCode.ALIAS_INVALID, alias_from_data)
    if alias_file_name(alias.alias) != path.stem:
        raise AetherError(
            ErrorCode.ALIAS_INVALID,
            f"{path} is not taken: it holds the alias {alias.alias}",
            f"Rename the file to {alias_file_name(alias.alias)}.yaml, or the alias in it",
            {"path": str(path)},
        )
    return alias
