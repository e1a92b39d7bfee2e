"""The names and limits in the data, against the servers that have them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from aether_tui.core.gguf import read_header
from aether_tui.core.inventory import EngineKind
from aether_tui.core.parameters import all_specs
from aether_tui.core.schema import EngineTarget, ModelFacts, facts_from_header, schema_for
from tests.servers import LlamaServer, OllamaServer

QUESTION = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 1}


def test_llama_server_has_every_flag(llama_server_program: Path) -> None:
    done = subprocess.run([llama_server_program, "--help"], capture_output=True, text=True, check=False)
    words = (done.stdout + done.stderr).replace(",", " ").split()
    flags = [known.names["llamacpp_flag"] for known in all_specs().values() if "llamacpp_flag" in known.names]
    assert [flag for flag in flags if flag not in words] == []


def test_the_embedded_engine_has_every_attribute() -> None:
    xllamacpp = pytest.importorskip("xllamacpp")
    missing = []
    for known in all_specs().values():
        place: Any = xllamacpp.CommonParams()
        for part in known.names.get("embedded", "").split("."):
            if part and not hasattr(place, part):
                missing.append(known.id)
                break
            place = getattr(place, part) if part else place
    assert missing == []


def test_llama_server_takes_the_ends_of_every_range(llama_server: LlamaServer) -> None:
    """Each end, and each value with a word of its own, in a request of its own."""
    refused = []
    headers = {"Authorization": f"Bearer {llama_server.key}"}
    with httpx.Client(base_url=llama_server.url, headers=headers, timeout=60) as client:
        for row in schema_for(ModelFacts(), EngineTarget(EngineKind.LLAMACPP)).values():
            if not row.supported or row.spec.scope != "request" or row.spec.type not in ("float", "int"):
                continue
            number = float if row.spec.type == "float" else int
            for value in {row.minimum, row.maximum, *map(float, row.special)} - {None}:
                body = {**QUESTION, row.spec.names["llamacpp"]: number(value or 0)}
                answer = client.post("/v1/chat/completions", json=body)
                if answer.status_code != 200:
                    refused.append((row.spec.id, value, answer.text[:200]))
    assert refused == []


def test_ollama_takes_what_the_schema_says_it_takes(ollama: OllamaServer) -> None:
    schema = schema_for(ModelFacts(), EngineTarget(EngineKind.OLLAMA, ollama.version))
    taken = schema["typical_p"].supported
    files = {"m.gguf": "sha256:" + "0" * 64}
    body = {"model": "typical", "parameters": {"typical_p": 0.5}, "files": files, "stream": False}
    answer = httpx.post(f"{ollama.url}/api/create", json=body, timeout=60)
    assert ("typical_p" not in answer.text) is taken


def test_llama_servers_own_defaults_are_the_ones_we_show(llama_server: LlamaServer, demo_gguf: Path) -> None:
    """The demonstration model carries sampling values, so this proves that the file's win over llama.cpp's."""
    data = demo_gguf.read_bytes()
    facts = facts_from_header(read_header(data, len(data)), "demo", str(demo_gguf))
    assert facts.sampling
    headers = {"Authorization": f"Bearer {llama_server.key}"}
    answer = httpx.get(f"{llama_server.url}/props", headers=headers, timeout=60).json()
    theirs = answer["default_generation_settings"]["params"]
    compared = []
    for row in schema_for(facts, EngineTarget(EngineKind.LLAMACPP)).values():
        name = row.spec.names.get("llamacpp", "")
        if name in theirs and row.default is not None and row.spec.id != "seed":
            compared.append(row.spec.id)
            own = list(row.default) if isinstance(row.default, tuple) else row.default
            assert theirs[name] == pytest.approx(own), row.spec.id
    assert {"temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "dry_base", "mirostat_tau"} <= set(compared)


def test_looking_back_over_the_whole_context_is_refused_by_llama_server(llama_server: LlamaServer) -> None:
    row = schema_for(ModelFacts(), EngineTarget(EngineKind.LLAMACPP))["repeat_last_n"]
    headers = {"Authorization": f"Bearer {llama_server.key}"}
    url = f"{llama_server.url}/v1/chat/completions"
    answer = httpx.post(url, json={**QUESTION, "repeat_last_n": -1}, headers=headers, timeout=60)
    assert answer.status_code == 400 and not row.allows(-1)
