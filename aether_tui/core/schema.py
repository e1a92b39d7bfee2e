"""The parameters as they hold for one model on one server: range, default, and where each came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aether_tui.core.facts import ModelFacts, facts_from_details, facts_from_header
from aether_tui.core.kinds import EngineKind
from aether_tui.core.messages import ParameterValue
from aether_tui.core.parameters import Group, ParameterSpec, all_specs, format_value, group_titles
from aether_tui.core.servers import features
from aether_tui.core.targets import EngineTarget, engine_default, note, special_words, unsupported_why

if TYPE_CHECKING:
    from aether_tui.core.families import Family
    from aether_tui.core.manifest import ManifestEntry, ManifestParameter

__all__ = [
    "EffectiveParameter",
    "EngineTarget",
    "ModelFacts",
    "ParameterSchema",
    "facts_from_details",
    "facts_from_header",
    "schema_for",
    "schema_json",
]

THIS_FILE = "this file"
MODEL_PARAMETERS = "the model's own parameters"
MANIFEST = "your manifest"
GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class EffectiveParameter:
    """One parameter as it holds here. `default` is what the engine uses when it is unset; None where that is no
    fixed value (`default_source` then says what decides). `recommended` pairs a use, or a source, with values.
    `written` is the name the user's manifest gives it, else the id. `note` is worth showing beside it.
    """

    spec: ParameterSpec
    minimum: float | None
    maximum: float | None
    step: float | None
    default: ParameterValue | None
    range_source: str
    default_source: str
    recommended: tuple[tuple[str, str], ...]
    supported: bool
    unsupported_why: str
    ladder: tuple[int, ...] = ()
    special: Mapping[str, str] = field(default_factory=dict)
    written: str = ""
    note: str = ""

    def allows(self, value: ParameterValue) -> bool:
        """Whether a value is one of the options, a special one, or within the range."""
        if format_value(self.spec, value) in self.special:
            return True
        if self.spec.options:
            return format_value(self.spec, value) in self.spec.options
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)


class ParameterSchema(Mapping[str, EffectiveParameter]):
    """Every parameter by id, in the order of the groups."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Mapping[str, EffectiveParameter]) -> None:
        self._rows = dict(rows)

    def __getitem__(self, key: str) -> EffectiveParameter:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def groups(self) -> list[tuple[Group, str, tuple[EffectiveParameter, ...]]]:
        """The groups in order: id, title, parameters."""
        members: dict[str, list[EffectiveParameter]] = {group: [] for group in group_titles()}
        for row in self._rows.values():
            members[row.spec.group].append(row)
        titles = group_titles()
        return [(rows[0].spec.group, titles[group], tuple(rows)) for group, rows in members.items() if rows]

    def defaults(self) -> dict[str, ParameterValue | None]:
        """What holds for each parameter that is not set."""
        return {parameter_id: row.default for parameter_id, row in self._rows.items()}


def schema_for(facts: ModelFacts, target: EngineTarget, manifest: ManifestEntry | None = None) -> ParameterSchema:
    """The parameters for a model on a server.

    Ranges come from the user's manifest, then the GGUF, then Ollama's own params, then the family, then the data.
    Defaults are what the server will really use; the manifest may name another.
    """
    family = _family(facts)
    written = manifest.parameters if manifest is not None else {}
    rows: dict[str, EffectiveParameter] = {}
    for known in all_specs().values():
        entry = written.get(known.id)
        row = _effective(known, facts, target, family)
        rows[known.id] = _with_manifest(row, entry) if entry is not None else row
    for parameter_id, entry in written.items():
        if parameter_id not in rows:
            rows[parameter_id] = _new_parameter(parameter_id, entry)
    order = {group: index for index, group in enumerate(group_titles())}
    return ParameterSchema(dict(sorted(rows.items(), key=lambda item: order[item[1].spec.group])))


def schema_json(schema: ParameterSchema, model_name: str) -> dict[str, object]:
    """The schema as `aether params --json` prints it; the first five fields of a parameter are seed 003's."""
    return {
        "success": True,
        "model_name": model_name,
        "generation_schema": {row.written or key: _row_json(row) for key, row in schema.items()},
    }


