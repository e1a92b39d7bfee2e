"""The knowledge that is data: JSON files beside this module, read once each."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


def data_path(name: str) -> Path:
    """Where a data file lies; `name` is relative to this folder, as `demo/demo.gguf`."""
    return _FOLDER / name


@cache
def load_text(name: str) -> str:
    """The text of a data file, read once."""
    return data_path(name).read_text(encoding="utf-8")


@cache
def load_json(name: str) -> Any:
    """The content of a JSON data file, read once. Callers must not change it.

    It isn't validated here: the test run checks every shipped file against `data/schema.py`.
    """
    return json.loads(data_path(name).read_bytes())
