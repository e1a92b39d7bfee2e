"""Reading and changing `settings.yaml`. Imported only when the file changed: pydantic and yaml are slow to load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.kinds import EngineKind
from aether_tui.files import write_whole


class HostEntry(BaseModel):
    """One engine address in the file."""

    model_config = ConfigDict(extra="forbid")
    name: str
    kind: EngineKind
    address: str = ""
    key_env: str = ""


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
    except yaml.YAMLError as error:
        raise _invalid(path, str(error), None) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        line = _line_of(text, str(first["loc"][0])) if first["loc"] else None
        raise _invalid(path, f"{where}: {first['msg'].lower()}", line) from error
    return model.model_dump(mode="json", exclude_unset=True)


def with_scalar(path: Path, name: str, value: str) -> None:
    """Set one top-level scalar, keeping every other line. Raises AetherError."""
    text = _read(path) if path.exists() else ""
    line = f"{name}: {yaml.safe_dump(value, default_style='').splitlines()[0]}"
    old = rf"(?m)^{re.escape(name)}\s*:[^#\n]*?(\s+#.*)?$"
    changed, count = re.subn(old, lambda match: line + (match[1] or ""), text)
    if not count:
        changed = text + ("" if not text or text.endswith("\n") else "\n") + line + "\n"
    check_settings(path, changed)
    write_whole(path, changed.encode())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(path, str(error), None) from error


def _line_of(text: str, key: str) -> int | None:
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(f"{key}:"):
            return number
    return None


def _invalid(path: Path, reason: str, line: int | None) -> AetherError:
    return AetherError(
        ErrorCode.SETTINGS_INVALID,
        f"{path} is not taken: {reason}",
        "mend that line; until then the defaults are used and the file is left as it is",
        {"path": str(path), "line": line},
    )
