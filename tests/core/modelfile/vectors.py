"""The recorded answers of Ollama's own Modelfile parser."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parents[2] / "vectors" / "modelfile_vectors.json"
_VECTORS: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))["vectors"]


def vectors(*kinds: str) -> list[dict[str, Any]]:
    """The vectors of these kinds, in file order."""
    return [vector for vector in _VECTORS if vector["kind"] in kinds]


def data_of(vector: dict[str, Any]) -> bytes:
    """The exact bytes that a vector was recorded with."""
    if encoded := vector.get("input_b64"):
        return base64.b64decode(encoded)
    text: str = vector["input"]
    return text.encode("utf-8")


def name_of(vector: dict[str, Any]) -> str:
    """A readable test id."""
    return str(vector.get("name") or vector.get("input", vector.get("path", "")))[:50].strip().replace("\n", "|")
