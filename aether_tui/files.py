"""Whole-file reading and writing whose failures say what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from aether_tui.core.errors import AetherError, ErrorCode

TEXT_LIMIT_BYTES = 64 * 1024 * 1024

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def write_error(path: Path, error: OSError) -> AetherError:
    """Tell why `path` could not be written, and what would help."""
    if error.errno in _NO_ROOM:
        return AetherError(
            ErrorCode.DISK_FULL,
            f"no room left to write {path}",
            "free space there, or set AETHER_HOME to another disk",
            {"path": str(path)},
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        reason = f"a file is in the folder's place: {error.filename or path.parent}"
    else:
        reason = error.strerror or str(error)
    return AetherError(
        ErrorCode.FILE_UNWRITABLE,
        f"{path} can't be written: {reason}",
        "choose another place, or mend the folder's rights; AETHER_HOME moves our own files",
        {"path": str(path)},
    )


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step: beside it, flushed, renamed. Raises AetherError."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode_for(path))
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        raise write_error(path, error) from error


def _mode_for(path: Path) -> int:
    """The mode that `path` has, else what the umask gives a new file."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def read_whole(path: Path, limit_bytes: int = TEXT_LIMIT_BYTES) -> bytes:
    """Read a text file of at most `limit_bytes`. Raises AetherError."""
    try:
        if path.is_dir():
            raise AetherError(ErrorCode.FILE_UNREADABLE, f"{path} is a folder", "name a file in it")
        if not path.is_file() and path.exists():
            raise AetherError(ErrorCode.FILE_UNREADABLE, f"{path} is not a regular file", "name a regular file")
        size_bytes = path.stat().st_size
        if size_bytes > limit_bytes:
            raise AetherError(
                ErrorCode.FILE_UNREADABLE,
                f"{path} is {size_bytes / 1e6:.0f} MB, too large for a text of this kind",
                "check that it is the file you meant",
                {"path": str(path), "size_bytes": size_bytes},
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise AetherError(
            ErrorCode.FILE_NOT_FOUND, f"{path} does not exist", "check the path", {"path": str(path)}
        ) from error
    except OSError as error:
        raise AetherError(
            ErrorCode.FILE_UNREADABLE,
            f"{path} can't be read: {error.strerror or error}",
            "mend the file's rights, or choose another",
            {"path": str(path)},
        ) from error
