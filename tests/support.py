"""What tests share beside the fixtures: recorded vectors and the paths of this repository."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VECTORS = Path(__file__).resolve().parent / "vectors"
DEMO_GGUF = ROOT / "aether_tui" / "data" / "demo" / "demo.gguf"


@cache
def load_vectors(name: str) -> dict[str, Any]:
    """The recorded answers in `tests/vectors/NAME.json`; shared, so not to be changed."""
    vectors: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return vectors
