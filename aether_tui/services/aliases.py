"""User aliases on disk: `$AETHER_HOME/aliases/NAME.yaml`."""

from __future__ import annotations

from pathlib import Path

from aether_tui.core.aliases import Alias, alias_from_data, alias_to_data, merged
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.names import alias_file_name
from aether_tui.files import read_whole, write_whole


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
        if not path.is_file():
            return None
        alias = _read(path)
        return alias if alias.alias == name else None

    def save(self, alias: Alias) -> Path:
        """Write an alias whole, keeping keys that we don't use. Raises AetherError on a clash of names."""
        path = self.path(alias.alias)
        old = _read(path) if path.exists() else None
        if old is not None and old.alias != alias.alias:
            raise AetherError(
                ErrorCode.NAME_CLASH,
                f"{path.name} already holds the alias {old.alias}",
                "choose another name: both would be kept in that file",
                {"path": str(path)},
            )
        import yaml

        text = yaml.safe_dump(alias_to_data(merged(old, alias)), sort_keys=False, allow_unicode=True, width=100)
        write_whole(path, text.encode())
        return path


def _read(path: Path) -> Alias:
    import yaml

    try:
        data = yaml.safe_load(read_whole(path).decode())
        return alias_from_data(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: {getattr(error, 'problem', error)}" if mark else str(error)
        raise AetherError(
            ErrorCode.ALIAS_INVALID, f"{path} is not taken: {where}", "mend that line", {"path": str(path)}
        ) from error
    except AetherError as error:
        if error.code is not ErrorCode.ALIAS_INVALID:
            raise
        raise AetherError(
            ErrorCode.ALIAS_INVALID, f"{path} is not taken: {error.message}", error.remedy, {"path": str(path)}
        ) from error
