"""GGUF files on this machine: the demonstration model, the user's folders, the Hugging Face cache."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError, ErrorCode

if TYPE_CHECKING:
    from aether_tui.core.gguf import GgufHeader
    from aether_tui.core.inventory import ModelSummary

DEMO = "demo"
SCAN_LIMIT_FILES = 5000
SCAN_DEPTH = 6

_HUB_REFERENCE = re.compile(r"^(?:hf:|hf\.co/|huggingface\.co/)?([\w.-]+/[\w.-]+)(?::([\w.-]+)|/([\w./-]+\.gguf))?$")
_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$")


def demo_path() -> Path:
    """The demonstration model that ships with the package."""
    return Path(__file__).parent.parent / "data" / "demo" / "demo.gguf"


def hub_folder() -> Path:
    """The Hugging Face cache, by the variables that its own library reads."""
    if chosen := os.environ.get("HF_HUB_CACHE"):
        return Path(chosen).expanduser()
    home = os.environ.get("HF_HOME")
    root = Path(home).expanduser() if home else Path.home() / ".cache" / "huggingface"
    return root / "hub"


def resolve_gguf(reference: str, base: Path | None = None) -> Path:
    """The file that a reference means: `demo`, a path, or `hf:repo:QUANT` in the cache. Raises AetherError."""
    if reference == DEMO:
        return demo_path()
    path = Path(reference).expanduser()
    path = path if path.is_absolute() else (base or Path.cwd()) / path
    if path.exists():
        return path
    if match := _HUB_REFERENCE.match(reference):
        if cached := _cached_file(match[1], match[2], match[3]):
            return cached
        if reference.startswith(("hf:", "hf.co/", "huggingface.co/")) or match[2]:
            raise AetherError(
                ErrorCode.MODEL_NOT_FOUND,
                f"{reference} is not in the Hugging Face cache at {hub_folder()}",
                f"nothing is downloaded unasked: fetch it with `hf download {match[1]} --include '*.gguf'`",
                {"model": reference},
            )
    raise AetherError(
        ErrorCode.MODEL_NOT_FOUND,
        f"there is no GGUF file {path}",
        "give a path to a .gguf file, hf:org/repo:QUANT, or demo",
        {"model": reference},
    )


def _cached_file(repo: str, quant: str | None, filename: str | None) -> Path | None:
    folder = hub_folder() / f"models--{repo.replace('/', '--')}" / "snapshots"
    wanted = filename or quant or "Q4_K_M"
    found = [path for path in sorted(folder.glob("*/**/*.gguf")) if wanted.lower() in str(path).lower()]
    if not found and not (filename or quant):
        found = sorted(folder.glob("*/**/*.gguf"))
    return next((path for path in found if not _LATER_SHARD.search(path.name)), None)


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
            if file.endswith(".gguf") and not _LATER_SHARD.search(file):
                path = Path(folder) / file
                if path.is_file():
                    yield path


def read_gguf(path: Path) -> GgufHeader:
    """Read the header of a GGUF file. Blocking. Raises AetherError that names the file."""
    from aether_tui.core.gguf import read_header

    try:
        with path.open("rb") as file:

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(length)

            return read_header(read, os.fstat(file.fileno()).st_size)
    except AetherError as error:
        details = {**error.details, "path": str(path)}
        raise AetherError(error.code, f"{path}: {error.message}", error.remedy, details) from error
    except OSError as error:
        code = ErrorCode.FILE_NOT_FOUND if isinstance(error, FileNotFoundError) else ErrorCode.FILE_UNREADABLE
        raise AetherError(
            code, f"{path} can't be read: {error.strerror or error}", "check the path", {"path": str(path)}
        ) from error


def read_sound_gguf(path: Path) -> GgufHeader:
    """Like `read_gguf`, but refuses a file that is cut, damaged or without weights. Blocking. Raises AetherError."""
    header = read_gguf(path)
    if header.problems or not header.tensors:
        reason = header.problems[0] if header.problems else "holds no tensors"
        details = {"path": str(path)}
        raise AetherError(ErrorCode.GGUF_INVALID, f"{path}: {reason}", "fetch or make the file again", details)
    return header
