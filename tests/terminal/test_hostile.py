"""Files and entries that nobody should make: each is named, the app goes on, nothing else is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.terminal.conftest import Start, ready
from tests.terminal.screen import CTRL_C, CTRL_U, ENTER, ESC, F5, Screen

pytestmark = pytest.mark.terminal


def open_path(screen: Screen, path: str) -> None:
    """Open what is typed into the list."""
    screen.type("n")
    screen.wait_for("On this machine")
    screen.type(path)
    screen.wait_for(f"> {path}")
    screen.type(ENTER)
    screen.wait_for("F4 Editor")


def test_what_cannot_be_opened_is_named_and_the_app_goes_on(start: Start, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.gguf")
    (tmp_path / "Modelfile.bad").write_bytes(b"FROM demo\n\nPARAMETER\n")
    (tmp_path / "Modelfile.binary").write_bytes(bytes(range(256)) * 20)
    screen = ready(start("--demo", cwd=tmp_path))
    for path, words in [
        ("./folder", "is a folder"),
        ("./pipe.gguf", "is no file"),
        ("/dev/zero", "not a regular file"),
        ("~nobody-here/x", "does not exist"),
        ("./nothing.gguf", "There is no GGUF file"),
        ("hf:some/repo", "Hugging Face cache"),
        ("./Modelfile.bad", "Modelfile.bad, line 3"),
        ("./Modelfile.binary", "Modelfile.binary"),
    ]:
        open_path(screen, path)
        screen.wait_for(words)
        assert "─ demo ─" in screen.text
    screen.type(CTRL_C, CTRL_C)
    assert screen.wait_end() == 0


def test_odd_modelfiles_open_whole(start: Start, tmp_path: Path) -> None:
    (tmp_path / "Modelfile.utf16").write_bytes("\ufeffFROM demo\r\nPARAMETER top_k 7\r\n".encode("utf-16-le"))
    (tmp_path / "Modelfile.escape").write_bytes(b"FROM demo\nSYSTEM a\x1b]0;owned\x07\x1b[31mred\n")
    (tmp_path / "Modelfile.long").write_text(
        "FROM demo\n" + "# filler\n" * 10_000 + "SYSTEM " + "x" * 300_000 + "\nPARAMETER top_k 9\n"
    )
    screen = ready(start("--demo", cwd=tmp_path))
    open_path(screen, "./Modelfile.utf16")
    screen.wait_for("PARAMETER top_k 7")
    open_path(screen, "./Modelfile.escape")
    screen.wait_for("SYSTEM a", "red")
    assert b"\x1b]0;" not in screen.since(0)
    open_path(screen, "./Modelfile.long")
    screen.wait_row("• top_k", " 9 ")
    screen.type(ENTER, "0.3", ENTER)
    screen.wait_for("1 change")


def test_bytes_that_are_no_text_are_kept_and_a_save_leaves_no_change(start: Start, tmp_path: Path) -> None:
    written = b'FROM demo\nSYSTEM caf\xe9 \xff\xfe\nPARAMETER stop "\xe9"\n'
    (tmp_path / "Modelfile.latin").write_bytes(written)
    screen = ready(start("--demo", cwd=tmp_path))
    open_path(screen, "./Modelfile.latin")
    screen.wait_for("SYSTEM caf", "as opened")
    screen.type(ENTER, "0.3", ENTER)
    screen.wait_for("1 change")
    screen.type("s")
    screen.wait_for("─ Save ─")
    screen.type(CTRL_U, "out", ENTER)
    screen.wait_for("saved to", "as opened", "no difference")
    assert (tmp_path / "out").read_bytes() == written + b"PARAMETER temperature 0.3\n"
    assert (tmp_path / "Modelfile.latin").read_bytes() == written


def test_broken_files_of_ours_are_named_where_they_would_be_listed(start: Start, aether_home: Path) -> None:
    for name, text in {
        "aliases/bad.yaml": "alias: [\n",
        "aliases/good.yaml": "alias: good\nmodel: demo\nrequest_params: {temperature: 0.2}\n",
        "presets/odd.yaml": "title: 3\nparameters: 7\n",
        "drafts/cut.json": "{",
        "manifest.yaml": "models: [",
    }.items():
        (aether_home / name).parent.mkdir(parents=True, exist_ok=True)
        (aether_home / name).write_text(text)
    screen = start("--demo", size=(160, 40))
    screen.wait_for("manifest.yaml is not taken: line 1")
    screen.type("n")
    screen.wait_for("bad.yaml is not taken: line 2", "cut.json", "good")
    screen.type("good", ENTER)
    screen.wait_for("─ good ─", "PARAMETER temperature 0.2")
    screen.type("p")
    # Its path may be broken over two lines.
    screen.wait_for("A preset has", "Coding Focus")
    screen.type(ESC)
    screen.wait_for("F4 Editor")
    screen.type(F5, "Hello", ENTER)
    screen.wait_for("you   Hello", "done", "tok/s")


def test_entries_that_are_no_values_are_explained_and_change_nothing(demo: Screen) -> None:
    for text in ("abc", "1e999", "nan", "0x10", "9" * 400):
        demo.type(ENTER, CTRL_U, text, ENTER)
        demo.wait_for("✗ temperature takes a number")
        demo.type(ESC)
        demo.wait_gone("takes a number")
        assert "as opened" in demo.text
    demo.type(ENTER, "0.3", ENTER)
    demo.wait_for("1 change")
    # An entry that is emptied takes the value out.
    demo.type(ENTER, CTRL_U, ENTER)
    demo.wait_for("as opened")
    assert "PARAMETER" not in demo.text


def test_a_modelfile_without_from_is_not_taken_and_not_lost(demo: Screen, aether_home: Path) -> None:
    demo.type("e")
    demo.wait_for("it parses")
    demo.type("\x1b[A", "\x0b", ESC)
    demo.wait_for("no FROM line", "esc done")
    demo.type(ESC)
    demo.wait_for("F4 Editor", "the text that was not taken", "FROM demo")
    assert (aether_home / "clipboard.txt").read_text().strip() == ""


def test_saving_never_replaces_what_is_no_file(demo: Screen, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, words in [
        ("/", "is a folder"),
        (str(pipe), "is not a regular file"),
        ("/dev/null/x", "can't be written"),
    ]:
        demo.type("s")
        demo.wait_for("─ Save ─")
        for _ in range(2):
            demo.type(CTRL_U, path, ENTER)
            demo.wait_for(words)
        demo.type(ESC)
        demo.wait_gone("─ Save ─")
    assert pipe.is_fifo()
