"""Whole-file writing: nothing half-written, and every refusal says what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.files import read_whole, write_whole


def test_a_write_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_whole(target, b"one")
    write_whole(target, b"two")
    assert target.read_bytes() == b"two"
    assert [path.name for path in target.parent.iterdir()] == ["file.txt"]


def test_the_mode_of_a_file_survives(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_bytes(b"old")
    target.chmod(0o600)
    write_whole(target, b"new")
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file.txt"
    target.write_bytes(b"old")

    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(AetherError) as caught:
        write_whole(target, b"new")
    assert caught.value.code is ErrorCode.DISK_FULL
    assert "free space" in caught.value.remedy
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(AetherError) as caught:
        write_whole(tmp_path / "home" / "settings.yaml", b"x")
    assert caught.value.code is ErrorCode.FILE_UNWRITABLE
    assert "in the folder's place" in caught.value.message


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "large"])
def test_what_can_not_be_read_says_why(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes(b"x" * 11)
    with pytest.raises(AetherError) as caught:
        read_whole(path, limit_bytes=10)
    expected = ErrorCode.FILE_NOT_FOUND if kind == "missing" else ErrorCode.FILE_UNREADABLE
    assert caught.value.code is expected
    assert caught.value.remedy
