"""What stands under the parameter list: the help of the selected row, in lines by role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aether_tui.core.modelfile.check import Problem
from aether_tui.core.schema import GENERIC, MANIFEST, MODEL_PARAMETERS, THIS_FILE, EffectiveParameter
from aether_tui.data import load_json
from aether_tui.widgets.parameter_rows import (
    ParameterSource,
    Row,
    default_words,
    group_summary,
    range_words,
    server_words,
    special_word,
)
from aether_tui.widgets.text import fit, wrap

Line = list[tuple[str, str]]
TELLING_SOURCES = (MANIFEST, MODEL_PARAMETERS, THIS_FILE, "the model")
"""Sources of a default that are worth a word: that the server has one is nothing new."""
SEVERITY_ROLES = {"error": "error", "warning": "warning", "note": "muted"}


def instruction(keyword: str) -> dict[str, Any]:
    """Title, help and hint of an instruction."""
    found: dict[str, Any] = load_json("instructions.json")["instructions"].get(keyword, {})
    return found


def help_lines(source: ParameterSource, row: Row, width: int, height: int) -> list[Line]:
    """At most `height` lines on a row; its facts stand on the last one."""
    if row.kind in ("parameter", "item", "add"):
        parameter = source.schema.get(row.identifier)
        return _parameter_lines(source, parameter, width, height) if parameter else []
    problems = _problem_lines(source.problems(), row.key, width)
    if row.kind == "group":
        text = _group_text(source, row.key)
    elif row.kind == "more":
        text = f"These are not in {server_words(source.target)}: it would refuse or ignore them. enter shows them."
    else:
        text = str(instruction(row.key).get("help", ""))
    return _fitted([*_text_lines(text, width, "text")], problems, [], height)


def _group_text(source: ParameterSource, group: str) -> str:
    for name, _, parameters in source.schema.groups():
        if name == group:
            names = ", ".join(p.spec.id for p in parameters if p.supported) or "nothing this server takes"
            return f"{group_summary(source, parameters)}: {names}. enter or → opens, ← closes."
    return ""


def _parameter_lines(source: ParameterSource, parameter: EffectiveParameter, width: int, height: int) -> list[Line]:
    spec = parameter.spec
    about = spec.help if spec.help.startswith(spec.effect.rstrip(".")) else f"{spec.effect.rstrip('.')}. {spec.help}"
    text = _text_lines(about, width, "text")
    problems = _problem_lines(source.problems(), spec.id, width)
    if spec.retired:
        replacement = f"; use {spec.replaced_by}" if spec.replaced_by else ""
        problems = problems or [[("▲ ", "warning"), (f"{spec.retired}{replacement}", "text")]]
    elif not parameter.supported:
        problems = problems or [[("▲ ", "warning"), (parameter.unsupported_why, "text")]]
    hints = [] if problems else _hint_lines(parameter, width)
    facts = facts_line(source, parameter, width)
    if height <= 3:
        hints = hints[:1] if len(text) == 1 else []
    return _fitted(text, problems or hints, facts, height)


def _hint_lines(parameter: EffectiveParameter, width: int) -> list[Line]:
    """What is recommended, then what is worth knowing, or the first conflict."""
    lines: list[Line] = []
    if advice := _recommended_words(parameter):
        lines.append([(fit(advice, width), "muted")])
    if parameter.note:
        lines.append([(fit(parameter.note, width), "muted")])
    elif parameter.spec.conflicts:
        conflict = parameter.spec.conflicts[0]
        lines.append([(fit(f"with {conflict.other}: {conflict.why}", width), "muted")])
    return lines


def _recommended_words(parameter: EffectiveParameter) -> str:
    """`chat 0.6-0.8, code 0.1-0.3`; advice of the model's own card comes first."""
    return ", ".join(f"{use} {value}" for use, value in parameter.recommended)


def _problem_lines(problems: Sequence[Problem], subject: str, width: int) -> list[Line]:
    lines: list[Line] = []
    for problem in problems:
        if problem.subject == subject:
            mark = {"error": "✗ ", "warning": "▲ "}.get(problem.severity, "  ")
            role = SEVERITY_ROLES[problem.severity]
            remedy = f": {problem.remedy}" if problem.remedy else ""
            for number, text in enumerate(wrap(f"{problem.reason}{remedy}", width - 2)):
                lines.append([(mark if not number else "  ", role), (text, "text")])
    return lines


