from __future__ import annotations

import pytest

from aether_tui.core.inventory import EngineKind
from aether_tui.core.schema import EffectiveParameter, EngineTarget, ModelFacts, schema_for
from aether_tui.widgets.controls import draw_slider, fraction_of, has_slider, stepped
from aether_tui.widgets.parameter_rows import range_words, value_words
from aether_tui.widgets.roles import UNICODE, roles_of_theme

SCHEMA = schema_for(ModelFacts(context_length_tokens=131_072), EngineTarget(EngineKind.OLLAMA, "0.34.1"))


def parameter(name: str) -> EffectiveParameter:
    return SCHEMA[name]


@pytest.mark.parametrize(
    ("name", "value", "steps", "after"),
    [
        ("temperature", 0.7, 1, 0.75),
        ("temperature", 0.1, 1, 0.15),
        ("temperature", 0.15000000000000002, 1, 0.2),
        ("temperature", 0.72, 1, 0.75),
        ("temperature", 0.72, -1, 0.7),
        ("temperature", 1.9, 10, 2),
        ("temperature", 0, -1, 0),
        ("top_k", 40, 10, 50),
        ("num_ctx", 4096, 1, 6144),
        ("num_ctx", 5000, -1, 4096),
        ("num_ctx", 131_072, 1, 131_072),
        ("num_predict", 1, -1, -1),
        ("num_predict", -1, 1, 1),
        ("num_predict", -1, -1, -1),
        ("num_predict", 128, 1, 256),
        ("seed", 0, -1, -1),
        ("use_mmap", None, 1, True),
        ("use_mmap", True, -1, False),
        ("flash_attn", "auto", 1, "on"),
        ("flash_attn", "off", 1, "auto"),
        ("stop", None, 1, None),
    ],
)
def test_a_step_goes_where_the_eye_expects(name: str, value: object, steps: int, after: object) -> None:
    assert stepped(parameter(name), value, steps) == after  # type: ignore[arg-type]


def test_whole_numbers_stay_whole() -> None:
    assert type(stepped(parameter("top_k"), 40, 1)) is int


def test_the_knob_stands_at_the_ends_and_beyond_them() -> None:
    assert fraction_of(parameter("temperature"), 0.0) == 0
    assert fraction_of(parameter("temperature"), 9.0) == 1
    assert fraction_of(parameter("num_ctx"), 131_072) == 1
    assert fraction_of(parameter("num_ctx"), None) is None


def test_a_ladder_gives_each_stop_the_same_room() -> None:
    first = fraction_of(parameter("num_ctx"), 8192) or 0
    second = fraction_of(parameter("num_ctx"), 12_288) or 0
    third = fraction_of(parameter("num_ctx"), 16_384) or 0
    assert second - first == pytest.approx(third - second)


def test_a_seed_has_no_slider() -> None:
    assert not has_slider(parameter("seed"))
    assert has_slider(parameter("num_ctx"))


@pytest.mark.parametrize("width", range(3, 40))
@pytest.mark.parametrize("knob", [0.0, 0.31, 1.0])
@pytest.mark.parametrize("is_set", [True, False])
def test_a_slider_is_as_wide_as_asked(width: int, knob: float, is_set: bool) -> None:
    segments = draw_slider(width, knob, 0.5, is_set, roles_of_theme("dark"), UNICODE)
    text = "".join(segment.text for segment in segments)
    assert len(text) == width
    assert text.count("●") == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temperature", 0.8, "0.80"),
        ("temperature", 0.333, "0.333"),
        ("temperature", 1, "1.00"),
        ("min_p", 0.0, "off"),
        ("num_predict", -1, "no limit"),
        ("use_mmap", True, "on"),
        ("num_ctx", 4096, "4096"),
    ],
)
def test_values_in_words(name: str, value: object, words: str) -> None:
    assert value_words(parameter(name), value) == words  # type: ignore[arg-type]


def test_a_range_that_does_not_fit_shows_its_upper_end() -> None:
    assert range_words(parameter("temperature"), "…", "≤", "≥", 9) == "0…2"
    assert range_words(parameter("num_ctx"), "…", "≤", "≥", 9) == "≤ 131072"
    assert range_words(parameter("seed"), "…", "≤", "≥", 9) == "≥ 0"
