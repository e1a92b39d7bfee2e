"""Rules for the list of stops."""

from __future__ import annotations

from collections.abc import Iterator

from aether_tui.core.modelfile.document import Instruction
from aether_tui.core.modelfile.problems import Fix, Inspection, Problem


def empty_or_repeated(inspection: Inspection) -> Iterator[Problem]:
    """A stop says something, and says it once."""
    stops = inspection.document.parameters.get("stop", ())
    seen: set[str] = set()
    for item in _lines(inspection):
        if item.args == "":
            fix = _fix("take it out", tuple(stop for stop in stops if stop))
            # Seen on 0.24.0 and 0.34.1: the empty text is found at once, so the answer is empty.
            yield Problem("warning", item.line, "stop", "An empty stop ends every answer at once", "Take it out", fix)
        elif item.args in seen:
            fix = _fix("take it out once", tuple(dict.fromkeys(stops)))
            yield Problem("note", item.line, "stop", f"The stop {item.args} is there already", "Take it out", fix)
        seen.add(item.args)


def in_template(inspection: Inspection) -> Iterator[Problem]:
    """The template has the stop already, so the model ends there without it."""
    facts = inspection.facts
    template = inspection.document.get("TEMPLATE") or facts.template or facts.chat_template
    stops = inspection.document.parameters.get("stop", ())
    for item in _lines(inspection) if template else ():
        if item.args.strip() and item.args in template:
            reason = f"The template has {item.args} already, where the model as a rule ends by itself"
            remedy = "Take it out unless answers run on without it"
            fix = _fix(f"take {item.args} out", tuple(stop for stop in stops if stop != item.args))
            yield Problem("note", item.line, "stop", reason, remedy, fix)


def base_keeps(inspection: Inspection) -> Iterator[Problem]:
    """Stops of the file replace those of the base, all at once."""
    base = inspection.facts.engine_parameters.get("stop", ())
    lines = _lines(inspection)
    if not lines or not isinstance(base, tuple) or not inspection.is_ollama or inspection.from_is_file:
        return
    stops = inspection.document.parameters["stop"]
    lost = tuple(stop for stop in base if stop not in stops)
    if lost:
        reason = f"stop replaces all stops of the base, so {', '.join(lost)} no longer stops it"
        fix = _fix(f"add {', '.join(lost)}", (*stops, *lost))
        yield Problem("note", lines[0].line, "stop", reason, "Add what is still wanted", fix)


def quoted_by_hand(inspection: Inspection) -> Iterator[Problem]:
    """Single and curly quotes are part of a value; they were probably meant as quotes."""
    stops = inspection.document.parameters.get("stop", ())
    for item in _lines(inspection):
        text = item.args
        if len(text) > 2 and (text[0], text[-1]) in (("'", "'"), ("“", "”"), ("‘", "’"), ("„", "“"), ("«", "»")):
            reason = f"The quotes of {text} are part of the stop, as Ollama knows double quotes only"
            fix = _fix("take the quotes off", tuple(stop[1:-1] if stop == text else stop for stop in stops))
            yield Problem("warning", item.line, "stop", reason, 'Write it without them, or between "', fix)


def _lines(inspection: Inspection) -> list[Instruction]:
    return [setting.instruction for setting in inspection.parameters if setting.instruction.name == "stop"]


def _fix(label: str, stops: tuple[str, ...]) -> Fix:
    return Fix(label, "stop", stops or None)


RULES = (empty_or_repeated, in_template, base_keeps, quoted_by_hand)
