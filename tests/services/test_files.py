"""Whole-file writing: nothing half-written, and every refusal says what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.files import read_whole, user_path, write_whole


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
    assert "Free space" in caught.value.remedy
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


def test_a_link_stays_a_link_and_its_target_gets_the_text(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "settings.yaml"
    kept.parent.mkdir()
    kept.write_text("old")
    link = tmp_path / "settings.yaml"
    link.symlink_to(kept)
    write_whole(link, b"new")
    assert link.is_symlink() and kept.read_text() == "new"


def test_a_new_file_gets_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file.txt", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o640


def test_names_as_long_as_a_disk_takes_can_be_written_and_longer_ones_say_why(tmp_path: Path) -> None:
    write_whole(tmp_path / ("ü" * 127), b"x")
    with pytest.raises(AetherError) as caught:
        write_whole(tmp_path / ("x" * 300), b"x")
    assert caught.value.code is ErrorCode.FILE_UNWRITABLE


def test_the_home_of_an_unknown_user_is_no_crash() -> None:
    assert user_path("~no-such-user/x") == Path("~no-such-user/x")
    assert user_path("~/x") == Path.home() / "x"
