"""Presets: those that ship hold everywhere, the user's own are read."""

from __future__ import annotations

import pytest

from aether_tui.core.errors import AetherError
from aether_tui.core.inventory import EngineKind
from aether_tui.core.parameters import active_conflicts, all_specs
from aether_tui.core.presets import Preset, fit_preset, parse_preset, shipped_presets
from aether_tui.core.schema import EngineTarget, ModelFacts, schema_for

TARGETS = [
    EngineTarget(EngineKind.OLLAMA, "0.24.0"),
    EngineTarget(EngineKind.OLLAMA, "0.34.1"),
    EngineTarget(EngineKind.LLAMACPP),
    EngineTarget(EngineKind.EMBEDDED),
    EngineTarget(EngineKind.OPENAI),
]


def test_the_presets_users_expect_are_there() -> None:
    assert [preset.title for preset in shipped_presets()][:3] == ["Coding Focus", "Creative Writing", "Max Speed"]
    uses = {preset.use for preset in shipped_presets()}
    assert uses >= {"chat", "factual", "extraction", "reasoning", "agent", "long documents", "low memory"}


@pytest.mark.parametrize("preset", shipped_presets(), ids=lambda preset: preset.id)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.kind}{target.version}")
@pytest.mark.parametrize("model", ["", "llama3.1:8b", "qwen3:8b", "mistral-small"])
def test_a_fitted_preset_is_within_every_range_and_free_of_conflicts(
    preset: Preset, target: EngineTarget, model: str
) -> None:
    schema = schema_for(ModelFacts(name=model, context_length_tokens=131072), target)
    fitted = fit_preset(preset, schema)
    for parameter, value in fitted.parameters.items():
        assert schema[parameter].supported and schema[parameter].allows(value), parameter
    assert active_conflicts(fitted.parameters, schema.defaults()) == []
    left_out = preset.parameters.keys() - fitted.parameters.keys()
    assert all(any(line.startswith(f"{parameter} left out") for line in fitted.changes) for parameter in left_out)


def test_what_is_cut_to_a_models_limit_is_said() -> None:
    preset = next(preset for preset in shipped_presets() if preset.id == "agent")
    fitted = fit_preset(preset, schema_for(ModelFacts(context_length_tokens=4096, from_gguf=True), TARGETS[3]))
    assert fitted.parameters["num_ctx"] == 4096
    assert "num_ctx 32768 cut to 4096, the limit of this file" in fitted.changes


def test_values_have_the_types_of_their_parameters() -> None:
    kinds = {"float": float, "int": int, "enum": str}
    for preset in shipped_presets():
        for parameter, value in preset.parameters.items():
            assert type(value) is kinds[all_specs()[parameter].type], (preset.id, parameter)


def test_a_users_preset_may_use_any_engines_names() -> None:
    preset = parse_preset(
        {
            "title": "My Poems",
            "about": "Rhymes",
            "parameters": {"temp": 1, "max_tokens": 200, "stop": "###", "flash-attn": True},
        }
    )
    assert preset.id == "my-poems"
    assert preset.parameters == {"temperature": 1.0, "num_predict": 200, "stop": ("###",), "flash_attn": "on"}


def test_a_parameter_of_the_users_own_is_kept() -> None:
    assert parse_preset({"title": "T", "parameters": {"spice": 3}}).parameters == {"spice": 3}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"title": "T"}, "parameters"),
        ({"parameters": {}}, "title"),
        ({"title": "T", "parameters": {"num_ctx": "4k"}}, "num_ctx takes a whole number"),
        ({"title": "T", "parameters": {"temperature": [1, 2]}}, "temperature"),
        ({"title": "T", "parameters": {}, "colour": "red"}, "colour"),
        ("text", "the file"),
    ],
)
def test_what_is_no_preset_is_refused_by_name(data: object, words: str) -> None:
    with pytest.raises(AetherError) as caught:
        parse_preset(data)
    assert words in caught.value.message and caught.value.remedy
