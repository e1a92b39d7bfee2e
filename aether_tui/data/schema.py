"""The shapes of the data files, for the test run: the app itself reads them unchecked, to start fast."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Link = Annotated[str, StringConstraints(pattern=r"^https://\S+$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
# One line of a help pane, without a full stop at its end.
Line = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\n]*[^\n.!]$")]
VersionRange = Annotated[str, StringConstraints(pattern=r"^((<|<=|>|>=|=)\d+(\.\d+){0,2}( |$))*$")]
EngineVersions = Annotated[str, StringConstraints(pattern=r"^(ollama|llamacpp|embedded|openai)((<|>=)\d+(\.\d+)*)?$")]
Condition = Annotated[str, StringConstraints(pattern=r"^((=|!=|>)[a-z0-9._-]+|in [a-z0-9_|]+)$")]
Engine = Literal["ollama", "llamacpp", "llamacpp_flag", "embedded", "openai", "gguf"]
Use = Literal[
    "code", "chat", "creative", "factual", "extraction", "reasoning", "agent", "long documents", "low memory", "speed"
]
Number = int | float
Value = bool | int | float | str | list[str]


class Strict(BaseModel):
    """No key that isn't named here: a misspelt one would be ignored at run time."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Conflict(Strict):
    """See core.parameters.Conflict."""

    other: Identifier
    why: Line
    when: Line | None = None
    this: Condition | None = None
    that: Condition | None = None
    severity: Literal["note", "warning"] = "note"


class Parameter(Strict):
    """See core.parameters.ParameterSpec."""

    id: Identifier
    type: Literal["float", "int", "bool", "list", "enum", "string"]
    group: Literal["generation", "penalties", "mirostat", "context", "hardware", "output"]
    scope: Literal["load", "request"]
    effect: Line
    help: Text
    source: Link
    names: dict[Engine, Text] = {}
    aliases: list[Text] = []
    defaults: dict[EngineVersions, Value] = {}
    default_words: dict[EngineVersions, Line] = {}
    minimum: Number | None = None
    maximum: Number | None = None
    step: Number | None = None
    options: list[Text] = []
    ladder: list[int] = []
    special: dict[str, Line] = {}
    special_by_engine: dict[EngineVersions, dict[str, Line]] = {}
    recommended: dict[Use, Line] = {}
    conflicts: list[Conflict] = []
    versions: dict[Literal["ollama"], VersionRange] = {}
    retired: Line | None = None
    replaced_by: Identifier | None = None
    sources: dict[str, Link] = {}

    @model_validator(mode="after")
    def _fits_its_type(self) -> Parameter:
        if self.type in ("int", "float") and None in (self.minimum, self.maximum, self.step):
            raise ValueError(f"{self.id}: a number needs minimum, maximum and step")
        if (self.type == "enum") != bool(self.options):
            raise ValueError(f"{self.id}: options belong to an enum")
        if self.ladder != sorted(set(self.ladder)):
            raise ValueError(f"{self.id}: the ladder must rise")
        if not self.names and not self.retired:
            raise ValueError(f"{self.id}: no engine has it, and it isn't retired")
        if self.versions and "versions" not in self.sources and "versions" in self.model_fields_set:
            raise ValueError(f"{self.id}: versions need a source")
        return self


class Group(Strict):
    """A heading of the parameter list."""

    id: Identifier
    title: Line


class Parameters(Strict):
    """parameters.json"""

    about: Text
    groups: list[Group]
    parameters: list[Parameter]


class Mode(Strict):
    """See core.families.Mode."""

    mode: Text
    values: dict[Identifier, Number] = Field(min_length=1)


class Family(Strict):
    """See core.families.Family. The fields before `modes` tell how a family is known."""

    id: Slug
    title: Text
    source_words: Line
    words: list[Text] = Field(min_length=1)
    match: Text
    architectures: list[Slug] = []
    known_by_architecture: list[Slug] = []
    tokenizers: list[Text] = []
    signature: dict[str, list[str | int]] = {}
    modes: list[Mode]
    ranges: dict[Identifier, tuple[Number, Number]]
    stop: list[Text]
    template: str
    thinking: str
    notes: str
    confidence: Text
    sources: list[Text]

    @model_validator(mode="after")
    def _ranges_rise(self) -> Family:
        if any(low >= high for low, high in self.ranges.values()):
            raise ValueError(f"{self.id}: a range must rise")
        if self.modes and not self.sources:
            raise ValueError(f"{self.id}: values need a source")
        return self


class Families(Strict):
    """families.json"""

    about: Text
    families: list[Family]


class Preset(Strict):
    """See core.presets.Preset."""

    id: Slug
    title: Text
    use: Use
    about: Line
    parameters: dict[Identifier, Value] = Field(min_length=1)
    reasons: dict[Identifier, Line]
    source: Link

    @model_validator(mode="after")
    def _every_value_has_a_reason(self) -> Preset:
        if set(self.reasons) != set(self.parameters):
            raise ValueError(f"{self.id}: parameters and reasons differ")
        return self


class Presets(Strict):
    """presets.json"""

    about: Text
    presets: list[Preset]


class Case(Strict):
    """What a feature is for a range of versions."""

    versions: VersionRange
    value: bool | str | list[str]
    source: Link


class Feature(Strict):
    """One thing that Ollama releases differ in; the last case is for all versions left."""

    about: Line
    remedy: Text | None = None
    cases: list[Case] = Field(min_length=1)

    @model_validator(mode="after")
    def _covers_all(self) -> Feature:
        if self.cases[-1].versions:
            raise ValueError("the last case must hold for every version")
        return self


class Servers(Strict):
    """servers.json"""

    about: Text
    newest: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    features: dict[Identifier, Feature]


FILES: dict[str, type[Strict]] = {
    "parameters.json": Parameters,
    "families.json": Families,
    "presets.json": Presets,
    "servers.json": Servers,
}
