"""Rules for PARAMETER: known here, of the right type, in range, said once, and not fighting each other."""

from __future__ import annotations

from collections.abc import Iterator

from aether_tui.core.errors import AetherError
from aether_tui.core.messages import ParameterValue
from aether_tui.core.modelfile.problems import Fix, Inspection, Problem, Setting, Severity
from aether_tui.core.parameters import (
    ActiveConflict,
    ParameterSpec,
    active_conflicts,
    all_specs,
    format_value,
    parse_value,
)

_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def known(inspection: Inspection) -> Iterator[Problem]:
    """The server has a parameter of this name, in this version."""
    for setting in inspection.parameters:
        item, spec, row = setting.instruction, setting.spec, setting.row
        if item.name == "":
            reason = "Two spaces before the name make Ollama read an empty name"
            yield Problem("error", item.line, "PARAMETER", reason, "Leave one space behind PARAMETER")
        elif spec is None or row is None:
            yield _unknown(inspection, setting)
        elif not row.supported:
            yield _unsupported(inspection, setting)
        elif inspection.is_ollama and spec.names.get("ollama", item.name) != item.name:
            right = spec.names["ollama"]
            reason = f"Ollama calls it {right}, and takes no {item.name}"
            fix = Fix(f"call it {right}", spec.id, None, rename=right)
            yield Problem("error", item.line, spec.id, reason, f"Write {right}", fix)


def _unknown(inspection: Inspection, setting: Setting) -> Problem:
    from difflib import get_close_matches

    item = setting.instruction
    names = [row.written for row in inspection.schema.values() if row.supported]
    close = get_close_matches(item.name.lower(), names, 1, 0.7)
    remedy, fix = "Take the line out", Fix(f"take {item.name} out", item.name, None)
    if close:
        remedy, fix = f"Did you mean {close[0]}", Fix(f"call it {close[0]}", item.name, None, rename=close[0])
    severity: Severity = "error" if inspection.is_ollama else "warning"
    return Problem(severity, item.line, item.name, f"{inspection.server} has no parameter {item.name}", remedy, fix)


def _unsupported(inspection: Inspection, setting: Setting) -> Problem:
    item, spec, row = setting.instruction, setting.spec, setting.row
    assert spec is not None and row is not None
    why = row.unsupported_why
    remedy = "Take the line out"
    if spec.replaced_by:
        why = why.removesuffix(f"; use {spec.replaced_by}")
        remedy = f"Take the line out; use {spec.replaced_by} instead"
    joint = " is " if why.startswith("not in ") else " " if why.startswith("needs ") else ": "
    reason = f"{item.name}{joint}{why}"
    dropped = inspection.is_ollama and item.name in inspection.features.dropped_parameters
    severity: Severity = "warning" if dropped or not inspection.is_ollama else "error"
    return Problem(severity, item.line, spec.id, reason, remedy, Fix(f"take {item.name} out", spec.id, None))


def typed(inspection: Inspection) -> Iterator[Problem]:
    """The value is of the parameter's type."""
    for setting in inspection.parameters:
        if setting.spec is None or setting.row is None or not setting.row.supported:
            continue
        item, spec = setting.instruction, setting.spec
        try:
            parse_value(spec, item.args)
        except AetherError as error:
            mended = _mended(spec, item.args)
            fix = Fix(f"set {mended}", spec.id, (mended,)) if mended else None
            remedy = error.remedy
            if mended and " #" in item.args:
                remedy = "Put the comment on a line of its own: behind a value it is part of it"
            yield Problem("error", item.line, spec.id, error.message, remedy, fix)


def _mended(spec: ParameterSpec, text: str) -> str:
    """What `text` was probably meant to be; "" where there is no telling."""
    plain = text.partition(" #")[0].strip().strip("\"'").strip()
    lowered = plain.lower()
    candidates = [plain, lowered, _WORDS.get(lowered, ""), plain.replace(",", "."), plain.replace("_", "")]
    if spec.type == "int":
        number, factor = (lowered[:-1], 1024) if lowered.endswith("k") else (lowered, 1)
        try:
            value = float(number) * factor
        except ValueError:
            value = 0.5
        if value.is_integer():
            candidates.append(str(int(value)))
    for candidate in candidates:
        try:
            parse_value(spec, candidate)
        except AetherError:
            continue
        return candidate
    return ""


