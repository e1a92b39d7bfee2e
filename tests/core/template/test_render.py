"""Prompts that our evaluator makes, beside those that Ollama made of the same template and messages."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aether_tui.core.chat import Message
from aether_tui.core.template import TemplateError, render_go

RECORDED = json.loads(Path(__file__).with_name("renderings.json").read_bytes())["cases"]
PROMPTS = [case for case in RECORDED if "prompt" in case]
FAILURES = [case for case in RECORDED if "error" in case]
TODAY = date(2026, 3, 1)
HELLO = (Message("user", "Hi"),)


@pytest.mark.parametrize("case", PROMPTS, ids=lambda case: case["template"][:60])
def test_prompt_is_ollamas(case: dict[str, Any]) -> None:
    messages = [Message(*message) for message in case["messages"]]
    assert render_go(case["template"], "", messages, case.get("think")) == case["prompt"]


@pytest.mark.parametrize("case", FAILURES, ids=lambda case: case["template"][:60])
def test_it_fails_where_ollama_fails(case: dict[str, Any]) -> None:
    messages = [Message(*message) for message in case["messages"]]
    with pytest.raises(TemplateError) as caught:
        render_go(case["template"], "", messages, case.get("think"))
    if case["error"] == "crash":
        assert "crashes" in caught.value.message
        return
    # The place and the reason; Go's words for odd values in the reason are its own.
    place, _, reason = case["error"].partition(">: ")
    assert caught.value.message.startswith(place + ">: ")
    assert caught.value.message.partition(">: ")[2].split()[:3] == reason.split()[:3]


def test_the_models_own_system_comes_first_unless_the_chat_has_one() -> None:
    template = "{{ range .Messages }}{{ .Role }}={{ .Content }};{{ end }}"
    assert render_go(template, "Own.", HELLO) == "system=Own.;user=Hi;"
    assert render_go(template, "Own.", (Message("system", "Chat's."), *HELLO)) == "system=Chat's.;user=Hi;"


def test_a_thinking_model_thinks_unless_told_otherwise() -> None:
    told = "{{ .IsThinkSet }}{{ .Think }}"
    template = "{{ range .Messages }}{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ end }}" + told
    assert render_go(template, "", HELLO) == "truetrue"
    assert render_go(template, "", HELLO, think=False) == "truefalse"
    assert render_go("{{ .Messages | len }}" + told, "", HELLO) == "1falsefalse"


def test_dates_come_from_the_caller() -> None:
    template = "{{ currentDate }} {{ yesterdayDate `x` }} {{ len .Messages }}"
    assert render_go(template, "", HELLO, today=TODAY) == "2026-03-01 2026-02-28 1"
    with pytest.raises(TemplateError, match="date of today"):
        render_go(template, "", HELLO)


def test_lone_surrogates_become_replacement_characters() -> None:
    assert render_go("{{ .Prompt }}", "", (Message("user", "a\ud800b"),)) == "a\ufffdb"


@pytest.mark.parametrize(
    "template",
    [
        "{{ range 1000000000000 }}{{ end }}{{ .Prompt }}",
        "{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}{{ .Prompt }}",
        "{{ range 1000000 }}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ end }}{{ .Prompt }}",
        '{{ $x := "x" }}{{ range 100 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ $x }}',
        '{{ $x := "x" }}{{ range 100 }}{{ $x = print $x $x $x }}{{ end }}',
        '{{ printf "%999999999d%999999d%999999d" 1 1 1 }}',
        '{{define "x"}}{{ template "x" . }}{{end}}{{ template "x" .Messages }}',
        '{{define "x"}}{{ template "x" . }}{{ template "x" . }}{{end}}{{ template "x" .Messages }}',
        '{{ $x := "'
        + "x" * 1000
        + '" }}{{ range 100000 }}{{ if eq $x $x }}{{ end }}{{ len $x }}{{ end }}{{ .Prompt }}',
    ],
)
def test_endless_templates_are_stopped(template: str) -> None:
    with pytest.raises(TemplateError, match=r"too (many|much|deep)"):
        render_go(template, "", HELLO)


def test_a_long_chat_is_rendered_whole() -> None:
    chat = [Message("user" if turn % 2 == 0 else "assistant", "word " * 200) for turn in range(2000)]
    template = "{{ range .Messages }}{{ if eq .Role `user` }}U{{ else }}A{{ end }} {{ .Content }}{{ end }}"
    assert render_go(template, "", chat).count("word") == 400_000
