"""The command line as a script sees it: one JSON object, exit codes, nothing else on standard output."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import aether, answer
from tests.support import load_vectors


def test_the_version() -> None:
    code, out, err = aether("--version")
    assert (code, err) == (0, "") and out.startswith("aether ")
    code, values, _ = answer("--version")
    assert code == 0 and values["version"] in out


def test_parse_gives_ollamas_commands() -> None:
    code, values, _ = answer("modelfile", "parse", "-", stdin=b'FROM llama3\nPARAMETER stop "a b"\nMESSAGE user hi\n')
    assert code == 0
    assert values == {
        "success": True,
        "commands": [
            {"name": "model", "args": "llama3"},
            {"name": "stop", "args": "a b"},
            {"name": "message", "args": "user: hi"},
        ],
    }


def test_a_file_that_does_not_parse_is_the_error_object_with_ollamas_line() -> None:
    code, values, _ = answer("modelfile", "parse", "-", stdin=b"FROM x\r\nFOO y\r\n")
    assert code == 2 and values["success"] is False
    assert values["error_code"] == "MODELFILE_INVALID"
    assert values["details"]["line"] == 3
    assert set(values) == {"success", "error", "error_code", "timestamp", "details"}


def vectors_with_bytes() -> list[dict[str, Any]]:
    """The recorded inputs that are no plain UTF-8 text."""
    return [
        one for one in load_vectors("modelfile_vectors")["vectors"] if one["kind"] == "parse" and "input_b64" in one
    ]


@pytest.mark.parametrize("vector", vectors_with_bytes()[:6])
def test_standard_input_is_taken_byte_for_byte(vector: dict[str, Any]) -> None:
    code, values, _ = answer("modelfile", "parse", "-", stdin=base64.b64decode(vector["input_b64"]))
    if vector["error"]:
        assert code == 2 and values["error_code"] == "MODELFILE_INVALID"
    else:
        assert code == 0 and values["commands"] == vector["expected"]


@pytest.mark.parametrize(
    "data", [b"\xff\xfeF\x00R\x00O\x00M\x00 \x00x\x00\n\x00", b"\xef\xbb\xbf# c\r\n\r\nFROM  x \r\n"]
)
def test_format_prints_the_same_bytes(data: bytes, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aether_tui", "modelfile", "format", "-"], input=data, capture_output=True, check=True
    )
    assert done.stdout == data


def test_check_names_line_reason_and_remedy_and_fails_only_on_errors(tmp_path: Path) -> None:
    warned, wrong = tmp_path / "warned", tmp_path / "wrong"
    warned.write_text("FROM llama3\nPARAMETER temperature 9\n")
    wrong.write_text("FROM llama3\nPARAMETER num_ctx abc\n")
    code, values, _ = answer("modelfile", "check", str(warned))
    assert code == 0 and values["problems"][0]["line"] == 2 and values["problems"][0]["remedy"]
    code, values, _ = answer("modelfile", "check", str(wrong))
    assert code == 2 and values["error_code"] == "MODELFILE_HAS_ERRORS" and values["details"]["line"] == 2


@pytest.mark.parametrize(("version", "refused"), [("0.24.0", False), ("0.34.1", True)])
def test_check_depends_on_the_server_version(tmp_path: Path, version: str, refused: bool) -> None:
    (tmp_path / "adapter.gguf").write_bytes(b"GGUF")
    file = tmp_path / "Modelfile"
    file.write_text("FROM llama3\nADAPTER ./adapter.gguf\n")
    code, _, _ = answer("modelfile", "check", str(file), "--server-version", version)
    assert (code == 2) is refused


def test_diff_of_two_files(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("FROM x\nPARAMETER top_k 1\n")
    new.write_text("FROM x\nPARAMETER top_k 2\n")
    code, values, _ = answer("modelfile", "diff", str(new), str(old))
    assert (code, values["added"], values["removed"]) == (0, 1, 1)


def test_diff_without_a_server_is_exit_3_and_names_the_address(tmp_path: Path) -> None:
    file = tmp_path / "bot.modelfile"
    file.write_text("FROM x\n")
    code, values, _ = answer("modelfile", "diff", str(file))
    assert code == 3 and values["error_code"] == "ENGINE_UNREACHABLE" and "127.0.0.1:9" in values["error"]


def test_gguf_of_the_demonstration_model_and_of_a_broken_file(tmp_path: Path) -> None:
    code, values, _ = answer("gguf", "demo")
    assert code == 0 and values["context_length"] == 4096 and values["architecture"] == "llama"
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF\x03\x00\x00\x00" + b"\xff" * 30)
    code, values, _ = answer("gguf", str(broken))
    assert code == 2 and values["error_code"] == "GGUF_INVALID" and "broken.gguf" in values["error"]
    code, values, _ = answer("gguf", str(tmp_path / "none.gguf"))
    assert code == 4


def test_params_have_the_shape_of_a_config_answer_and_llama_3_stops_at_1(tmp_path: Path) -> None:
    code, values, _ = answer("params", "demo")
    assert code == 0 and values["success"] and values["model_name"] == "demo"
    temperature = values["generation_schema"]["temperature"]
    assert {"type", "default", "min", "max", "desc"} <= set(temperature)


def test_the_manifest_adds_parameters_without_code(scratch_home: Path) -> None:
    home = scratch_home / "aether"
    home.mkdir(parents=True)
    schema = {"temperature": {"type": "float", "default": 0.8, "min": 0.0, "max": 1.5, "desc": "mine"}}
    schema["sparkle"] = {"type": "int", "default": 3, "min": 0, "max": 9, "desc": "new"}
    model = {"name": "demo", "provider": "ollama", "capabilities": {"generation_schema": schema}}
    (home / "manifest.json").write_text(json.dumps({"models": [model]}))
    _, values, _ = answer("params", "demo")
    assert values["generation_schema"]["temperature"]["max"] == 1.5
    assert values["generation_schema"]["sparkle"]["default"] == 3
    (home / "manifest.json").write_text('{"models": [{"name": 1}]}')
    code, values, _ = answer("params", "demo")
    assert code == 2 and values["error_code"] == "MANIFEST_INVALID" and "manifest.json" in values["error"]


def test_chat_answers_with_figures() -> None:
    code, values, _ = answer("chat", "demo", "Hello!", "--param", "num_thread=1", "--param", "temperature=0")
    assert code == 0 and values["answer"] and values["engine"] == "embedded" and values["done_reason"] == "stop"
    assert values["stats"]["answer_tokens"] > 0 and values["stats"]["tokens_per_s"] > 0
    assert {"time_to_first_token_s", "prompt_tokens", "cached_tokens", "load_s"} <= set(values["stats"])


def test_chat_streams_the_answer_alone_to_standard_output() -> None:
    code, out, _ = aether("chat", "demo", "-p", "num_thread=1", "-p", "temperature=0", stdin=b"Hello!")
    assert code == 0 and out.strip() and "tok/s" not in out


def test_create_and_chat_with_an_alias(tmp_path: Path) -> None:
    text = b"FROM demo\nPARAMETER num_thread 1\nPARAMETER num_predict 5\n"
    code, values, err = answer("create", "bot", "-f", "-", "--host", "embedded", stdin=text)
    assert code == 0 and values["engine"] == "embedded" and "alias written" in err
    code, values, _ = answer("chat", "bot", "What does os.path.join do?", "--host", "embedded")
    assert code == 0 and values["stats"]["answer_tokens"] == 5
    code, values, _ = answer("models", "--host", "embedded")
    assert values["aliases"] == [{"alias": "bot", "model": "demo"}]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("nonsense",), 2),
        (("modelfile", "parse"), 2),
        (("modelfile", "parse", "/does/not/exist"), 4),
        (("chat", "demo", "hi", "--param", "no_such=1"), 2),
        (("chat", "demo", "hi", "--param", "num_ctx=abc"), 2),
        (("models", "--host", "none"), 4),
        (("models",), 3),
        (("chat", "llama3", "hi"), 3),
        (("chat", "/no/such.gguf", "hi"), 4),
    ],
)
def test_what_goes_wrong_is_an_object_with_a_code_and_a_next_step(argv: tuple[str, ...], code: int) -> None:
    got, values, _ = answer(*argv)
    assert got == code
    assert values["success"] is False and values["error"] and values["timestamp"]


def test_errors_without_json_go_to_standard_error() -> None:
    code, out, err = aether("models")
    assert code == 3 and out == "" and err.startswith("aether: ") and "127.0.0.1:9" in err


def test_the_doctor_says_what_is_missing_and_why() -> None:
    code, values, _ = answer("doctor")
    assert code == 0
    checks = {check["name"]: check for check in values["checks"]}
    assert checks["host local"]["ok"] is False and checks["host local"]["remedy"]
    assert checks["home"]["ok"] is True and checks["demonstration model"]["ok"] is True


def test_a_home_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    _, values, _ = answer("doctor", AETHER_HOME=str(tmp_path / "home"))
    home = next(check for check in values["checks"] if check["name"] == "home")
    assert home["ok"] is False and "in the folder's place" in home["text"]
    text = b"FROM demo\n"
    code, values, _ = answer(
        "create", "x", "-f", "-", "--host", "embedded", stdin=text, AETHER_HOME=str(tmp_path / "home")
    )
    assert code == 1 and values["error_code"] == "FILE_UNWRITABLE"


def test_a_settings_file_that_can_not_be_taken_is_named(scratch_home: Path) -> None:
    home = scratch_home / "aether"
    home.mkdir(parents=True)
    (home / "settings.yaml").write_text("colour: red\n")
    code, values, _ = answer("models")
    assert code == 2 and values["error_code"] == "SETTINGS_INVALID" and "colour" in values["error"]
