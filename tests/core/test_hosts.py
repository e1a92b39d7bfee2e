"""OLLAMA_HOST as Ollama reads it."""

from __future__ import annotations

from typing import Any

import pytest

from aether_tui.core.hosts import connectable_url, host_url
from tests.support import load_vectors

VECTORS = load_vectors("name_host_vectors")


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["case"])


@pytest.mark.parametrize("vector", VECTORS["host"], ids=name_of)
def test_where_a_server_binds(vector: dict[str, Any]) -> None:
    assert host_url(vector["OLLAMA_HOST"]) == vector["expected"]


@pytest.mark.parametrize("vector", VECTORS["connectable_host"], ids=name_of)
def test_where_a_client_connects(vector: dict[str, Any]) -> None:
    assert connectable_url(vector["OLLAMA_HOST"]) == vector["expected"]


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("http://h", "http://h:80"),
        ("https://h", "https://h:443"),
        ("https://h/prefix/", "https://h:443/prefix"),
        ("h:70000", "http://h:11434"),
        ("h:", "http://h:11434"),
        ("h:abc", "http://h:11434"),
        ("::1", "http://[::1]:11434"),
        ("fe80::1", "http://[fe80::1]:11434"),
        ("  '0.0.0.0' ", "http://127.0.0.1:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
    ],
)
def test_incomplete_addresses_are_completed(variable: str, url: str) -> None:
    assert connectable_url(variable) == url
