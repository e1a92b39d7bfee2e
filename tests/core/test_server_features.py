"""What Ollama releases do, and how their versions compare."""

from __future__ import annotations

import pytest

from aether_tui.core.servers import NEWEST, features, newest_version, parse_version, version_in


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("0.34.1", (0, 34, 1)),
        ("v0.34.1", (0, 34, 1)),
        ("0.34.2-rc0", (0, 34, 2)),
        ("0.34", (0, 34, 0)),
        ("0.34.1+dirty", (0, 34, 1)),
        ("0.0.0", NEWEST),
        ("", NEWEST),
        ("unknown", NEWEST),
    ],
)
def test_versions_are_read_tolerantly(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "wanted", "inside"),
    [
        ("0.24.0", "<0.30", True),
        ("0.30.0", "<0.30", False),
        ("0.9.0", "<0.30", True),
        ("0.34.0", ">=0.30 <0.34.1", True),
        ("0.34.1", ">=0.30 <0.34.1", False),
        ("", "<0.30", False),
        ("0.0.0", ">=0.30", True),
        ("anything", "", True),
    ],
)
def test_ranges(version: str, wanted: str, inside: bool) -> None:
    assert version_in(version, wanted) is inside


def test_three_kinds_of_ollama() -> None:
    old, middle, new = features("0.24.0"), features("0.32.15"), features("0.34.1")
    assert (old.adapters, middle.adapters, new.adapters) == (True, True, False)
    assert "Q4_K_M" in old.quantize_types and "Q4_K_M" in middle.quantize_types and new.quantize_types == ()
    assert (old.jinja_templates, middle.jinja_templates, new.jinja_templates) == (False, True, True)
    assert (old.cut_prompt, middle.cut_prompt, new.cut_prompt) == ("silent", "refused", "refused")
    assert (old.cached_count, middle.cached_count, new.cached_count) == (False, False, True)
    assert (old.rewrites_gguf, middle.rewrites_gguf, new.rewrites_gguf) == (False, True, False)
    assert "mirostat" in new.dropped_parameters and "tfs_z" not in new.dropped_parameters


def test_an_unknown_version_is_taken_for_the_newest() -> None:
    assert features("") == features(newest_version())
