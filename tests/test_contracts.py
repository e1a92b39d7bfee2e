"""The direction of imports between the layers, as the contracts in pyproject.toml state it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support import ROOT

LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"


def test_layers_import_downwards_only() -> None:
    answer = subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_package_has_a_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    covered = {source for contract in contracts for source in contract["source_modules"]}
    packages = {f"aether_tui.{path.parent.name}" for path in (ROOT / "aether_tui").glob("*/__init__.py")}
    assert packages <= covered
