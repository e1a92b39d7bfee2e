"""The shape of the manifest file. Apart from `manifest.py`, since pydantic is only loaded where there is a file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aether_tui.core.errors import AetherError
from aether_tui.core.manifest import ManifestParameter
from aether_tui.core.parameters import Group, ParameterSpec, ParameterType, Scope, find, typed_value

_Value = bool | int | float | str | list[str] | None


class Parameter(BaseModel):
    """One parameter of a `generation_schema`; further keys are left alone."""

    model_config = ConfigDict(extra="ignore")

    type: ParameterType | None = None
    default: _Value = None
    min: float | None = None
    max: float | None = None
    desc: str | None = None
    options: list[bool | int | float | str] | None = None
    group: Group | None = None
    scope: Scope | None = None

    @model_validator(mode="after")
    def _range_makes_sense(self) -> Parameter:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        if isinstance(self.default, int | float) and not isinstance(self.default, bool):
            if self.min is not None and self.default < self.min:
                raise ValueError(f"default {self.default:g} is below min {self.min:g}")
            if self.max is not None and self.default > self.max:
                raise ValueError(f"default {self.default:g} is above max {self.max:g}")
        if self.type == "enum" and not self.options:
            raise ValueError("an enum needs options")
        return self

    def parameter(self, name: str) -> ManifestParameter:
        """This parameter under the name it has in the file."""
        known = find(name)
        kind = self.type or (known.type if known else "string")
        options = tuple(_text(option) for option in self.options or ())
        shape = ParameterSpec(name, kind, "generation", "request", "", "", "", options=options)
        return ManifestParameter(
            name=name,
            type=kind,
            default=None if self.default is None else typed_value(shape, self.default),
            minimum=self.min,
            maximum=self.max,
            description=self.desc or "",
            options=options,
            group=self.group,
            scope=self.scope,
        )


class Capabilities(BaseModel):
    """The part of a model's capabilities that we read."""

    model_config = ConfigDict(extra="ignore")

    generation_schema: dict[str, Parameter] | None = None


class Model(BaseModel):
    """One model of the manifest."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(min_length=1)
    provider: str = ""
    capabilities: Capabilities = Capabilities()

    @property
    def generation_schema(self) -> dict[str, Parameter]:
        """The parameters, none where the manifest has none."""
        return self.capabilities.generation_schema or {}

    @model_validator(mode="after")
    def _defaults_have_their_type(self) -> Model:
        for name, parameter in self.generation_schema.items():
            try:
                parameter.parameter(name)
            except AetherError as error:
                raise ValueError(f"generation_schema.{name}: {error.message}") from error
        return self


class File(BaseModel):
    """The whole manifest."""

    model_config = ConfigDict(extra="ignore")

    models: list[Model] = []


def _text(option: bool | int | float | str) -> str:
    return str(option).lower() if isinstance(option, bool) else str(option)
