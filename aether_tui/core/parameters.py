"""The inference settings we know: what each is called, does, defaults to and conflicts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aether_tui.core.chat import ParameterValue

ParameterType = Literal["float", "int", "bool", "list", "enum", "string"]
Group = Literal["generation", "penalties", "mirostat", "context", "hardware", "output"]
Scope = Literal["load", "request"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another parameter that this one fights with, and why. `when` says under which values, in words."""

    other: str
    why: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One inference setting (DESIGN.md, section 4). `id` is Ollama's name, else llama.cpp's.

    `names` maps an engine ("ollama", "llamacpp", "llamacpp_flag", "openai") to what it calls the setting.
    `defaults` maps "ollama", "ollama<0.30", "llamacpp", "openai" to the value used when unset.
    `ladder` lists the stops of a slider that does not move in even steps.
    """

    id: str
    type: ParameterType
    group: Group
    scope: Scope
    effect: str
    help: str
    source: str
    names: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, ParameterValue] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    options: tuple[str, ...] = ()
    ladder: tuple[int, ...] = ()
    special: Mapping[str, str] = field(default_factory=dict)
    recommended: Mapping[str, str] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    retired: str = ""
    replaced_by: str = ""
