"""What each Ollama release does, from `data/servers.json`, and how versions compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from aether_tui.data import load_json

Version = tuple[int, int, int]
NEWEST: Version = (1_000_000, 0, 0)

_OPERATORS = ("<=", ">=", "!=", "==", "<", ">", "=")


@dataclass(frozen=True, slots=True)
class ServerFeatures:
    """What one Ollama version does; each field is described in the data, with its source."""

    version: str
    adapters: bool
    quantize_types: tuple[str, ...]
    rewrites_gguf: bool
    instructions: tuple[str, ...]
    draft: bool
    mirostat: bool
    dropped_parameters: tuple[str, ...]
    cut_prompt: Literal["silent", "refused"]
    cached_count: bool
    jinja_templates: bool
    gguf_sampling: bool
    chat_model_embeds: bool
    splits_model: bool


def parse_version(text: str) -> Version:
    """The three numbers of a version; `v`, `-rc0`, `+build` are passed over.

    "" and 0.0.0 (a build without a stamp) count as the newest, as does what holds no number.
    """
    plain = text.strip().lstrip("vV").partition("-")[0].partition("+")[0]
    numbers = [int(part) for part in plain.split(".")[:3] if part.isascii() and part.isdigit()]
    if not any(numbers):
        return NEWEST
    major, minor, patch = (*numbers, 0, 0)[:3]
    return major, minor, patch


def version_in(version: str, wanted: str) -> bool:
    """Whether a version lies in a range such as `>=0.3.1 <0.34.1`; an empty range holds all."""
    here = parse_version(version)
    return all(_compare(here, condition) for condition in wanted.split())


@cache
def features(version: str = "") -> ServerFeatures:
    """What an Ollama version does; "" is the newest that is known."""
    values: dict[str, Any] = {}
    for name, feature in load_json("servers.json")["features"].items():
        case = next(case for case in feature["cases"] if version_in(version, case["versions"]))
        value = case["value"]
        values[name] = tuple(value) if isinstance(value, list) else value
    return ServerFeatures(version=version or newest_version(), **values)


def newest_version() -> str:
    """The newest Ollama version that the data knows."""
    return str(load_json("servers.json")["newest"])


def feature_remedy(name: str) -> str:
    """What to do where a server lacks a feature; "" where there is nothing to do."""
    feature: Mapping[str, Any] = load_json("servers.json")["features"][name]
    return str(feature.get("remedy", ""))


def needs(wanted: str, engine: str = "Ollama") -> str:
    """A version range in words: `>=0.30` is "Ollama 0.30 or newer"."""
    words = {">=": "{} or newer", "<": "before {}", "<=": "up to {}", ">": "after {}", "=": "{}", "==": "{}"}
    parts = []
    for condition in wanted.split():
        operator = _operator(condition)
        parts.append(words[operator].format(condition[len(operator) :]))
    return f"{engine} {', '.join(parts)}"


def _compare(here: Version, condition: str) -> bool:
    operator = _operator(condition)
    there = parse_version(condition[len(operator) :])
    match operator:
        case "<":
            return here < there
        case "<=":
            return here <= there
        case ">":
            return here > there
        case ">=":
            return here >= there
        case "!=":
            return here != there
        case _:
            return here == there


def _operator(condition: str) -> str:
    return next((operator for operator in _OPERATORS if condition.startswith(operator)), "")
