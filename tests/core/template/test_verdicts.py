"""Templates that Ollama takes or refuses, with the words it refuses them in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aether_tui.core.errors import ErrorCode
from aether_tui.core.template import TemplateError, chat_template_wins, check_template, parse_template

RECORDED = json.loads(Path(__file__).with_name("verdicts.json").read_bytes())["templates"]


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: ascii(recorded["text"])[:60])
def test_verdict_is_ollamas(recorded: dict[str, str]) -> None:
    verdict = check_template(recorded["text"])
    assert verdict.message == recorded["message"]
    assert verdict.ok == (recorded["message"] == "")


def test_enough_of_both_kinds_are_recorded() -> None:
    good = [recorded for recorded in RECORDED if not recorded["message"]]
    assert len(good) >= 60
    assert len(RECORDED) - len(good) >= 60


@pytest.mark.parametrize("recorded", [each for each in RECORDED if "template: :" in each["message"]][:20])
def test_the_line_is_the_one_in_the_message(recorded: dict[str, str]) -> None:
    found = re.match(r"template: :(\d+):", recorded["message"])
    assert found is not None
    assert check_template(recorded["text"]).line == int(found[1])


def test_a_refused_template_raises_an_error_with_its_line() -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template("one\ntwo {{ nofunc }}")
    assert caught.value.code is ErrorCode.TEMPLATE_INVALID
    assert caught.value.details["line"] == 2
    assert caught.value.remedy


def test_names_used_are_told_as_ollama_looks_for_them() -> None:
    template = parse_template("{{ $x := .System }}{{ range .Messages }}{{ .Role }}{{ end }}{{ (index $x 0).Content }}")
    assert template.variables == {"system", "messages", "role"}
    assert template.uses_messages
    assert not template.adds_response


@pytest.mark.parametrize("text", ["{{ .Prompt }}", "", "{{ (.A).Response }}"])
def test_a_template_without_an_answer_gets_one(text: str) -> None:
    assert parse_template(text).adds_response


@pytest.mark.parametrize(
    ("start", "part"), [("", "{{ if .A }}"), ("{{ ", "(print "), ("", "{{ range .A }}{{ block `b` . }}")]
)
def test_nesting_without_end_is_refused(start: str, part: str) -> None:
    verdict = check_template(start + part * 5000)
    assert not verdict.ok
    assert "deep" in verdict.message


@pytest.mark.parametrize(
    ("text", "capabilities"),
    [
        ("{{ .Prompt }}", ()),
        ("{{ if .Tools }}x{{ end }}{{ .Prompt }}{{ .Suffix }}", ("tools", "insert")),
        (
            "{{ range .Messages }}{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ .Content }}{{ end }}",
            ("thinking",),
        ),
        ("{{ range .Messages }}{{ if .Thinking }}{{ .Thinking }}</t>{{ end }}{{ end }}", ()),
        ("{{ range $m := .Messages }}<t>{{ $m.Thinking }}</t>{{ end }}", ()),
        ("{{ range .Tools }}<t>{{ .Thinking }}</t>{{ end }}{{ .Messages }}", ("tools",)),
    ],
)
def test_capabilities_are_those_that_ollama_sees(text: str, capabilities: tuple[str, ...]) -> None:
    assert parse_template(text).capabilities == capabilities


GO_TOOLS = '{{ if .Tools }}t{{ end }}{{ range .Messages }}{{ .ToolCalls }}{{ if eq .Role "tool" }}r{{ end }}{{ end }}'
GO_THOUGHTS = "{{ range .Messages }}<think>{{ .Thinking }}</think>{{ end }}"
JINJA_TOOLS = "{% if tools %}{% for m in messages %}{{ m.tool_calls }}{% if message.role == 'tool' %}r{% endif %}"


@pytest.mark.parametrize(
    ("chat_template", "template", "wins"),
    [
        ("", "{{ .Prompt }}", False),
        ("{{ messages }}", "{{ .Prompt }}", False),
        ("<think></think>", "{{ .Prompt }}", True),
        ("<think></think>", GO_THOUGHTS, False),
        ("m.content.split('</think>')", "{{ .Prompt }}", True),
        ("m.content.split('</think>') m.reasoning_content", "{{ .Prompt }}", False),
        ("{{ tools }}", "{{ .Prompt }}", True),
        ("{{ tools }}", "{{ .Tools }}{{ .Prompt }}", False),
        (JINJA_TOOLS, "{{ .Tools }}{{ .Prompt }}", True),
        (JINJA_TOOLS, GO_TOOLS, False),
        (JINJA_TOOLS + "<think></think>", GO_TOOLS, True),
        ("{{ tools }}<think></think>", GO_TOOLS, False),
        ("<think></think>", GO_TOOLS, False),
    ],
)
def test_the_chat_template_of_the_file_wins_when_it_can_do_more(chat_template: str, template: str, wins: bool) -> None:
    assert chat_template_wins(chat_template, parse_template(template)) == wins


def test_checking_loads_no_jinja() -> None:
    code = (
        "import sys; from aether_tui.core.template import check_template; check_template('{{ .Foo }}');"
        "print(*{'jinja2', 'pydantic', 'httpx', 'yaml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