def _row_json(row: EffectiveParameter) -> dict[str, object]:
    spec = row.spec
    optional: dict[str, object] = {
        "min": row.minimum,
        "max": row.maximum,
        "options": list(spec.options),
        "step": row.step,
        "special": dict(row.special),
        "recommended": dict(row.recommended),
        "conflicts": [{"other": conflict.other, "why": conflict.why} for conflict in spec.conflicts],
        "why": row.unsupported_why,
        "note": row.note,
        "retired": spec.retired,
        "replaced_by": spec.replaced_by,
    }
    return {
        "type": spec.type,
        "default": row.default,
        **{key: value for key, value in list(optional.items())[:2] if value is not None},
        "desc": spec.effect,
        **{key: value for key, value in list(optional.items())[2:] if value not in (None, "", [], {})},
        "id": spec.id,
        "group": spec.group,
        "scope": spec.scope,
        "help": spec.help,
        "names": dict(spec.names),
        "supported": row.supported,
        "range_source": row.range_source,
        "default_source": row.default_source,
        "source": spec.source,
    }


def _effective(
    spec: ParameterSpec, facts: ModelFacts, target: EngineTarget, family: Family | None
) -> EffectiveParameter:
    minimum, maximum, range_source = _range(spec, facts, family)
    default, default_source = _default(spec, facts, target)
    why = unsupported_why(spec, target)
    return EffectiveParameter(
        spec=spec,
        minimum=minimum,
        maximum=maximum,
        step=spec.step,
        default=default,
        range_source=range_source,
        default_source=default_source,
        recommended=_recommended(spec, facts, target, family, minimum, maximum),
        supported=not why,
        unsupported_why=why,
        ladder=_ladder(spec.ladder, minimum, maximum),
        special=special_words(spec, target),
        written=spec.id,
        note=note(spec, target) if not why else "",
    )


def _range(spec: ParameterSpec, facts: ModelFacts, family: Family | None) -> tuple[float | None, float | None, str]:
    low, high, source = spec.minimum, spec.maximum, GENERIC
    if family is not None and (given := family.ranges.get(spec.id)):
        low, high, source = given[0], given[1], family.source_words
    if spec.id == "num_ctx" and facts.context_length_tokens:
        high, source = float(facts.context_length_tokens), THIS_FILE if facts.from_gguf else "the model"
        low = min(low or 0, high)
    if spec.id == "num_gpu" and facts.block_count:
        high, source = float(facts.block_count + 1), THIS_FILE if facts.from_gguf else "the model"
    # A value that comes with the model is right for it, so the range must hold it.
    for values, words in ((facts.engine_parameters, MODEL_PARAMETERS), (facts.sampling, THIS_FILE)):
        own = values.get(spec.id)
        if isinstance(own, bool) or not isinstance(own, int | float) or format_value(spec, own) in spec.special:
            continue
        if low is not None and own < low:
            low, source = own, words
        if high is not None and own > high:
            high, source = own, words
    return low, high, source


def _default(spec: ParameterSpec, facts: ModelFacts, target: EngineTarget) -> tuple[ParameterValue | None, str]:
    """Ollama puts the model's params above the file's sampling values, which it reads since 0.33.3
    (server/routes.go, modelOptions); llama.cpp knows only the file's."""
    if target.kind is EngineKind.OLLAMA and spec.id in facts.engine_parameters:
        return facts.engine_parameters[spec.id], MODEL_PARAMETERS
    if spec.id in facts.sampling and _reads_file_sampling(target):
        return facts.sampling[spec.id], THIS_FILE
    if spec.id == "num_ctx" and target.kind is EngineKind.LLAMACPP:
        if facts.context_length_tokens:
            return facts.context_length_tokens, THIS_FILE if facts.from_gguf else "the model"
    return engine_default(spec, target)


