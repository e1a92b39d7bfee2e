"""The create request that Ollama's client would build from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from aether_tui.core.errors import AetherError
from aether_tui.core.modelfile import parse
from aether_tui.core.modelfile.request import ModelfileRequest, create_request, expand_path, files_for_model
from tests.core.modelfile.vectors import data_of, name_of, vectors


@dataclass
class FakeFiles:
    """A disk in memory: absolute paths, and the content types of some."""

    paths: Sequence[str] = ()
    folder: str = "/pwd"
    types: Mapping[str, str] = field(default_factory=dict)

    def home(self, user: str) -> str | None:
        return {"": "/home/me", "ann": "/home/ann"}.get(user)

    def exists(self, path: str) -> bool:
        return any(known == path or known.startswith(f"{path}/") for known in self.paths)

    def listing(self, path: str) -> Sequence[str] | None:
        if path in self.paths:
            return None
        return [known.removeprefix(f"{path}/") for known in self.paths if known.startswith(f"{path}/")]

    def matches(self, pattern: str) -> Sequence[str]:
        head = pattern.partition("*")[0]
        return [path for path in self.paths if path.startswith(head)] if "*" in pattern else []

    def content_type(self, path: str) -> str:
        if path in self.types:
            return self.types[path]
        return {"json": "text/plain", "jinja": "text/plain", "md": "text/plain"}.get(
            path.rpartition(".")[2], "application/octet-stream"
        )


def as_dict(request: ModelfileRequest) -> dict[str, Any]:
    """A request in the shape of the vectors: what is empty is left out."""
    shape: dict[str, Any] = {
        "from": request.from_model,
        "files": {path: f"sha256({path})" for path in request.files},
        "adapters": {path: f"sha256({path})" for path in request.adapters},
        "draft_files": {path: f"sha256({path})" for path in request.draft_files},
        "template": request.template,
        "system": request.system,
        "license": list(request.licenses),
        "parameters": {
            name: list(value) if isinstance(value, tuple) else value for name, value in request.parameters.items()
        },
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "renderer": request.renderer,
        "parser": request.parser,
        "requires": request.requires,
    }
    return {key: value for key, value in shape.items() if value}


@pytest.mark.parametrize("vector", vectors("create_request"), ids=name_of)
def test_requests_are_ollamas(vector: dict[str, Any]) -> None:
    assert as_dict(create_request(parse(data_of(vector)))) == vector["expected_request"]


@pytest.mark.parametrize("vector", [v for v in vectors("parse") if "create_request" in v], ids=name_of)
def test_requests_of_parsed_files_are_ollamas(vector: dict[str, Any]) -> None:
    assert as_dict(create_request(parse(data_of(vector)))) == vector["create_request"]


@pytest.mark.parametrize("vector", [v for v in vectors("parse") if "create_error" in v], ids=name_of)
def test_refusals_are_ollamas(vector: dict[str, Any]) -> None:
    with pytest.raises(AetherError) as caught:
        create_request(parse(data_of(vector)))
    assert caught.value.details["ollama_message"] == vector["create_error"]


@pytest.mark.parametrize("vector", vectors("create_request_fs"), ids=name_of)
def test_files_that_are_there_are_sent(vector: dict[str, Any]) -> None:
    setup = vector["setup"]
    folder = "/d" if "dir" in setup else ""
    places = {name: f"{folder}/{name.strip('$')}" for name in setup["files"]}
    text = vector["input"]
    expected = vector["expected_request"]
    for name, place in places.items():
        text = text.replace(name, place) if name.startswith("$") else text
    for kind in ("files", "draft_files"):
        if kind in expected:
            paths = [name.replace("$D", "/d") for name in expected[kind]]
            expected = {**expected, kind: {places.get(p, p): f"sha256({places.get(p, p)})" for p in paths}}
    request = create_request(parse(text), FakeFiles(list(places.values())), folder)
    assert as_dict(request) == expected


@pytest.mark.parametrize("vector", vectors("files_for_model"), ids=name_of)
def test_which_files_of_a_folder_make_a_model(vector: dict[str, Any]) -> None:
    zipped = ("pytorch", "consolidated.0")
    types = {name: "application/zip" for name in vector["setup"] if name.startswith(zipped)}
    disk = FakeFiles(types=types)
    if vector["error"]:
        with pytest.raises(AetherError) as caught:
            files_for_model(vector["setup"], disk.content_type)
        assert caught.value.details["ollama_message"] == vector["error"]["message"]
    else:
        assert list(files_for_model(vector["setup"], disk.content_type)) == vector["expected_files"]


@pytest.mark.parametrize("vector", vectors("expand_path"), ids=lambda v: f"{v['path']} in {v['relative_dir']}")
def test_paths_are_ollamas(vector: dict[str, Any]) -> None:
    base = vector["relative_dir"].replace("$PWD", "/pwd")
    assert expand_path(vector["path"], base, FakeFiles()) == vector["expected_path"].replace("$PWD", "/pwd")


@pytest.mark.parametrize(("path", "expected"), [("~", "/home/me"), ("~/x", "/home/me/x"), ("~ann/x", "/home/ann/x")])
def test_homes(path: str, expected: str) -> None:
    assert expand_path(path, "base", FakeFiles()) == expected


def test_an_unknown_home_is_refused() -> None:
    with pytest.raises(AetherError, match="bob"):
        expand_path("~bob/x", "", FakeFiles())


def test_a_folder_gives_all_its_files() -> None:
    disk = FakeFiles(["/m/model.safetensors", "/m/config.json", "/m/1/model.safetensors", "/m/tokenizer.model"])
    assert create_request(parse("FROM /m"), disk).files == (
        "/m/model.safetensors",
        "/m/1/model.safetensors",
        "/m/config.json",
        "/m/tokenizer.model",
    )


def test_a_pattern_gives_every_part() -> None:
    disk = FakeFiles(["/m/a-1.gguf", "/m/a-2.gguf"])
    assert create_request(parse("FROM ./a-*.gguf"), disk, "/m").files == ("/m/a-1.gguf", "/m/a-2.gguf")


def test_a_pointer_instead_of_a_description_is_named() -> None:
    with pytest.raises(AetherError, match=r"config\.json"):
        files_for_model(["a.gguf", "config.json"], lambda name: "application/octet-stream")


def test_an_adapter_must_be_there() -> None:
    with pytest.raises(AetherError, match="no file"):
        create_request(parse("FROM a\nADAPTER ./x.gguf"), FakeFiles())


def test_what_ollama_leaves_out_is_told() -> None:
    request = create_request(parse("FROM a\nPARAMETER mirostat 1\nPARAMETER seed 1"))
    assert request.parameters == {"seed": 1}
    assert "mirostat" in request.warnings[0]


def test_an_older_server_takes_other_parameters() -> None:
    document = parse("FROM a\nPARAMETER tfs_z 1.0")
    assert create_request(document, version="0.5.1").parameters == {"tfs_z": 1.0}
    with pytest.raises(AetherError):
        create_request(document, version="0.34.1")
