"""The user's manifest, in the shape of seed 003."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.manifest import parse_manifest

SEED = """
models:
  - name: custom-model
    provider: ollama
    size_gb: 4.1
    capabilities:
      supports_system_role: true
      generation_schema:
        temperature: {type: float, default: 0.8, min: 0.0, max: 1.5, desc: Custom temperature range}
        max_tokens: {type: int, default: 2048, min: 128, max: 8192}
        style: {type: enum, options: [plain, florid], default: plain}
        stop: {type: list, default: ["###"]}
"""


def test_the_seeds_shape_is_read() -> None:
    entry = parse_manifest(yaml.safe_load(SEED)).entry("custom-model")
    assert entry is not None and entry.provider == "ollama"
    temperature = entry.parameters["temperature"]
    assert (temperature.minimum, temperature.maximum, temperature.default) == (0.0, 1.5, 0.8)
    assert temperature.description == "Custom temperature range"
    assert entry.parameters["style"].options == ("plain", "florid")
    assert entry.parameters["stop"].default == ("###",)


def test_another_engines_name_is_kept_beside_our_id() -> None:
    entry = parse_manifest(yaml.safe_load(SEED)).entry("custom-model")
    assert entry is not None
    assert entry.parameters["num_predict"].name == "max_tokens"


@pytest.mark.parametrize(
    ("asked", "entry"),
    [
        ("custom-model", "custom-model"),
        ("CUSTOM-MODEL", "custom-model"),
        ("custom-model:latest", "custom-model"),
        ("custom-model:8b", "custom-model"),
        ("registry.local/me/custom-model:latest", "custom-model"),
        ("/models/custom-model.gguf", "custom-model"),
        ("tagged:8b", "tagged:8b"),
        ("tagged", None),
        ("other", None),
    ],
)
def test_models_are_found_under_their_spellings(asked: str, entry: str | None) -> None:
    manifest = parse_manifest({"models": [{"name": "custom-model"}, {"name": "tagged:8b"}]})
    found = manifest.entry(asked)
    assert (found.name if found else None) == entry


def test_an_empty_manifest_is_no_error() -> None:
    assert parse_manifest(None).entry("m") is None
    assert parse_manifest({}).entry("m") is None


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ({"type": "float", "min": 2, "max": 1}, "min 2 is above max 1"),
        ({"type": "float", "default": 3, "max": 1}, "default 3 is above max 1"),
        ({"type": "number"}, "temperature.type"),
        ({"type": "enum"}, "an enum needs options"),
        ({"type": "int", "default": 0.5}, "takes a whole number"),
        ({"type": "float", "min": "low"}, "temperature.min"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_place(parameter: dict[str, Any], words: str) -> None:
    data = {"models": [{"name": "m", "capabilities": {"generation_schema": {"temperature": parameter}}}]}
    with pytest.raises(AetherError) as caught:
        parse_manifest(data)
    error = caught.value
    assert error.code is ErrorCode.MANIFEST_INVALID and error.remedy
    assert words in error.message
    assert "models.0" in str(error.details["field"])


@pytest.mark.parametrize("data", ["text", [1], {"models": {"name": "m"}}, {"models": [{"provider": "ollama"}]}])
def test_other_shapes_are_refused(data: object) -> None:
    with pytest.raises(AetherError) as caught:
        parse_manifest(data)
    assert caught.value.code is ErrorCode.MANIFEST_INVALID
