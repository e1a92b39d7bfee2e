"""GGUF files on this machine: the demonstration model, the user's folders, the Hugging Face cache."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.modelfile.problems import looks_like_path
from aether_tui.files import user_path

if TYPE_CHECKING:
    from aether_tui.core.gguf import GgufHeader
    from aether_tui.core.inventory import ModelSummary

DEMO = "demo"
SCAN_LIMIT_FILES = 5000
SCAN_DEPTH = 6

_HUB_REFERENCE = re.compile(r"^(?:hf:|hf\.co/|huggingface\.co/)?([\w.-]+/[\w.-]+)(?::([\w.-]+)|/([\w./-]+\.gguf))?$")
_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$")
_USUAL_QUANT = "Q4_K_M"


def demo_path() -> Path:
    """The demonstration model that ships with the package."""
    return Path(__file__).parent.parent / "data" / "demo" / "demo.gguf"


def hub_folder() -> Path:
    """The Hugging Face cache, by the variables that its own library reads."""
    if chosen := os.environ.get("HF_HUB_CACHE"):
        return user_path(chosen)
    home = os.environ.get("HF_HOME")
    root = user_path(home) if home else Path.home() / ".cache" / "huggingface"
    return root / "hub"


def names_a_file(model: str) -> bool:
    """Whether a model is meant as a GGUF file, by how it is written: demo, a path, hf:org/repo:QUANT."""
    return model == DEMO or model.startswith("hf:") or looks_like_path(model)


def resolve_gguf(reference: str, base: Path | None = None) -> Path:
    """The file that a reference means: `demo`, a path, or `hf:repo:QUANT` in the cache. Raises AetherError."""
    if reference == DEMO:
        return demo_path()
    path = (base or Path.cwd()) / user_path(reference)
    if reference and _is_there(path):
        return path
    if match := _HUB_REFERENCE.match(reference):
        if cached := _cached_file(match[1], match[2] or "", match[3] or ""):
            return cached
        if reference.startswith(("hf:", "hf.co/", "huggingface.co/")) or match[2]:
            raise AetherError(
                ErrorCode.MODEL_NOT_FOUND,
                f"{reference} is not in the Hugging Face cache at {hub_folder()}",
                f"Nothing is downloaded unasked: fetch it with `hf download {match[1]} --include '*.gguf'`",
                {"model": reference},
            )
    raise AetherError(
        ErrorCode.MODEL_NOT_FOUND,
        f"There is no GGUF file {path}" if reference else "No model is named",
        "Give a path to a .gguf file, hf:org/repo:QUANT, or demo",
        {"model": reference},
    )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False  # No path can be called so: too long, a NUL.


def _cached_file(repo: str, quant: str, filename: str) -> Path | None:
    for snapshot in _snapshots(hub_folder() / f"models--{repo.replace('/', '--')}"):
        files = sorted(path for path in snapshot.rglob("*.gguf") if _is_model(path.name) and path.is_file())
        if filename:
            found = [path for path in files if path.relative_to(snapshot).as_posix() == filename]
        elif quant:
            found = _of_quant(files, quant)
        else:
            found = _of_quant(files, _USUAL_QUANT) or files
        if found:
            return found[0]
    return None


def _snapshots(repo: Path) -> list[Path]:
    """What was fetched of a repository: its main branch first, then the newest."""
    try:
        main = (repo / "refs" / "main").read_text().strip()
    except OSError:
        main = ""
    found = [path for path in (repo / "snapshots").glob("*") if path.is_dir()]
    return sorted(found, key=lambda path: (path.name != main, -path.stat().st_mtime))


def _of_quant(files: Sequence[Path], quant: str) -> list[Path]:
    """Files whose own name holds the quantization as a word: Q4_K is not Q4_K_M."""
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(quant)}(?![A-Za-z0-9_])", re.IGNORECASE)
    return [path for path in files if word.search(path.stem)]


def _is_model(name: str) -> bool:
    """Whether a file can be served: not a later part of a split model, not the projector for pictures."""
    return name.endswith(".gguf") and not _LATER_SHARD.search(name) and not name.lower().startswith("mmproj")


def find_ggufs(folders: Sequence[Path]) -> list[ModelSummary]:
    """The demonstration model and every GGUF file in `folders` and the cache. Blocking: call in a thread."""
    from aether_tui.core.inventory import ModelSummary

    demo = demo_path()
    found = [ModelSummary(name=DEMO, size_bytes=demo.stat().st_size, path=str(demo))] if demo.is_file() else []
    seen: set[Path] = set()
    for root in (*folders, hub_folder()):
        for path in _ggufs_under(root):
            real = path.resolve()
            if real in seen or len(found) >= SCAN_LIMIT_FILES:
                continue
            seen.add(real)
            found.append(ModelSummary(name=str(path), size_bytes=real.stat().st_size, path=str(path)))
    return found


def _ggufs_under(root: Path) -> Iterator[Path]:
    """GGUF files up to SCAN_DEPTH folders down; links to folders are not followed, so there are no cycles."""
    root_depth = len(root.parts)
    for folder, names, files in os.walk(root):
        if len(Path(folder).parts) - root_depth >= SCAN_DEPTH:
            names.clear()
        names.sort()
        for file in sorted(files):
            path = Path(folder) / file
            if _is_model(file) and path.is_file():
                yield path


def read_sound_gguf(path: Path) -> GgufHeader:
    """The header of a file; refuses one that is cut, damaged or without weights. Blocking. Raises AetherError."""
    from aether_tui.engines.gguf_details import read_gguf

    header = read_gguf(path)
    # The first part of a split model may hold the header alone.
    is_split = header.metadata.get("split.count", 1) != 1
    reason = "" if header.tensors or is_split else "it holds no tensors"
    reason = header.problems[0] if header.problems else reason
    if reason:
        details = {"path": str(path)}
        raise AetherError(ErrorCode.GGUF_INVALID, f"{path}: {reason}", "Fetch or make the file again", details)
    return header
