"""What stands under the parameter list: the help of the selected row, in lines by role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aether_tui.core.modelfile.check import Problem
from aether_tui.core.schema import EffectiveParameter
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
from aether_tui.widgets.text import wrap

Line = list[tuple[str, str]]
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
    advice = _recommended_words(parameter)
    if advice:
        text = _text_lines(f"{about} {advice}", width, "text") if height > 3 else text
    problems = _problem_lines(source.problems(), spec.id, width)
    if spec.retired:
        replacement = f" Use {spec.replaced_by}." if spec.replaced_by else ""
        problems = problems or [[("▲ ", "warning"), (f"{spec.retired}.{replacement}", "text")]]
    elif not parameter.supported:
        problems = problems or [[("▲ ", "warning"), (parameter.unsupported_why, "text")]]
    if parameter.note and not problems:
        problems = [[(line, "muted")] for line in wrap(parameter.note, width)]
    problems = problems or _conflict_lines(parameter)
    return _fitted(text, problems, facts_line(source, parameter, width), height)


def _recommended_words(parameter: EffectiveParameter) -> str:
    parts = [f"{use} {value}" for use, value in parameter.recommended]
    if not parts:
        return ""
    sentence = ", ".join(parts)
    return sentence[:1].upper() + sentence[1:] + "."


def _conflict_lines(parameter: EffectiveParameter) -> list[Line]:
    """The first conflict that has no condition to be met, as a hint."""
    for conflict in parameter.spec.conflicts[:1]:
        return [[(f"with {conflict.other}: ", "muted"), (conflict.why, "muted")]]
    return []


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
    """Default, range, when it takes effect, and where the value comes from."""
    spec = parameter.spec
    line: Line = _default_words(parameter)
    span = range_words(parameter, "…", "≤", "≥", 20)
    if span:
        line += [("   " if line else "", "muted"), (span, "muted")]
        line += [(f" ({parameter.range_source})", "muted")] if parameter.range_source else []
    if spec.options:
        line += [("   " if line else "", "muted"), (" ".join(spec.options), "muted")]
    when = "   reloads the model" if spec.scope == "load" else "   sent with each request"
    line.append((when, "muted"))
    line.append((f"   {_came_from(source, spec.id)}", "muted"))
    return line


def _default_words(parameter: EffectiveParameter) -> Line:
    if parameter.default is None:
        return [("default ", "muted"), (parameter.default_source, "text")] if parameter.default_source else []
    shown = default_words(parameter)
    word = special_word(parameter, parameter.default)
    line: Line = [("default ", "muted"), (shown, "text")]
    if word and word != shown:
        line.append((f" {word}", "muted"))
    if parameter.default_source:
        line.append((f" ({parameter.default_source})", "muted"))
    return line


def _came_from(source: ParameterSource, identifier: str) -> str:
    if not source.is_set(identifier):
        return "not set"
    return "set by you" if identifier in source.changed_subjects() else "set in what was opened"


def _text_lines(text: str, width: int, role: str) -> list[Line]:
    return [[(line, role)] for line in wrap(text, width)] if text else []


def _fitted(text: list[Line], problems: list[Line], facts: Line, height: int) -> list[Line]:
    """The text is cut first; a problem and the facts stay."""
    last = [facts] if facts else []
    problems = problems[: max(1, height - len(last) - 1)] if problems else []
    room = max(0, height - len(problems) - len(last))
    if len(text) > room and room:
        text = [*text[: room - 1], [(text[room - 1][0][0].rstrip(" .,;") + " … ? more", text[room - 1][0][1])]]
    shown = [*text[:room], *problems]
    shown += [[]] * (height - len(shown) - len(last))
    return [*shown, *last]
