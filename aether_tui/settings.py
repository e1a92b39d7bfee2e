"""Settings and folders: `$AETHER_HOME/settings.yaml`, with the environment on top."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.kinds import EngineKind
from aether_tui.files import user_path

CACHE_VERSION = 2
EMBEDDED_HOST = "embedded"


@dataclass(frozen=True, slots=True)
class Host:
    """A named engine address. `key_env` names the environment variable that holds its key."""

    name: str
    kind: EngineKind
    address: str = ""
    key_env: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose. `problem` is set when the file could not be taken, and the defaults stand."""

    home: Path
    hosts: tuple[Host, ...] = ()
    host: str = ""
    theme: str = "dark"
    glyphs: str = "unicode"
    keys: Mapping[str, str] = field(default_factory=dict)
    model_folders: tuple[Path, ...] = ()
    llama_server: str = ""
    mouse: bool = True
    problem: AetherError | None = None

    @property
    def file(self) -> Path:
        """Where the settings are kept."""
        return self.home / "settings.yaml"


def home_folder(env: Mapping[str, str] | None = None) -> Path:
    """`$AETHER_HOME`, else the platform's user data folder."""
    chosen = (env if env is not None else os.environ).get("AETHER_HOME", "").strip()
    if chosen:
        return user_path(chosen).absolute()
    from platformdirs import user_data_path

    return user_data_path("aether", appauthor=False)


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; never raises: a file that can't be taken is named in `problem` and kept."""
    environment = env if env is not None else os.environ
    settings = Settings(home=home_folder(environment))
    try:
        values = _file_values(settings)
        settings = _with_values(settings, values)
    except AetherError as error:
        settings = replace(settings, problem=error)
    return _with_environment(settings, environment)


def _file_values(settings: Settings) -> dict[str, object]:
    """The validated values of the file; from a cache when the file is unchanged.

    pydantic and yaml cost a third of the start-up time, so the checked result is kept as JSON.
    """
    try:
        stat = settings.file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise AetherError(
            ErrorCode.SETTINGS_INVALID,
            f"{settings.file} can't be read: {error.strerror}",
            "Mend the file, or set AETHER_HOME to a folder of yours",
        ) from error
    stamp = [CACHE_VERSION, stat.st_mtime_ns, stat.st_size]
    cache = settings.home / "cache" / "settings.json"
    try:
        kept = json.loads(cache.read_bytes())
        if kept["stamp"] == stamp:
            values: dict[str, object] = kept["values"]
            return values
    except (OSError, ValueError, KeyError, TypeError):
        pass  # No usable cache: the file itself is read below.
    from aether_tui.settings_file import read_settings_file

    values = read_settings_file(settings.file)
    _keep(cache, {"stamp": stamp, "values": values})
    return values


def _keep(cache: Path, content: dict[str, object]) -> None:
    """Write the cache if the folder takes it; a cache that can't be written costs time, nothing else."""
    part = cache.with_suffix(f".{os.getpid()}.part")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content))
        part.replace(cache)
    except OSError:
        part.unlink(missing_ok=True) if cache.parent.is_dir() else None


def _with_values(settings: Settings, values: Mapping[str, object]) -> Settings:
    plain = dict(values)
    hosts = tuple(
        Host(entry["name"], EngineKind(entry["kind"]), entry.get("address", ""), entry.get("key_env", ""))
        for entry in plain.pop("hosts", ())  # type: ignore[attr-defined]
    )
    folders = tuple(user_path(folder) for folder in plain.pop("model_folders", ()))  # type: ignore[attr-defined]
    return replace(settings, hosts=hosts, model_folders=folders, **plain)  # type: ignore[arg-type]


def _with_environment(settings: Settings, env: Mapping[str, str]) -> Settings:
    """`AETHER_` + a setting's name wins over the file; lists of folders are separated as in PATH."""
    changes: dict[str, object] = {}
    for name in ("host", "theme", "glyphs", "llama_server"):
        if value := env.get(f"AETHER_{name.upper()}", "").strip():
            changes[name] = value
    if value := env.get("AETHER_MOUSE", "").strip():
        changes["mouse"] = value.lower() not in ("0", "false", "no", "off")
    if value := env.get("AETHER_MODEL_FOLDERS", "").strip():
        changes["model_folders"] = tuple(user_path(part) for part in value.split(os.pathsep) if part)
    return replace(settings, **changes)  # type: ignore[arg-type]


def save_setting(settings: Settings, name: str, value: str) -> Settings:
    """Write one scalar setting, leaving every other line of the file as it is. Raises AetherError."""
    from aether_tui.settings_file import with_scalar

    if settings.problem is not None:
        raise AetherError(
            ErrorCode.SETTINGS_INVALID,
            f"{name} is not kept: {settings.problem.message}",
            "Mend the settings file first",
        )
    with_scalar(settings.file, name, value)
    return replace(settings, **{name: value})  # type: ignore[arg-type]