def facts_line(source: ParameterSource, parameter: EffectiveParameter, width: int) -> Line:
    """Default, range, when it takes effect, where the value comes from; what does not fit is left out."""
    spec = parameter.spec
    items: list[Line] = [_default_words(parameter)]
    span = range_words(parameter, "…", "≤", "≥", 20)
    if span:
        # Said once where the default comes from the same place.
        given = parameter.range_source if parameter.range_source not in (GENERIC, parameter.default_source) else ""
        items.append([(span, "muted"), (f" ({given})" if given else "", "muted")])
    if source.is_set(spec.id):
        items.append([("set by you" if spec.id in source.changed_subjects() else "as opened", "accent")])
    items.append([("reloads the model" if spec.scope == "load" else "sent with each request", "muted")])
    if spec.options:
        items.append([(" ".join(spec.options), "muted")])
    line: Line = []
    used = 0
    for item in items:
        length = sum(len(text) for text, _ in item)
        gap = 3 if line else 0
        if length and used + gap + length <= width:
            line += [(" " * gap, "muted"), *item]
            used += gap + length
    return line


def _default_words(parameter: EffectiveParameter) -> Line:
    if parameter.default is None:
        return [("default ", "muted"), (parameter.default_source, "text")] if parameter.default_source else []
    shown = default_words(parameter)
    word = special_word(parameter, parameter.default)
    line: Line = [("default ", "muted"), (shown, "text")]
    if word and word != shown:
        line.append((f" {word}", "muted"))
    if parameter.default_source in TELLING_SOURCES:
        line.append((f" ({parameter.default_source})", "muted"))
    return line


def _text_lines(text: str, width: int, role: str) -> list[Line]:
    return [[(line, role)] for line in wrap(text, width)] if text else []


def _fitted(text: list[Line], problems: list[Line], facts: Line, height: int) -> list[Line]:
    """The text is cut first; a problem and the facts stay."""
    last = [facts] if facts else []
    problems = problems[: max(0, height - len(last) - 1)]
    room = max(0, height - len(problems) - len(last))
    if len(text) > room and room:
        cut, role = text[room - 1][0]
        text = [*text[: room - 1], [(cut.rstrip(" .,;") + " …", role)]]
    shown = [*text[:room], *problems]
    shown += [[]] * (height - len(shown) - len(last))
    return [*shown, *last]


def topic_lines(source: ParameterSource, row: Row) -> list[Sequence[tuple[str, str]]]:
    """Everything on a row, for the help page: the whole text, advice, conflicts, names elsewhere, the source."""
    parameter = source.schema.get(row.identifier) if row.kind in ("parameter", "item", "add") else None
    if parameter is None:
        text = _group_text(source, row.key) if row.kind == "group" else str(instruction(row.key).get("help", ""))
        return [[(row.title, "bold accent")], [("  ", "muted"), (text, "text")]]
    spec = parameter.spec
    lines: list[Sequence[tuple[str, str]]] = [
        [(spec.id, "bold accent"), (f"  {spec.effect}", "muted")],
        [("  ", "muted"), (spec.help, "text")],
        [],
        [("  ", "muted"), *facts_line(source, parameter, 200)],
    ]
    lines += [[(f"  {use:<14} ", "muted"), (value, "number")] for use, value in parameter.recommended]
    lines += [
        [("  means          ", "muted"), (f"{value}: {word}", "text")] for value, word in parameter.special.items()
    ]
    for conflict in spec.conflicts:
        lines.append([(f"  with {conflict.other:<9} ", "warning"), (conflict.why, "text")])
    for words in (parameter.note, spec.retired, parameter.unsupported_why):
        if words:
            lines.append([("  note           ", "muted"), (words, "text")])
    names = ", ".join(f"{engine} {name}" for engine, name in spec.names.items())
    lines += [[("  called         ", "muted"), (names, "text")]] if names else []
    lines.append([("  documented at  ", "muted"), (spec.source, "keyword")])
    return lines
