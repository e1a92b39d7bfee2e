"""The data files: each as its shape says, and all of them in agreement."""

from __future__ import annotations

import json
import re

import pytest

from aether_tui.core.families import all_families
from aether_tui.core.parameters import all_specs, group_titles
from aether_tui.core.presets import shipped_presets
from aether_tui.data import data_path
from aether_tui.data.schema import FILES

JSON_FILES = sorted(path.relative_to(data_path("")).as_posix() for path in data_path("").rglob("*.json"))


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_has_its_shape(name: str) -> None:
    FILES[name].model_validate_json(data_path(name).read_bytes())


@pytest.mark.parametrize("name", JSON_FILES)
def test_every_file_says_what_it_is(name: str) -> None:
    content = json.loads(data_path(name).read_bytes())
    assert content["about"].strip()


def test_a_misspelt_key_is_noticed() -> None:
    content = json.loads(data_path("parameters.json").read_bytes())
    content["parameters"][0]["maximun"] = 3
    with pytest.raises(ValueError, match="maximun"):
        FILES["parameters.json"].model_validate(content)


def test_ids_and_engine_names_are_given_once() -> None:
    entries = json.loads(data_path("parameters.json").read_bytes())["parameters"]
    assert len({entry["id"] for entry in entries}) == len(entries)
    for engine in ("ollama", "llamacpp", "llamacpp_flag", "embedded", "openai", "gguf"):
        names = [entry["names"][engine] for entry in entries if engine in entry.get("names", {})]
        assert len(names) == len(set(names)), engine


def test_other_spellings_are_no_other_parameters_names() -> None:
    specs = all_specs()
    taken = {name: known.id for known in specs.values() for name in known.names.values()}
    for known in specs.values():
        for alias in known.aliases:
            assert taken.get(alias, known.id) == known.id, alias


def test_parameters_refer_to_parameters() -> None:
    for known in all_specs().values():
        assert known.group in group_titles()
        assert not known.replaced_by or known.replaced_by in all_specs()
        assert all(conflict.other in all_specs() for conflict in known.conflicts)


def test_defaults_lie_in_their_ranges() -> None:
    for known in all_specs().values():
        special = {*known.special, *(word for words in known.special_by_engine.values() for word in words)}
        for engine, value in known.defaults.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or f"{value:g}" in special:
                continue
            assert known.minimum is not None and known.maximum is not None
            assert known.minimum <= value <= known.maximum, (known.id, engine)


def test_numbers_on_a_ladder_span_the_range() -> None:
    for known in all_specs().values():
        if known.ladder:
            assert known.ladder[0] == known.minimum and known.ladder[-1] == known.maximum, known.id


def test_families_and_presets_speak_of_known_parameters() -> None:
    for family in all_families():
        assert all(parameter in all_specs() for parameter in family.ranges)
        assert all(parameter in all_specs() for mode in family.modes for parameter in mode.values)
    for preset in shipped_presets():
        assert all(parameter in all_specs() for parameter in preset.parameters)


def test_family_patterns_match_only_where_one_of_their_words_is() -> None:
    """The words are looked for first; a pattern that can match without them would never be tried."""
    entries = json.loads(data_path("families.json").read_bytes())["families"]
    for entry in entries:
        pattern = re.compile(entry["match"])
        for other in entries:
            for word in other["words"]:
                if pattern.search(word):
                    assert any(own in word for own in entry["words"]), (entry["id"], word)


def test_texts_are_plain() -> None:
    for known in all_specs().values():
        assert "!" not in known.help and known.help.endswith("."), known.id
        assert len(re.findall(r"[.;] |\.$", known.help)) <= 4, known.id
