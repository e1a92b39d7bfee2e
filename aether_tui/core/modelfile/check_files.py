"""Rules for what a Modelfile is made from: FROM, ADAPTER and DRAFT."""

from __future__ import annotations

from collections.abc import Iterator

from aether_tui.core.kinds import EngineKind
from aether_tui.core.modelfile.document import Instruction
from aether_tui.core.modelfile.problems import Inspection, Problem, looks_like_path
from aether_tui.core.names import is_valid_name
from aether_tui.core.servers import feature_remedy

_DEMO = "demo"
_HUB = ("hf:", "hf.co/", "huggingface.co/")


def source(inspection: Inspection) -> Iterator[Problem]:
    """FROM names a file that is there, or a model."""
    for instruction in inspection.by_keyword.get("FROM", ()):
        value = instruction.written
        if value == "":
            yield _problem(instruction, "FROM names no model", "Write a model name or the path of a GGUF file")
        elif value != _DEMO and not inspection.exists(value):
            if looks_like_path(value):
                yield _problem(
                    instruction,
                    f"There is no file {value}",
                    "Correct the path; Ollama would take it for a model's name and try to download it"
                    if inspection.is_ollama
                    else "Correct the path",
                )
            else:
                yield from _name(inspection, instruction)


def _name(inspection: Inspection, instruction: Instruction) -> Iterator[Problem]:
    """FROM as the name of a model."""
    value, kind = instruction.written, inspection.target.kind
    if inspection.is_ollama and not is_valid_name(value):
        remedy = "Write [host/][namespace/]model[:tag], or the path of a file that is there"
        if " #" in value:
            remedy = "Put the comment on a line of its own: behind a value it is part of it"
        yield _problem(instruction, f'"{value}" is neither a file nor a model name', remedy)
    elif kind in (EngineKind.EMBEDDED, EngineKind.LLAMACPP) and not value.startswith(_HUB):
        yield Problem(
            "error" if kind is EngineKind.EMBEDDED else "warning",
            instruction.line,
            "FROM",
            f"{inspection.server} needs a GGUF file, and there is none called {value}",
            "Give a path, hf:ORG/REPO:QUANT, or demo; or switch to an Ollama host",
        )


def repeated_source(inspection: Inspection) -> Iterator[Problem]:
    """Of several FROMs files are put together, of names only the last one counts."""
    instructions = inspection.by_keyword.get("FROM", [])
    if len(instructions) > 1:
        names = [item for item in instructions if not looks_like_path(item.written)]
        names = [item for item in names if not inspection.exists(item.written)]
        for item in names[:-1]:
            yield Problem(
                "warning",
                item.line,
                "FROM",
                f"FROM {item.written} is replaced by the FROM on line {names[-1].line}",
                "Take one of them out; several FROMs are for the files of one model",
            )


def adapter(inspection: Inspection) -> Iterator[Problem]:
    """ADAPTER is there, and this server takes it."""
    for item in inspection.by_keyword.get("ADAPTER", ()):
        if inspection.is_ollama and not inspection.features.adapters:
            yield _problem(
                item,
                f"{inspection.server} takes no ADAPTER: LoRA adapters are no longer supported",
                feature_remedy("adapters"),
            )
        elif inspection.target.kind is EngineKind.OPENAI:
            yield Problem(
                "warning", item.line, "ADAPTER", "ADAPTER is not sent to this server", "Load it where the server runs"
            )
        elif item.written == "":
            yield _problem(item, "ADAPTER names no file", "Write the path of a LoRA adapter, or take the line out")
        elif not inspection.exists(item.written):
            yield _problem(item, f"There is no file {item.written}", "Correct the path, or take the line out")


def draft(inspection: Inspection) -> Iterator[Problem]:
    """DRAFT is a file of its own, and this server has draft models."""
    sources = inspection.document.all("FROM")
    for item in inspection.by_keyword.get("DRAFT", ()):
        if not inspection.is_ollama:
            yield Problem("warning", item.line, "DRAFT", f"DRAFT has no effect on {inspection.server}", "Take it out")
            continue
        if not inspection.features.draft:
            yield _problem(item, f"{inspection.server} takes no DRAFT", feature_remedy("draft"))
        if item.written in sources:
            yield _problem(item, "DRAFT names the same file as FROM", "Give a smaller model of the same family")
        elif not inspection.exists(item.written):
            yield _problem(item, f"There is no file {item.written}", "DRAFT takes files only, not model names")


def _problem(instruction: Instruction, reason: str, remedy: str) -> Problem:
    return Problem("error", instruction.line, instruction.keyword, reason, remedy)


RULES = (source, repeated_source, adapter, draft)
