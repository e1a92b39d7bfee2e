"""Our verdicts on templates, and the prompts that we make of them, beside those of both real Ollama servers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from aether_tui.core.chat import Message
from aether_tui.core.template import (
    TemplateError,
    TemplatePreset,
    chat_template_wins,
    check_template,
    parse_template,
    preset,
    render_go,
    template_presets,
)
from tests.servers import EARLIER_OLLAMA, OllamaServer
from tests.support import ROOT

RECORDS = ROOT / "tests" / "core" / "template"
VERDICTS: list[dict[str, str]] = json.loads((RECORDS / "verdicts.json").read_bytes())["templates"]
RENDERINGS: list[dict[str, Any]] = json.loads((RECORDS / "renderings.json").read_bytes())["cases"]
DEMO_TEMPLATE = ROOT / "tools" / "demo_model" / "chat_template.jinja"
BASE = "template-tests"
OPTIONS = {"num_thread": 1, "num_ctx": 1024}
CHATS = (
    (Message("user", "Hi"),),
    (Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Yes"), Message("user", "Why?")),
    (
        Message("user", "ä<b>&\"'"),
        Message("user", "again"),
        Message("assistant", "a\nb"),
        Message("user", "{{ .Role }}"),
    ),
)
# Presets that make the server see a thinking model.
THINKING = ("chatml-thinking", "qwen3", "deepseek-r1")


@pytest.fixture
def server(ollama: OllamaServer, demo_gguf: Path) -> Iterator[httpx.Client]:
    """A client of each server, on which a model without a chat template of its own is ready to be built upon."""
    with httpx.Client(base_url=ollama.url, trust_env=False, timeout=60) as client:
        names = [model["name"] for model in client.get("/api/tags").json()["models"]]
        if f"{BASE}:latest" not in names:
            # With another name for it, the template in the file is none: 0.34 would prefer it to ours.
            data = demo_gguf.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_hidden__", 1)
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            client.post(f"/api/blobs/{digest}", content=data).raise_for_status()
            made = client.post("/api/create", json={"model": BASE, "files": {"demo.gguf": digest}, "stream": False})
            assert made.json() == {"status": "success"}
        yield client


def refusal(server: httpx.Client, template: str, name: str = "template-verdicts") -> str:
    """What the server's create says to a template; "" when it takes it."""
    request = {"model": name, "from": BASE, "template": template, "stream": False}
    answer = server.post("/api/create", json=request)
    if answer.status_code == httpx.codes.OK:
        return ""
    assert answer.status_code == httpx.codes.BAD_REQUEST, answer.text
    return str(answer.json()["error"])


def ask(
    server: httpx.Client, template: str, chat: Sequence[Message], think: bool | None, system: str = ""
) -> httpx.Response:
    name = "template-prompts"
    request: dict[str, Any] = {"model": name, "from": BASE, "template": template, "stream": False}
    server.post("/api/create", json=request | ({"system": system} if system else {})).raise_for_status()
    messages = [{"role": message.role, "content": message.content, "thinking": message.thinking} for message in chat]
    question: Mapping[str, Any] = {"model": name, "messages": messages, "options": OPTIONS, "stream": False}
    return server.post("/api/chat", json={**question, "think": think, "_debug_render_only": True})


def prompt(server: httpx.Client, template: str, chat: Sequence[Message], think: bool | None, system: str = "") -> str:
    answer = ask(server, template, chat, think, system)
    assert answer.status_code == httpx.codes.OK, answer.text
    return str(answer.json()["_debug_info"]["rendered_template"])


def test_create_gives_our_verdict(server: httpx.Client) -> None:
    templates = [recorded["text"] for recorded in VERDICTS if recorded["text"]]
    assert len(templates) >= 40
    different = []
    for template in templates:
        ours = check_template(template).message
        theirs = refusal(server, template)
        if theirs != (f"template error: {ours}" if ours else ""):
            different.append((template, ours, theirs))
    assert different == []


def test_unknown_names_pass_and_print_no_value(server: httpx.Client) -> None:
    template = "{{ .Foo }}|{{ range .Messages }}{{ .Content }}{{ end }}"
    assert check_template(template).unknown_fields == (".Foo",)
    assert refusal(server, template) == ""
    assert prompt(server, template, CHATS[0], None) == "<no value>|Hi"


@pytest.mark.parametrize("preset", template_presets(), ids=lambda preset: preset.id)
def test_presets_make_the_servers_prompts(server: httpx.Client, preset: TemplatePreset) -> None:
    for chat in CHATS:
        for think in (None, True, False) if preset.id in THINKING else (None, False):
            theirs = prompt(server, preset.text, chat, think, system="The model's own.")
            assert render_go(preset.text, "The model's own.", chat, think) == theirs


def test_presets_with_thoughts_make_a_thinking_model(server: httpx.Client) -> None:
    for each in template_presets():
        assert refusal(server, each.text, "template-thinking") == ""
        shown = server.post("/api/show", json={"model": "template-thinking"}).json()
        assert ("thinking" in shown["capabilities"]) == (each.id in THINKING)


@pytest.mark.parametrize("preset", [preset("chatml"), preset("chatml-thinking")], ids=lambda preset: preset.id)
def test_the_chat_template_of_the_file_wins_when_it_can_do_more(
    server: httpx.Client, ollama: OllamaServer, demo_gguf: Path, preset: TemplatePreset
) -> None:
    data = demo_gguf.read_bytes()
    chat_template = DEMO_TEMPLATE.read_text(encoding="utf-8").removesuffix("\n")
    assert chat_template.encode() in data
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    server.post(f"/api/blobs/{digest}", content=data).raise_for_status()
    template = f"ours:{preset.text}"
    request = {"model": "template-wins", "files": {"demo.gguf": digest}, "template": template, "stream": False}
    server.post("/api/create", json=request).raise_for_status()
    answer = server.post(
        "/api/chat",
        json={
            "model": "template-wins",
            "messages": [{"role": "user", "content": "Hi"}],
            "options": OPTIONS,
            "stream": False,
            "_debug_render_only": True,
        },
    ).json()
    ours_is_used = answer["_debug_info"]["rendered_template"].startswith("ours:")
    wins = chat_template_wins(chat_template, parse_template(template))
    assert wins == (preset.id == "chatml")
    # Ollama before 0.30 knows no chat templates.
    assert ours_is_used == (ollama.version == EARLIER_OLLAMA or not wins)


def test_prompts_are_the_servers(server: httpx.Client) -> None:
    cases = [case for case in RENDERINGS if "prompt" in case and case["template"] and "think" not in case]
    assert len(cases) >= 30
    different = []
    for case in cases:
        chat = [Message(*message) for message in case["messages"]]
        theirs = prompt(server, case["template"], chat, None)
        if theirs != render_go(case["template"], "", chat):
            different.append((case["template"], theirs))
    assert different == []


def test_where_we_fail_the_server_fails(server: httpx.Client) -> None:
    for case in [case for case in RENDERINGS if "error" in case]:
        chat = [Message(*message) for message in case["messages"]]
        with pytest.raises(TemplateError) as caught:
            render_go(case["template"], "", chat)
        answer = ask(server, case["template"], chat, None)
        assert answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR, case["template"]
        if case["error"] != "crash":
            place = caught.value.message.partition(">: ")[0]
            assert answer.json()["error"].startswith(place), case["template"]
