"""Named sets of parameters for a kind of use: those that ship, and the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.messages import ParameterValue
from aether_tui.core.parameters import find, format_value, typed_value
from aether_tui.core.schema import EffectiveParameter, ParameterSchema
from aether_tui.data import load_json


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of parameters, by id. `use` is a key of a parameter's recommendations; `reasons` say why each value."""

    id: str
    title: str
    about: str
    parameters: Mapping[str, ParameterValue]
    use: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class FittedPreset:
    """A preset as it holds for one model on one server, with a line for each value left out or cut."""

    parameters: Mapping[str, ParameterValue]
    changes: tuple[str, ...]


@cache
def shipped_presets() -> tuple[Preset, ...]:
    """The presets that come with the app."""
    return tuple(Preset(**entry) for entry in load_json("presets.json")["presets"])


def parse_preset(data: object) -> Preset:
    """A user's preset, decoded from YAML: title, parameters; and if wished id, about, use, reasons, source.

    Parameters may have any engine's name. Raises BAD_INPUT or PARAMETER_INVALID.
    """
    from pydantic import BaseModel, ConfigDict, ValidationError

    class File(BaseModel):
        model_config = ConfigDict(extra="forbid")
        title: str
        parameters: dict[str, bool | int | float | str | list[str]]
        id: str = ""
        about: str = ""
        use: str = ""
        reasons: dict[str, str] = {}
        source: str = ""

    try:
        file = File.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise AetherError(
            ErrorCode.BAD_INPUT,
            f"This is not a preset: {where}: {first['msg']}",
            "A preset has a title and, under parameters, names with values",
            {"field": where},
        ) from error
    values = dict(_read(name, value) for name, value in file.parameters.items())
    reasons = {_id(name): text for name, text in file.reasons.items()}
    identifier = file.id or "-".join(file.title.lower().split())
    return Preset(identifier, file.title, file.about, values, file.use, reasons, file.source)


def fit_preset(preset: Preset, schema: ParameterSchema) -> FittedPreset:
    """The values of a preset that this model on this server takes, cut to its ranges."""
    values: dict[str, ParameterValue] = {}
    changes: list[str] = []
    for parameter_id, value in preset.parameters.items():
        row = schema.get(parameter_id)
        if row is None or not row.supported:
            why = row.unsupported_why if row is not None else "unknown here"
            changes.append(f"{parameter_id} left out: {why}")
            continue
        values[parameter_id] = fitted = _fit(row, value)
        if fitted != value:
            spec = row.spec
            changes.append(
                f"{parameter_id} {format_value(spec, value)} cut to {format_value(spec, fitted)}, "
                f"the limit of {row.range_source}"
            )
    return FittedPreset(values, tuple(changes))


def _fit(row: EffectiveParameter, value: ParameterValue) -> ParameterValue:
    if row.allows(value) or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    fitted: float = value
    if row.minimum is not None:
        fitted = max(fitted, row.minimum)
    if row.maximum is not None:
        fitted = min(fitted, row.maximum)
    return int(fitted) if row.spec.type == "int" else float(fitted)


def _id(name: str) -> str:
    found = find(name)
    return found.id if found is not None else name


def _read(name: str, value: bool | int | float | str | list[str]) -> tuple[str, ParameterValue]:
    """A name and value of a user's file, as id and value of the parameter's type."""
    spec = find(name)
    if spec is None:
        return name, tuple(value) if isinstance(value, list) else value
    return spec.id, typed_value(spec, value)
