"""What a name on the command line means: a model, an alias, a file, a host; and names that nothing can have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import aether, answer

QUICK = "context_params: {num_thread: 1, num_ctx: 512}\nrequest_params: {max_tokens: 3}\n"


def write_alias(home: Path, name: str, text: str) -> Path:
    path = home / "aliases" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"alias: {name}\n{text}")
    return path


def put_in_cache(demo: Path, *names: str, commit: str = "abc", main: bool = True) -> Path:
    """A repository of the Hugging Face cache of this test with the demonstration model under those names."""
    repo = Path(os.environ["HF_HOME"]) / "hub" / "models--acme--tiny-GGUF"
    (repo / "snapshots" / commit).mkdir(parents=True)
    for name in names:
        shutil.copy(demo, repo / "snapshots" / commit / name)
    if main:
        (repo / "refs").mkdir(exist_ok=True)
        (repo / "refs" / "main").write_text(commit)
    return repo


def test_the_alias_of_a_file_is_served_here_though_an_ollama_is_named(aether_home: Path) -> None:
    write_alias(aether_home, "bot", f"model: demo\n{QUICK}")
    code, values, _ = answer("chat", "bot", "Hello!")
    assert code == 0 and values["engine"] == "embedded" and values["stats"]["answer_tokens"] == 3


def test_an_alias_whose_file_is_gone_names_the_file(aether_home: Path, tmp_path: Path) -> None:
    write_alias(aether_home, "bot", f"model: {tmp_path}/gone.gguf\n")
    code, values, _ = answer("chat", "bot", "Hello!")
    assert code == 4 and f"{tmp_path}/gone.gguf" in values["error"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("request_params: {temperature: warm}\nmodel: demo\n", "request_params.temperature"),
        ("request_params: {num_predict: }\nmodel: demo\n", "request_params.num_predict"),
        ("system: Short.\n", "names no model"),
        ("model: [demo\n", "line "),
        ("model: 2024-13-45\n", "month"),
    ],
)
def test_what_is_wrong_with_an_alias_is_named(aether_home: Path, text: str, words: str) -> None:
    write_alias(aether_home, "bot", text)
    code, values, _ = answer("chat", "bot", "Hello!", "--host", "embedded")
    assert code == 2 and values["error_code"] == "ALIAS_INVALID" and words in values["error"]
    assert "bot.yaml" in values["error"]


def test_an_alias_in_a_file_of_another_name_is_listed_as_such(aether_home: Path) -> None:
    path = write_alias(aether_home, "bot", "model: demo\n")
    path.rename(path.with_name("copy.yaml"))
    _, values, _ = answer("models", "--host", "embedded")
    assert values["aliases"] == [] and "bot.yaml" in values["unreadable"][0]


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 300, "demo", "./model", "hf:org/model", "m.gguf"])
def test_names_that_no_alias_can_have_are_refused_before_anything_is_written(aether_home: Path, name: str) -> None:
    code, values, _ = answer("create", name, "-f", "-", "--host", "embedded", stdin=b"FROM demo\n")
    assert code == 2 and values["error_code"] == "NAME_INVALID" and values["error"]
    assert not list(aether_home.rglob("*.yaml"))


def test_the_alias_that_a_new_one_replaces_is_kept(aether_home: Path) -> None:
    write_alias(aether_home, "bot", "model: demo\nsystem: written by hand\n")
    code, _, _ = answer("create", "bot", "-f", "-", "--host", "embedded", stdin=b"FROM demo\nSYSTEM new\n")
    kept = [path.read_text() for path in sorted((aether_home / "modelfiles" / "bot").iterdir())]
    assert code == 0 and "written by hand" in kept[0] and "SYSTEM new" in kept[1]


@pytest.mark.parametrize("ending", ["", ".gguf"])
@pytest.mark.parametrize("command", [("chat", "hi"), ("params",), ("gguf",)])
def test_a_name_longer_than_any_path_is_not_found(command: tuple[str, ...], ending: str) -> None:
    host = () if command == ("gguf",) else ("--host", "embedded")
    code, values, err = answer(command[0], "x" * 5000 + ending, *command[1:], *host)
    assert code == 4 and values["error_code"] == "MODEL_NOT_FOUND" and err == ""


def test_references_to_the_cache_match_whole_words_of_the_files_own_name(demo_gguf: Path) -> None:
    repo = put_in_cache(demo_gguf, "mmproj-Q8_0.gguf", "tiny-Q4_K_M.gguf", "tiny-Q8_0.gguf")
    (repo / "snapshots" / "abc" / "tiny-F16.gguf").symlink_to(repo / "gone")
    named = {
        reference: Path(values["path"]).name if code == 0 else code
        for reference in ("", ":Q4_K_M", ":q8_0", ":Q4_K", ":F16", ":GGUF", "/tiny-Q8_0.gguf")
        for code, values, _ in [answer("gguf", f"hf:acme/tiny-GGUF{reference}")]
    }
    assert named == {
        "": "tiny-Q4_K_M.gguf",
        ":Q4_K_M": "tiny-Q4_K_M.gguf",
        ":q8_0": "tiny-Q8_0.gguf",
        ":Q4_K": 4,
        ":F16": 4,
        ":GGUF": 4,
        "/tiny-Q8_0.gguf": "tiny-Q8_0.gguf",
    }


def test_the_main_branch_of_the_cache_comes_first(demo_gguf: Path) -> None:
    put_in_cache(demo_gguf, "tiny-Q8_0.gguf", commit="zzz")
    put_in_cache(demo_gguf, "tiny-Q8_0.gguf", commit="aaa", main=False)
    _, values, _ = answer("gguf", "hf:acme/tiny-GGUF:Q8_0")
    assert "/zzz/" in values["path"]


def test_a_folder_is_no_model_for_llama_cpp(tmp_path: Path, aether_home: Path, demo_gguf: Path) -> None:
    shutil.copy(demo_gguf, tmp_path / "model.gguf")
    text = f"FROM {tmp_path}\n".encode()
    code, values, _ = answer("create", "bot", "-f", "-", "--host", "embedded", stdin=text)
    assert code == 2 and "folder" in values["error"]
    assert not (aether_home / "aliases").exists()


def test_a_diff_without_a_model_to_compare_with_says_what_to_name(tmp_path: Path, demo_gguf: Path) -> None:
    file = tmp_path / "Modelfile"
    file.write_text(f"FROM {demo_gguf}\n")
    code, values, _ = answer("modelfile", "diff", str(file), "--host", "embedded")
    assert code == 4 and "second file" in values["error"]
    code, values, _ = answer("modelfile", "diff", str(file), "./gone")
    assert code == 4 and values["error_code"] == "FILE_NOT_FOUND"


def test_a_diff_with_an_alias(aether_home: Path, tmp_path: Path) -> None:
    write_alias(aether_home, "bot", "model: demo\nsystem: Old.\n")
    file = tmp_path / "bot.modelfile"
    file.write_text("FROM demo\nSYSTEM New.\n")
    code, values, _ = answer("modelfile", "diff", str(file), "--host", "embedded")
    assert code == 0 and values["against"] == "bot" and (values["added"], values["removed"]) == (1, 1)


@pytest.mark.parametrize("prompt", [("caf\udce9",), ()])
def test_a_prompt_that_is_no_text_is_refused(prompt: tuple[str, ...]) -> None:
    code, values, _ = answer("chat", "demo", *prompt, stdin=b"caf\xe9")
    assert code == 2 and "UTF-8" in values["error"]


def test_a_locale_without_the_characters_ends_no_run() -> None:
    code, out, err = aether("doctor", PYTHONIOENCODING="ascii")
    assert code == 0 and err == "" and "host embedded" in out
    code, values, _ = answer("modelfile", "format", "-", stdin="FROM x\nSYSTEM ü✓\n".encode(), PYTHONIOENCODING="ascii")
    assert code == 0 and "ü✓" in values["text"]


def test_a_parameter_of_the_manifest_can_be_given_and_the_others_are_named(aether_home: Path) -> None:
    aether_home.mkdir(parents=True)
    schema = {"sparkle": {"type": "int", "default": 1, "min": 0, "max": 9}}
    model = {"name": "demo", "capabilities": {"generation_schema": schema}}
    (aether_home / "manifest.json").write_text(json.dumps({"models": [model]}, indent="\t"))
    quick = ("-p", "num_thread=1", "-p", "num_predict=3")
    code, values, _ = answer("chat", "demo", "hi", *quick, "-p", "sparkle=2")
    assert code == 0, values
    code, values, err = answer("chat", "demo", "hi", *quick, "-p", "penalize_newline=true")
    assert code == 0 and values["untaken"] == ["penalize_newline"] and "penalize_newline" in err


def test_a_host_of_the_settings_that_is_not_there_is_named(aether_home: Path) -> None:
    aether_home.mkdir(parents=True)
    (aether_home / "settings.yaml").write_text("host: gone\n")
    code, values, _ = answer("models")
    assert code == 4 and values["error_code"] == "HOST_NOT_FOUND" and "gone" in values["error"]


def test_what_a_shell_gives_for_the_output_of_a_command_is_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"FROM x\n")
    os.close(writing)
    done = subprocess.run(
        [sys.executable, "-m", "aether_tui", "modelfile", "parse", f"/dev/fd/{reading}", "--json"],
        pass_fds=[reading],
        capture_output=True,
        check=True,
    )
    os.close(reading)
    assert json.loads(done.stdout)["commands"] == [{"name": "model", "args": "x"}]


def test_a_broken_manifest_is_named_and_the_answer_comes_all_the_same(scratch_home: Path) -> None:
    home = scratch_home / "aether"
    home.mkdir(parents=True)
    (home / "manifest.json").write_text('{"models": 7}')
    code, values, err = answer("chat", "demo", "Hello!", "--param", "num_thread=1")
    assert code == 0 and values["answer"] and "manifest.json" in err
