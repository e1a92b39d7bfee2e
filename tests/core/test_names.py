"""Model names as Ollama reads them."""

from __future__ import annotations

from typing import Any

import pytest

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.names import (
    alias_file_name,
    check_model_name,
    is_valid_name,
    is_valid_part,
    parse_bare,
    parse_name,
    same_model,
)
from tests.support import load_vectors

VECTORS = load_vectors("name_host_vectors")


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["input"])[:40] or "empty"


@pytest.mark.parametrize("vector", VECTORS["name_to_manifest_path"], ids=name_of)
def test_the_manifest_lies_where_ollama_puts_it(vector: dict[str, Any]) -> None:
    assert parse_name(vector["input"]).manifest_path == vector["expected"]


@pytest.mark.parametrize("vector", VECTORS["bare_name_is_fully_qualified"], ids=name_of)
def test_a_name_is_whole_only_with_all_parts(vector: dict[str, Any]) -> None:
    assert parse_bare(vector["input"]).is_valid is vector["expected"]


@pytest.mark.parametrize("vector", VECTORS["display_shortest"], ids=name_of)
def test_the_shortest_name_is_shown(vector: dict[str, Any]) -> None:
    assert parse_name(vector["input"]).display == vector["expected"]


@pytest.mark.parametrize("vector", VECTORS["namespace_valid"], ids=name_of)
def test_what_a_namespace_may_be(vector: dict[str, Any]) -> None:
    assert is_valid_part("namespace", vector["input"]) is vector["expected"]


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("llama3", "llama3:latest"),
        ("Library/Llama3:8B", "Llama3:8B"),
        ("hf.co/me/repo-GGUF:Q4_K_M", "hf.co/me/repo-GGUF:Q4_K_M"),
        ("https://example.com/me/m", "example.com/me/m:latest"),
        ("127.0.0.1:5000/me/tiny:v1", "127.0.0.1:5000/me/tiny:v1"),
        ("_x/_y:_z", "_x/_y:_z"),
    ],
)
def test_names_and_what_they_are_shown_as(text: str, display: str) -> None:
    assert parse_name(text).display == display


@pytest.mark.parametrize("text", ["", "m:", "/m", "a//b", ":x", "-m", "m@sha256:x", "ä", "n.s/m", "a b", "x" * 81])
def test_what_is_no_name(text: str) -> None:
    assert not is_valid_name(text)
    with pytest.raises(AetherError) as caught:
        check_model_name(text)
    assert caught.value.code is ErrorCode.NAME_INVALID


def test_case_makes_no_other_model() -> None:
    assert same_model("UPPER", "registry.ollama.ai/library/upper:Latest")
    assert not same_model("a", "a:v2")
    assert not same_model("", "")


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("llama3:chat", "llama3--chat"),
        ("me/phi 4:story", "me--phi--4--story"),
        ("plain-name_1.2", "plain-name_1.2"),
        ("../../etc/passwd", "..--..--etc--passwd"),
        ("nul\x00", "nul--"),
    ],
)
def test_alias_files_have_names_that_every_path_can_hold(name: str, file_name: str) -> None:
    assert alias_file_name(name) == file_name


@pytest.mark.parametrize(("name", "file_name"), [("", "--"), (".", "--"), ("..", "----"), ("/", "--")])
def test_an_alias_file_is_never_a_folder(name: str, file_name: str) -> None:
    assert alias_file_name(name) == file_name
