"""The user's own ranges and parameters per model: `manifest.yaml`, in the shape of seed 003."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.messages import ParameterValue
from aether_tui.core.parameters import Group, ParameterType, Scope, find

_REMEDY = (
    "Under models, each has a name and, under capabilities.generation_schema, parameters with type, default, min, "
    "max, desc and options"
)


@dataclass(frozen=True, slots=True)
class ManifestParameter:
    """What the manifest says of one parameter. `name` is as written there; None and "" mean that it is silent."""

    name: str
    type: ParameterType
    default: ParameterValue | None = None
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""
    options: tuple[str, ...] = ()
    group: Group | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What the manifest says of one model; parameters by our id, or by their name where we know none."""

    name: str
    provider: str
    parameters: Mapping[str, ManifestParameter]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest as read."""

    entries: tuple[ManifestEntry, ...]

    def entry(self, model_name: str) -> ManifestEntry | None:
        """What holds for a model: its exact name, else the name without its tag, else the file's name."""
        wanted = [spelling.lower() for spelling in _spellings(model_name)]
        by_name = {entry.name.lower(): entry for entry in reversed(self.entries)}
        return next((by_name[spelling] for spelling in wanted if spelling in by_name), None)


def parse_manifest(data: object) -> Manifest:
    """The manifest from decoded YAML or JSON. Raises MANIFEST_INVALID with the place in `details.field`."""
    from pydantic import ValidationError

    from aether_tui.core.manifest_file import File

    if data is None:
        return Manifest(())
    try:
        file = File.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top"
        reason = first["msg"].removeprefix("Value error, ")
        raise AetherError(ErrorCode.MANIFEST_INVALID, f"{where}: {reason}", _REMEDY, {"field": where}) from error
    return Manifest(
        tuple(
            ManifestEntry(
                model.name,
                model.provider,
                {_id(name): parameter.parameter(name) for name, parameter in model.generation_schema.items()},
            )
            for model in file.models
        )
    )


def _id(name: str) -> str:
    known = find(name)
    return known.id if known is not None else name


def _spellings(model_name: str) -> list[str]:
    """Ways to write one model: as given, with and without tag, with and without registry and folders."""
    short = model_name.rpartition("/")[2].rpartition("\\")[2]
    spellings = [model_name, short]
    for name in (model_name, short):
        base, colon, _ = name.rpartition(":")
        spellings.append(base if colon else f"{name}:latest")
    spellings.append(short.removesuffix(".gguf"))
    return spellings
