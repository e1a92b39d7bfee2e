"""Rules for the instructions that name how Ollama builds and reads prompts, and for texts that say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aether_tui.core.modelfile.problems import Fix, Inspection, Problem
from aether_tui.core.servers import needs, version_in
from aether_tui.data import load_json

_NUMBER = r"(?:0|[1-9]\d*)"
_MARK = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
# Compiled at first use: this module is loaded before the first paint.
_VERSION = (
    rf"v?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}(?:-{_MARK}(?:\.{_MARK})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?)?"
)
_SINGLE = ("ADAPTER", "TEMPLATE", "SYSTEM", "RENDERER", "PARSER", "REQUIRES")
_OLLAMA_ONLY = ("RENDERER", "PARSER", "REQUIRES")


def is_version(text: str) -> bool:
    """Whether REQUIRES takes `text`: a semantic version, with or without v."""
    return text.isascii() and re.fullmatch(_VERSION, text) is not None


def known_here(inspection: Inspection) -> Iterator[Problem]:
    """This server's parser knows the instruction."""
    for keyword, instructions in inspection.by_keyword.items():
        first = instructions[0]
        if not inspection.is_ollama:
            if keyword in _OLLAMA_ONLY:
                reason = f"{keyword} has no effect on {inspection.server}"
                yield Problem("note", first.line, keyword, reason, "Keep it if Ollama is to read the file too")
        elif keyword not in inspection.features.instructions:
            reason = f"{inspection.server} does not know {keyword}, so it refuses the file"
            yield Problem("error", first.line, keyword, reason, "Take it out, or use a newer Ollama", _out(keyword))


def requirement(inspection: Inspection) -> Iterator[Problem]:
    """REQUIRES is a version, and this server has it."""
    for item in inspection.by_keyword.get("REQUIRES", ()) if inspection.is_ollama else ():
        if not is_version(item.args):
            reason = f'REQUIRES takes a version, and "{item.args}" is none'
            yield Problem("error", item.line, "REQUIRES", reason, "Write it as 0.14.0")
            continue
        wanted = f">={item.args.removeprefix('v')}"
        if not version_in(inspection.target.version, wanted):
            reason = f"The file asks for {needs(wanted)}, and this is {inspection.server}"
            yield Problem("warning", item.line, "REQUIRES", reason, "Ollama tries all the same; update it")


def prompt_format(inspection: Inspection) -> Iterator[Problem]:
    """RENDERER and PARSER have names that this server has; it looks at them no earlier than at the first chat."""
    for keyword, kind in (("RENDERER", "renderers"), ("PARSER", "parsers")):
        item = inspection.last(keyword) if inspection.is_ollama else None
        if item is None:
            continue
        known = _names(inspection.target.version, kind)
        if item.args not in known:
            reason = f'{inspection.server} has no {kind[:-1]} "{item.args}"; the first chat would fail'
            yield Problem("warning", item.line, keyword, reason, _closest(item.args, known))


def _names(version: str, kind: str) -> list[str]:
    cases = load_json("renderers.json")["versions"]
    names: list[str] = next(case[kind] for case in cases if version_in(version, case["versions"]))
    return names


def _closest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), known, 1, 0.6)
    return f"Did you mean {close[0]}" if close else f"It has {', '.join(known)}"


def said_once(inspection: Inspection) -> Iterator[Problem]:
    """Of an instruction that has one value, the last one counts."""
    for keyword in _SINGLE:
        instructions = inspection.by_keyword.get(keyword, [])
        for item in instructions[:-1]:
            last = instructions[-1]
            reason = f"{keyword} is given again on line {last.line}, and that one counts"
            fix = Fix(f"keep the one on line {last.line}", keyword, (last.written,))
            yield Problem("warning", item.line, keyword, reason, "Take one of the two out", fix)


def empty_texts(inspection: Inspection) -> Iterator[Problem]:
    """An empty SYSTEM or TEMPLATE does not clear what the base brings; an empty MESSAGE says nothing."""
    for keyword in ("SYSTEM", "TEMPLATE"):
        item = inspection.last(keyword)
        if item is not None and item.args == "" and inspection.is_ollama:
            reason = f"An empty {keyword} does not clear the one of the base, which stays in force"
            remedy = "Write another one, or create from the model's GGUF file, which brings none"
            if inspection.from_is_file:
                reason, remedy = f"An empty {keyword} does nothing", "Take it out"
            yield Problem("warning", item.line, keyword, reason, remedy, _out(keyword))
    for item in inspection.by_keyword.get("MESSAGE", ()):
        if item.args.strip() == "":
            reason = f"The {item.name} message is empty"
            yield Problem("warning", item.line, "MESSAGE", reason, "Write its text, or take the line out")


def _out(keyword: str) -> Fix:
    return Fix(f"take {keyword} out", keyword, None)


RULES = (known_here, requirement, prompt_format, said_once, empty_texts)
