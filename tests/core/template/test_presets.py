"""The prompt formats we ship, and the one that a chat template speaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aether_tui.core.chat import Message
from aether_tui.core.errors import AetherError
from aether_tui.core.template import (
    TemplatePreset,
    check_template,
    matching_preset,
    parse_template,
    preset,
    preset_for,
    render_go,
    renders_alike,
    template_presets,
)
from aether_tui.data import data_path, load_json
from tests.support import ROOT

HERE = Path(__file__).parent
SPEAKERS: list[dict[str, Any]] = json.loads((HERE / "chat_templates.json").read_bytes())["templates"]
PROMPTS: dict[str, str] = json.loads((HERE / "preset_prompts.json").read_bytes())["prompts"]
WANTED = (
    *("llama3", "llama2", "llama2-legacy", "phi3", "gemma", "deepseek", "command-r", "openchat", "tinyllama"),
    *("chatml", "mistral"),
)
CHAT = (
    Message("system", "Be brief."),
    Message("user", "Hi"),
    Message("assistant", "Yes", thinking="A greeting."),
    Message("user", "Why?"),
)
DEMO_TEMPLATE = (ROOT / "tools" / "demo_model" / "chat_template.jinja").read_text(encoding="utf-8")


def name_of(speaker: dict[str, Any]) -> str:
    return str(speaker["name"])


def id_of(each: TemplatePreset) -> str:
    return each.id


def test_the_presets_that_were_asked_for_are_there() -> None:
    assert set(WANTED) <= {each.id for each in template_presets()}


def test_files_rules_and_presets_agree() -> None:
    index = load_json("templates/index.json")
    ids = {each.id for each in template_presets()}
    assert {path.stem for path in data_path("templates").glob("*.gotmpl")} == ids
    assert {rule["preset"] for rule in index["rules"]} - {None} == ids
    assert set(index["architectures"].values()) <= ids


@pytest.mark.parametrize("each", template_presets(), ids=id_of)
def test_a_preset_is_whole(each: TemplatePreset) -> None:
    assert preset(each.id) is each
    assert check_template(each.text).ok
    assert parse_template(each.text).uses_messages
    assert each.title
    assert each.families
    assert each.stops
    assert each.source.startswith("https://")


@pytest.mark.parametrize("each", template_presets(), ids=id_of)
def test_a_preset_makes_the_prompt_of_its_format(each: TemplatePreset) -> None:
    assert render_go(each.text, "", CHAT) == PROMPTS[each.id]


def test_an_unknown_preset_is_an_error_that_names_the_known() -> None:
    with pytest.raises(AetherError, match="no-such") as caught:
        preset("no-such")
    assert "chatml" in caught.value.remedy


@pytest.mark.parametrize("speaker", SPEAKERS, ids=name_of)
def test_a_chat_template_is_recognised_by_its_marks(speaker: dict[str, Any]) -> None:
    found = preset_for(speaker["text"])
    assert (found.id if found else "") == speaker["preset"]


@pytest.mark.parametrize("speaker", SPEAKERS, ids=name_of)
def test_only_a_preset_that_renders_alike_is_offered(speaker: dict[str, Any]) -> None:
    found = matching_preset(speaker["text"], speaker["bos"], speaker["eos"])
    assert (found.id if found else "") == (speaker["preset"] if speaker["alike"] else "")


@pytest.mark.parametrize("speaker", [each for each in SPEAKERS if each["preset"]], ids=name_of)
def test_alike_is_proven_by_rendering(speaker: dict[str, Any]) -> None:
    found = preset(speaker["preset"])
    assert renders_alike(found, speaker["text"], speaker["bos"], speaker["eos"]) == speaker["alike"]
    if found.id not in ("chatml", "chatml-thinking", "qwen3"):
        assert not renders_alike(preset("chatml"), speaker["text"], speaker["bos"], speaker["eos"])


def test_every_preset_has_a_chat_template_that_it_matches() -> None:
    matched = {speaker["preset"] for speaker in SPEAKERS if speaker["alike"]} | {"chatml-thinking"}
    assert matched == {each.id for each in template_presets()}


def test_the_demonstration_model_gets_the_preset_with_thoughts() -> None:
    found = matching_preset(DEMO_TEMPLATE, "<|endoftext|>", "<|im_end|>")
    assert found is preset("chatml-thinking")
    assert preset_for(DEMO_TEMPLATE) is found
    # Plain ChatML drops the thoughts and can't switch them off.
    assert not renders_alike(preset("chatml"), DEMO_TEMPLATE, "<|endoftext|>", "<|im_end|>")


@pytest.mark.parametrize(("architecture", "expected"), [("gemma3", "gemma"), ("phi3", "phi3"), ("llama", ""), ("", "")])
def test_without_a_chat_template_the_architecture_may_tell(architecture: str, expected: str) -> None:
    found = preset_for("", architecture)
    assert (found.id if found else "") == expected


def test_with_a_chat_template_the_architecture_does_not_count() -> None:
    assert preset_for("{{ messages }}", "gemma3") is None