def in_range(inspection: Inspection) -> Iterator[Problem]:
    """The value that counts lies within what holds for this model."""
    for setting in {setting.subject: setting for setting in inspection.parameters}.values():
        value = _value(setting)
        row = setting.row
        if value is None or row is None or row.allows(value):
            continue
        item = setting.instruction
        if row.spec.options:
            reason = f"{row.spec.id} {item.args} is none of {', '.join(row.spec.options)}"
            yield Problem("warning", item.line, row.spec.id, reason, "Choose one of them")
            continue
        assert isinstance(value, int | float)
        bound = row.minimum if row.minimum is not None and value < row.minimum else row.maximum
        assert bound is not None
        nearest = format_value(row.spec, bound)
        context = inspection.facts.context_length_tokens
        reason = f"{row.spec.id} {item.args} is outside {_range(row.minimum, row.maximum)} ({row.range_source})"
        if row.spec.id == "num_ctx" and context and value > context:
            reason = f"num_ctx {item.args} is more than the {context} tokens that the model was trained on"
            if inspection.is_ollama:
                reason += ", and Ollama cuts it to that"
        yield Problem(
            "warning",
            item.line,
            row.spec.id,
            reason,
            f"Set it to {nearest} or {'more' if bound == row.minimum else 'less'}",
            Fix(f"set {nearest}", row.spec.id, (nearest,)),
        )


def _range(minimum: float | None, maximum: float | None) -> str:
    if maximum is None:
        return f"≥ {minimum:g}"
    return f"≤ {maximum:g}" if minimum is None else f"{minimum:g}…{maximum:g}"


def _value(setting: Setting) -> ParameterValue | None:
    """The value of a line; None where it has none that counts here."""
    if setting.spec is None or setting.row is None or not setting.row.supported:
        return None
    try:
        return parse_value(setting.spec, setting.instruction.args)
    except AetherError:
        return None  # Another rule tells that it has the wrong type.


def said_once(inspection: Inspection) -> Iterator[Problem]:
    """A parameter that is no list stands once, under one name."""
    groups: dict[str, list[Setting]] = {}
    for setting in inspection.parameters:
        if setting.spec is None or setting.spec.type != "list":
            groups.setdefault(setting.subject, []).append(setting)
    for subject, settings in groups.items():
        last = settings[-1].instruction
        for setting in settings[:-1]:
            item = setting.instruction
            reason = f"{item.name} {item.args} is replaced by {last.name} {last.args} on line {last.line}"
            fix = Fix(f"keep {last.args}", subject, (last.args,)) if _value(settings[-1]) is not None else None
            yield Problem("warning", item.line, subject, reason, "Take one of the two out", fix)


def conflicts(inspection: Inspection) -> Iterator[Problem]:
    """Parameters do not fight each other."""
    values: dict[str, ParameterValue] = {}
    lines: dict[str, int] = {}
    for setting in inspection.parameters:
        value = _value(setting)
        if value is not None and setting.subject in all_specs():
            values[setting.subject] = value
            lines[setting.subject] = setting.instruction.line
    if not values:
        return
    defaults = {name: row.default for name, row in inspection.schema.items()}
    for active in active_conflicts(values, defaults):
        row = inspection.schema.get(active.conflict.other)
        if active.conflict.other not in values and (row is None or not row.supported):
            continue
        yield Problem(
            active.conflict.severity,
            lines[active.id],
            active.id,
            f"{active.id} and {active.conflict.other}: {active.conflict.why}",
            f"Change one of them ({active.conflict.when})" if active.conflict.when else "Change one of them",
            _conflict_fix(active, values),
        )


def _conflict_fix(active: ActiveConflict, values: dict[str, ParameterValue]) -> Fix | None:
    """Where one of the two has no effect, that one can go."""
    conflict = active.conflict
    idle = ""
    if conflict.that.startswith(("=", "!=")) and not conflict.this:
        idle = active.id
    elif conflict.this.startswith(("=", "!=")) and not conflict.that:
        idle = conflict.other
    return Fix(f"take {idle} out", idle, None) if idle in values else None


RULES = (known, typed, in_range, said_once, conflicts)
