"""Which family a model belongs to, and what its vendor advises. The facts are in `data/families.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from aether_tui.data import load_json

# What files call the model itself, most reliable first.
_NAME_KEYS = ("general.basename", "general.name", "general.base_model.0.name")


@dataclass(frozen=True, slots=True)
class Mode:
    """The values a vendor gives for one way of using a model, by parameter id."""

    name: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Family:
    """One model family. `source_words` say where its values come from, as "Llama 3 card"."""

    id: str
    title: str
    source_words: str
    modes: tuple[Mode, ...]
    ranges: Mapping[str, tuple[float, float]]
    stop: tuple[str, ...]
    template: str
    thinking: str
    notes: str
    confidence: str
    sources: tuple[str, ...]

    def advice(self, parameter_id: str) -> str:
        """The vendor's value of a parameter, by mode where they differ; "" when it gives none."""
        given = [(mode.name, f"{mode.values[parameter_id]:g}") for mode in self.modes if parameter_id in mode.values]
        if len({value for _, value in given}) <= 1 and len(given) == len(self.modes):
            return given[0][1] if given else ""
        return ", ".join(value if name == "default" else f"{name} {value}" for name, value in given)


def family_of(name: str, architecture: str = "", metadata: Mapping[str, object] | None = None) -> Family | None:
    """The family of a model, from its metadata first and its name last.

    A family whose architecture or tokenizer the metadata rules out is never taken, whatever the name says.
    """
    known = metadata or {}
    architecture = architecture or str(known.get("general.architecture", ""))
    possible = [entry for entry in _entries() if _fits(entry, architecture, known)]
    for text in _metadata_names(known):
        if found := _by_text(possible, text):
            return _family(found["id"])
    if found := next((entry for entry in possible if _has_signature(entry, architecture, known)), None):
        return _family(found["id"])
    if found := _by_text(possible, _plain(name)):
        return _family(found["id"])
    alone = next((entry for entry in possible if architecture in entry.get("known_by_architecture", ())), None)
    return _family(alone["id"]) if alone else None


@cache
def all_families() -> tuple[Family, ...]:
    """Every family, in file order."""
    return tuple(_family(entry["id"]) for entry in _entries())


def _entries() -> list[dict[str, Any]]:
    families: list[dict[str, Any]] = load_json("families.json")["families"]
    return families


@cache
def _family(family_id: str) -> Family:
    entry = next(entry for entry in _entries() if entry["id"] == family_id)
    return Family(
        id=family_id,
        title=entry["title"],
        source_words=entry["source_words"],
        modes=tuple(Mode(mode["mode"], mode["values"]) for mode in entry["modes"]),
        ranges={key: (low, high) for key, (low, high) in entry["ranges"].items()},
        stop=tuple(entry["stop"]),
        template=entry["template"],
        thinking=entry["thinking"],
        notes=entry["notes"],
        confidence=entry["confidence"],
        sources=tuple(entry["sources"]),
    )


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _by_text(possible: list[dict[str, Any]], text: str) -> dict[str, Any] | None:
    """The first family whose pattern fits. Patterns are compiled only where one of their words occurs."""
    for entry in possible if text else ():
        if any(word in text for word in entry["words"]) and _pattern(entry["match"]).search(text):
            return entry
    return None


def _metadata_names(metadata: Mapping[str, object]) -> Iterator[str]:
    for key in _NAME_KEYS:
        value = metadata.get(key)
        if isinstance(value, str) and value:
            yield _plain(value)


def _plain(name: str) -> str:
    """The part of a name, reference or path that names the model: lower case, without folders and ending."""
    last = name.strip().lower().replace("\\", "/").rstrip("/").rpartition("/")[2]
    return last.removesuffix(".gguf").replace(" ", "-")


def _fits(entry: Mapping[str, Any], architecture: str, metadata: Mapping[str, object]) -> bool:
    architectures = entry.get("architectures")
    if architecture and architectures and architecture not in architectures:
        return False
    tokenizer = metadata.get("tokenizer.ggml.model")
    return not (isinstance(tokenizer, str) and "tokenizers" in entry and tokenizer not in entry["tokenizers"])


def _has_signature(entry: Mapping[str, Any], architecture: str, metadata: Mapping[str, object]) -> bool:
    signature = entry.get("signature")
    if not signature or architecture not in entry.get("architectures", ()):
        return False
    return all(metadata.get(key) in values for key, values in signature.items())
