"""The user's own YAML and JSON files, read so that what is wrong is named with its file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.files import read_whole

Content = TypeVar("Content")


def read_checked(path: Path, code: ErrorCode, check: Callable[[object], Content]) -> Content:
    """What `check` makes of a decoded file. Blocking. Raises AetherError that names the file, which stays as it is."""
    data = read_whole(path)
    try:
        return check(_decoded(path, data, code))
    except AetherError as error:
        details = {**error.details, "path": str(path)}
        raise AetherError(error.code, f"{path} is not taken: {error.message}", error.remedy, details) from error


def _decoded(path: Path, data: bytes, code: ErrorCode) -> object:
    if path.suffix == ".json":
        try:
            return json.loads(data)
        except json.JSONDecodeError as error:
            raise _damaged(code, error.msg, error.lineno) from error
        except ValueError as error:
            raise _damaged(code, str(error), None) from error
    import yaml

    try:
        return yaml.safe_load(data)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise _damaged(code, error.problem or str(error), mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _damaged(code, str(error), None) from error


def _damaged(code: ErrorCode, reason: str, line: int | None) -> AetherError:
    where = f"line {line}: " if line else ""
    return AetherError(code, f"{where}{reason}", "Mend that line" if line else "Mend the file", {"line": line})
