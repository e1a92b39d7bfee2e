"""The disk as Modelfile requests look at it: which files FROM and ADAPTER mean, and of what kind they are."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

SNIFF_BYTES = 512
_TEXT_CONTROLS = frozenset(b"\t\n\x0c\r\x1b")


class DiskFiles:
    """`core.modelfile.request.Files` on the real disk. Blocking: call in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def home(self, user: str) -> str | None:
        """A user's home folder."""
        written = f"~{user}"
        expanded = os.path.expanduser(written)
        return None if expanded == written else expanded

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""
        try:
            return os.path.exists(path)
        except ValueError:
            return False  # A NUL in the path.

    def listing(self, path: str) -> Sequence[str] | None:
        """Names in a folder and one level below it; None for a file."""
        root = Path(path)
        if not root.is_dir():
            return None
        found = [entry for pattern in ("*", "*/*") for entry in root.glob(pattern) if entry.is_file()]
        return sorted(str(entry.relative_to(root)) for entry in found)

    def matches(self, pattern: str) -> Sequence[str]:
        """The paths that a pattern with * or ? stands for."""
        return sorted(glob.glob(pattern)) if glob.has_magic(pattern) else []

    def content_type(self, path: str) -> str:
        """The kind of a file by its first bytes, as far as Ollama tells kinds apart (net/http DetectContentType)."""
        with open(path, "rb") as file:
            start = file.read(SNIFF_BYTES)
        if start.startswith(b"PK\x03\x04"):
            return "application/zip"
        is_binary = any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in start)
        return "application/octet-stream" if is_binary else "text/plain"
