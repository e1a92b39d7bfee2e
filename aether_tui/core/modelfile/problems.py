"""What a checker says of a Modelfile, and what its rules are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from aether_tui.core.kinds import EngineKind
from aether_tui.core.modelfile.document import Instruction, Modelfile
from aether_tui.core.modelfile.parser import KEYWORDS
from aether_tui.core.parameters import ParameterSpec, find
from aether_tui.core.servers import ServerFeatures, features

if TYPE_CHECKING:
    from aether_tui.core.facts import ModelFacts
    from aether_tui.core.schema import EffectiveParameter, EngineTarget, ParameterSchema

Severity = Literal["error", "warning", "note"]
_SERVER_WORDS = {
    EngineKind.OLLAMA: "Ollama",
    EngineKind.LLAMACPP: "llama-server",
    EngineKind.EMBEDDED: "the embedded engine",
    EngineKind.OPENAI: "an OpenAI-compatible server",
}


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that mends a problem: `subject` (a parameter or a keyword) gets `value`; None takes it out.

    With `rename` a parameter keeps its values and gets that name. `apply_fix` does all of them.
    """

    label: str
    subject: str
    value: tuple[str, ...] | None
    rename: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong or worth knowing; `subject` is a parameter id or a keyword, `line` counts from 1."""

    severity: Severity
    line: int | None
    subject: str
    reason: str
    remedy: str
    fix: Fix | None = None


@dataclass(frozen=True)
class Inspection:
    """What the rules look at. `exists` tells whether a path of the file, as written, is there."""

    document: Modelfile
    target: EngineTarget
    schema: ParameterSchema
    facts: ModelFacts
    exists: Callable[[str], bool]

    @cached_property
    def is_ollama(self) -> bool:
        """Whether the server is an Ollama."""
        return self.target.kind is EngineKind.OLLAMA

    @cached_property
    def features(self) -> ServerFeatures:
        """What this version of Ollama does; only asked where the server is one."""
        return features(self.target.version)

    @cached_property
    def server(self) -> str:
        """The server in words, with its version where it is known."""
        return f"{_SERVER_WORDS[self.target.kind]} {self.target.version if self.is_ollama else ''}".strip()

    @cached_property
    def by_keyword(self) -> dict[str, list[Instruction]]:
        """The instructions of each keyword in file order."""
        found: dict[str, list[Instruction]] = {}
        for instruction in self.document.instructions:
            found.setdefault(instruction.keyword, []).append(instruction)
        return found

    def last(self, keyword: str) -> Instruction | None:
        """The instruction of a keyword that counts."""
        return self.by_keyword[keyword][-1] if keyword in self.by_keyword else None

    @cached_property
    def parameters(self) -> list[Setting]:
        """The PARAMETER lines with what is known of each."""
        engine = "ollama" if self.is_ollama else "llamacpp"
        settings = []
        for instruction in self.by_keyword.get("PARAMETER", ()):
            spec = find(instruction.name, engine) if instruction.name else None
            row = self.schema.get(spec.id if spec else instruction.name)
            settings.append(Setting(instruction, spec or (row.spec if row else None), row))
        return settings

    @cached_property
    def from_is_file(self) -> bool:
        """Whether the model comes from a file and not from a model that the server has."""
        value = self.document.get("FROM") or ""
        return self.facts.from_gguf or looks_like_path(value) or self.exists(value)


@dataclass(frozen=True, slots=True)
class Setting:
    """One PARAMETER line; `spec` and `row` are None for a name that nothing is known of."""

    instruction: Instruction
    spec: ParameterSpec | None
    row: EffectiveParameter | None

    @property
    def subject(self) -> str:
        """The parameter's id, or its name where it has none."""
        return self.spec.id if self.spec else self.instruction.name


def looks_like_path(value: str) -> bool:
    """Whether a FROM or ADAPTER is meant as a path, by how it is written."""
    lowered = value.lower()
    return (
        value in (".", "..", "~")
        or value.startswith(("/", "./", "../", "~/", "\\", ".\\", "..\\"))
        or value[1:3] in (":\\", ":/")
        or (lowered.endswith((".gguf", ".safetensors", ".bin", ".pth")) and not lowered.startswith("hf"))
    )


def apply_fix(document: Modelfile, fix: Fix) -> Modelfile:
    """The document with a fix done."""
    if fix.subject in KEYWORDS:
        if fix.value is None:
            return document.without_instruction(fix.subject)
        if fix.subject == "LICENSE":
            return document.with_licenses(fix.value)
        if fix.subject != "FROM":
            document = document.without_repeats(fix.subject)
        return document.with_instruction(fix.subject, fix.value[-1])
    names = [name for name in document.parameters if name == fix.subject or _id_of(name) == fix.subject]
    if fix.rename:
        values = tuple(value for name in names for value in document.parameters[name])
        for name in names:
            if name != fix.rename:
                document = document.without_parameter(name)
        return document.with_parameter(fix.rename, values)
    for name in names[:-1] if fix.value is not None else names:
        document = document.without_parameter(name)
    if fix.value is None:
        return document
    return document.with_parameter(names[-1] if names else fix.subject, fix.value)


def _id_of(name: str) -> str:
    spec = find(name)
    return spec.id if spec else name