def _reads_file_sampling(target: EngineTarget) -> bool:
    if target.kind is EngineKind.OLLAMA:
        return features(target.version).gguf_sampling
    return target.kind in (EngineKind.LLAMACPP, EngineKind.EMBEDDED)


def _recommended(
    spec: ParameterSpec,
    facts: ModelFacts,
    target: EngineTarget,
    family: Family | None,
    minimum: float | None,
    maximum: float | None,
) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    if spec.id in facts.sampling and not _reads_file_sampling(target):
        pairs.append((THIS_FILE, format_value(spec, facts.sampling[spec.id])))
    if family is not None and (advice := family.advice(spec.id)):
        pairs.append((family.source_words, advice))
    for use, text in spec.recommended.items():
        if within := _within(text, minimum, maximum):
            pairs.append((use, within))
    return tuple(pairs)


def _within(text: str, minimum: float | None, maximum: float | None) -> str:
    """Advice such as 0.9-1.2, cut to the range; "" when none of it is left."""
    first, dash, last = text.partition("-")
    try:
        low, high = float(first), float(last) if dash else float(first)
    except ValueError:
        return text
    if (maximum is not None and low > maximum) or (minimum is not None and high < minimum):
        return ""
    if maximum is not None and high > maximum:
        return f"{first}-{maximum:g}" if low < maximum else f"{maximum:g}"
    return text


def _ladder(stops: tuple[int, ...], minimum: float | None, maximum: float | None) -> tuple[int, ...]:
    """The stops within the range; its upper end is always one."""
    if not stops or maximum is None:
        return stops
    inside = [stop for stop in stops if (minimum is None or stop >= minimum) and stop <= maximum]
    if not inside or inside[-1] != int(maximum):
        inside.append(int(maximum))
    return tuple(inside)


def _with_manifest(row: EffectiveParameter, entry: ManifestParameter) -> EffectiveParameter:
    spec = row.spec
    if entry.description or entry.options:
        spec = replace(spec, effect=entry.description or spec.effect, options=entry.options or spec.options)
    minimum = row.minimum if entry.minimum is None else entry.minimum
    maximum = row.maximum if entry.maximum is None else entry.maximum
    has_range = entry.minimum is not None or entry.maximum is not None
    return replace(
        row,
        spec=spec,
        minimum=minimum,
        maximum=maximum,
        range_source=MANIFEST if has_range else row.range_source,
        default=row.default if entry.default is None else entry.default,
        default_source=row.default_source if entry.default is None else MANIFEST,
        ladder=_ladder(spec.ladder, minimum, maximum),
        written=entry.name,
    )


def _new_parameter(parameter_id: str, entry: ManifestParameter) -> EffectiveParameter:
    """A parameter that only the manifest knows: sent under the name written there."""
    spec = ParameterSpec(
        id=parameter_id,
        type=entry.type,
        group=entry.group or "generation",
        scope=entry.scope or "request",
        effect=entry.description or "Added by your manifest",
        help=entry.description or "Added by your manifest. It is sent to the server under this name.",
        source=MANIFEST,
        minimum=entry.minimum,
        maximum=entry.maximum,
        step=_step(entry),
        options=entry.options,
    )
    return EffectiveParameter(
        spec=spec,
        minimum=entry.minimum,
        maximum=entry.maximum,
        step=spec.step,
        default=entry.default,
        range_source=MANIFEST,
        default_source=MANIFEST if entry.default is not None else "",
        recommended=(),
        supported=True,
        unsupported_why="",
        written=entry.name,
    )


def _step(entry: ManifestParameter) -> float | None:
    if entry.type == "int":
        return 1
    if entry.type != "float":
        return None
    span = (entry.maximum if entry.maximum is not None else 1) - (entry.minimum if entry.minimum is not None else 0)
    return 0.05 if span >= 1 else 0.01


def _family(facts: ModelFacts) -> Family | None:
    if not (facts.name or facts.architecture or facts.metadata):
        return None
    from aether_tui.core.families import family_of

    return family_of(facts.name, facts.architecture, facts.metadata)
