"""Reading and changing `settings.yaml`. Imported only when the file changed: pydantic and yaml are slow to load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.kinds import EngineKind
from aether_tui.files import read_whole, write_whole


class HostEntry(BaseModel):
    """One engine address in the file."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1)
    kind: EngineKind
    address: str = ""
    key_env: str = ""

    @model_validator(mode="after")
    def _has_an_address(self) -> HostEntry:
        if self.kind is not EngineKind.EMBEDDED and not self.address.strip():
            raise ValueError(f"the host {self.name} needs an address, as http://127.0.0.1:8080")
        return self


class SettingsFile(BaseModel):
    """The keys that `settings.yaml` may hold."""

    model_config = ConfigDict(extra="forbid")
    hosts: list[HostEntry] = []
    host: str = ""
    theme: str = "dark"
    glyphs: Literal["unicode", "ascii"] = "unicode"
    keys: dict[str, str] = {}
    model_folders: list[str] = []
    llama_server: str = ""
    mouse: bool = True

    @model_validator(mode="after")
    def _hosts_have_names_of_their_own(self) -> SettingsFile:
        names = [host.name for host in self.hosts]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"hosts has {name} twice")
        return self


def read_settings_file(path: Path) -> dict[str, object]:
    """The values of a settings file, checked. Raises AetherError with line and reason."""
    return check_settings(path, _read(path))


def check_settings(path: Path, text: str) -> dict[str, object]:
    """Parse and check the text of a settings file. Raises AetherError with line and reason."""
    try:
        content = yaml.safe_load(text)
        model = SettingsFile.model_validate({} if content is None else content)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _invalid(path, f"line {line}: {error.problem}", line) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        line = _line_of(text, str(first["loc"][0])) if first["loc"] else None
        reason = first["msg"].removeprefix("Value error, ")
        reason = f"{where}: {reason[:1].lower()}{reason[1:]}" if where else reason
        raise _invalid(path, reason, line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _invalid(path, str(error), None) from error
    return model.model_dump(mode="json", exclude_unset=True)


def with_scalar(path: Path, name: str, value: str) -> None:
    """Set one top-level scalar, keeping every other line. Raises AetherError."""
    text = _read(path) if path.exists() else ""
    line = f"{name}: {yaml.safe_dump(value, default_style='').splitlines()[0]}"
    old = rf"(?m)^{re.escape(name)}[ \t]*:[^#\n]*?([ \t]+#.*?)?(\r?)$"
    changed, count = re.subn(old, lambda match: f"{line}{match[1] or ''}{match[2]}", text)
    if not count:
        changed = text + ("" if not text or text.endswith("\n") else "\n") + line + "\n"
    check_settings(path, changed)
    write_whole(path, changed.encode())


def _read(path: Path) -> str:
    try:
        return read_whole(path).decode()
    except UnicodeDecodeError as error:
        raise _invalid(path, f"it is not UTF-8 text: {error.reason} at byte {error.start}", None) from error
    except AetherError as error:
        raise AetherError(ErrorCode.SETTINGS_INVALID, error.message, error.remedy, error.details) from error


def _line_of(text: str, key: str) -> int | None:
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(f"{key}:"):
            return number
    return None


def _invalid(path: Path, reason: str, line: int | None) -> AetherError:
    return AetherError(
        ErrorCode.SETTINGS_INVALID,
        f"{path} is not taken: {reason}",
        "Mend that line; until then the defaults are used and the file is left as it is",
        {"path": str(path), "line": line},
    )
