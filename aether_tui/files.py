"""Whole-file reading and writing whose failures say what to do."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from aether_tui.core.errors import AetherError, ErrorCode

TEXT_LIMIT_BYTES = 64 * 1024 * 1024

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def user_path(text: str) -> Path:
    """A path as people type it: `~` is their home; that of a user who does not exist stays as it is written."""
    return Path(os.path.expanduser(text))


def write_error(path: Path, error: OSError) -> AetherError:
    """Tell why `path` could not be written, and what would help."""
    if error.errno in _NO_ROOM:
        return AetherError(
            ErrorCode.DISK_FULL,
            f"No room left to write {path}",
            "Free space there, or set AETHER_HOME to another disk",
            {"path": str(path)},
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        reason = f"a file is in the folder's place: {error.filename or path.parent}"
    else:
        reason = error.strerror or str(error)
    return AetherError(
        ErrorCode.FILE_UNWRITABLE,
        f"{path} can't be written: {reason}",
        "Choose another place, or mend the folder's rights; AETHER_HOME moves our own files",
        {"path": str(path)},
    )


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step: beside it, flushed, renamed. Raises AetherError."""
    temporary: Path | None = None
    try:
        # A link stays a link: that is how people keep their settings in a repository.
        target = path.resolve() if path.is_symlink() else path
        refuse_special(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else None
        temporary = target.with_name(f".aether-{os.urandom(6).hex()}.part")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise write_error(path, error) from error


def refuse_special(path: Path) -> None:
    """Raise for a folder, and for a device or pipe, which a rename would take out of the way."""
    if path.exists() and not path.is_file():
        raise AetherError(
            ErrorCode.FILE_UNWRITABLE,
            f"{path} is {'a folder' if path.is_dir() else 'not a regular file'}",
            "Name a file in it" if path.is_dir() else "Name a regular file",
            {"path": str(path)},
        )


def read_whole(path: Path, limit_bytes: int = TEXT_LIMIT_BYTES) -> bytes:
    """Read a text file of at most `limit_bytes`. Raises AetherError."""
    details: dict[str, object] = {"path": str(path)}
    try:
        if path.is_dir():
            raise AetherError(ErrorCode.FILE_UNREADABLE, f"{path} is a folder", "Name a file in it", details)
        if path.exists() and not path.is_file():
            message = f"{path} is not a regular file"
            raise AetherError(ErrorCode.FILE_UNREADABLE, message, "Name a regular file", details)
        size_bytes = path.stat().st_size
        if size_bytes > limit_bytes:
            raise AetherError(
                ErrorCode.FILE_UNREADABLE,
                f"{path} is {size_bytes / 1e6:.0f} MB, too large for a text of this kind",
                "Check that it is the file you meant",
                {**details, "size_bytes": size_bytes},
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise AetherError(ErrorCode.FILE_NOT_FOUND, f"{path} does not exist", "Check the path", details) from error
    except OSError as error:
        raise AetherError(
            ErrorCode.FILE_UNREADABLE,
            f"{path} can't be read: {error.strerror or error}",
            "Mend the file's rights, or choose another",
            details,
        ) from error
