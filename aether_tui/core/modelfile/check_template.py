"""Rules for TEMPLATE: it parses, names what Ollama has, and is there where the server needs one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from aether_tui.core.modelfile.document import Instruction
from aether_tui.core.modelfile.problems import Fix, Inspection, Problem
from aether_tui.core.servers import feature_remedy

if TYPE_CHECKING:
    from aether_tui.core.facts import ModelFacts
    from aether_tui.core.template.presets import TemplatePreset

_SHOWN_FIELDS = 3
_PLACE = re.compile(r"^template: (?::\d+: )?")


def parses(inspection: Inspection) -> Iterator[Problem]:
    """Ollama takes the template."""
    item = inspection.last("TEMPLATE")
    if item is None or item.args == "":
        return
    if not inspection.is_ollama:
        reason = f"{inspection.server} takes no TEMPLATE in Ollama's form; it uses the chat template of the GGUF"
        yield Problem("note", item.line, "TEMPLATE", reason, "Keep it if Ollama is to read the file too")
    from aether_tui.core.template.verdict import check_template

    verdict = check_template(item.args)
    if not verdict.ok:
        reason = f"The template does not parse: {_PLACE.sub('', verdict.message)}"
        remedy = "Correct it, or choose one of the presets"
        line = _line_of(item, verdict.line)
        yield Problem("error" if inspection.is_ollama else "warning", line, "TEMPLATE", reason, remedy)
    elif verdict.unknown_fields:
        shown = ", ".join(verdict.unknown_fields[:_SHOWN_FIELDS])
        shown += ", …" if len(verdict.unknown_fields) > _SHOWN_FIELDS else ""
        reason = f"The template names {shown}, which Ollama has no value for: it prints <no value>"
        first = item.args.partition(verdict.unknown_fields[0])[0]
        line = _line_of(item, first.count("\n") + 1)
        yield Problem("warning", line, "TEMPLATE", reason, "Use .System, .Prompt, .Response or .Messages")


def asks(inspection: Inspection) -> Iterator[Problem]:
    """The template lets the question through."""
    item = inspection.last("TEMPLATE")
    if item is None or item.args == "" or not inspection.is_ollama:
        return
    from aether_tui.core.template.verdict import check_template, parse_template

    if check_template(item.args).ok and not parse_template(item.args).variables & {"prompt", "messages", "suffix"}:
        reason = "The template has neither .Prompt nor .Messages, so the model never sees a question"
        yield Problem("warning", item.line, "TEMPLATE", reason, "Put {{ .Prompt }} where the question belongs")


def used(inspection: Inspection) -> Iterator[Problem]:
    """A server that reads chat templates from files does not prefer the file's own one, unsaid."""
    item = inspection.last("TEMPLATE")
    if item is None or not item.args or not inspection.is_ollama or not inspection.features.jinja_templates:
        return
    if not inspection.facts.chat_template or inspection.last("RENDERER") is not None:
        return
    from aether_tui.core.template.verdict import check_template

    if check_template(item.args).ok and _is_set_aside(inspection.facts.chat_template, item.args):
        reason = f"{inspection.server} sets this TEMPLATE aside: the chat template of the GGUF offers more"
        remedy = "Take it out, or start the server with OLLAMA_GO_TEMPLATE=1"
        yield Problem("warning", item.line, "TEMPLATE", reason, remedy, Fix("take TEMPLATE out", "TEMPLATE", None))


@lru_cache(maxsize=16)
def _is_set_aside(chat_template: str, template: str) -> bool:
    from aether_tui.core.template.capabilities import chat_template_wins
    from aether_tui.core.template.verdict import parse_template

    return chat_template_wins(chat_template, parse_template(template))


def needed(inspection: Inspection) -> Iterator[Problem]:
    """A GGUF on an Ollama that does not read chat templates from files has one here."""
    if not inspection.is_ollama or inspection.features.jinja_templates or inspection.last("TEMPLATE") is not None:
        return
    item = inspection.last("FROM")
    if item is None or not inspection.from_is_file or inspection.last("RENDERER") is not None:
        return
    reason = f"{inspection.server} does not use the chat template of a GGUF, so this model may answer garbage"
    remedy, fix = feature_remedy("jinja_templates"), None
    if found := _preset(inspection.facts.chat_template, *_marks(inspection.facts)):
        remedy = f"Give it the {found.title} template, which renders chats just as the file's own does"
        fix = Fix(f"use the {found.title} template", "TEMPLATE", (found.text,))
    yield Problem("warning", item.line, "TEMPLATE", reason, remedy, fix)


@lru_cache(maxsize=16)
def _preset(chat_template: str, start: str, end: str) -> TemplatePreset | None:
    """The preset that renders chats as a file's own template does; it takes a while to find."""
    if not chat_template:
        return None
    from aether_tui.core.template.detect import matching_preset

    return matching_preset(chat_template, start, end)


def _marks(facts: ModelFacts) -> tuple[str, str]:
    """The texts of the tokens that begin and end a text, where the header shows them."""
    tokens = facts.metadata.get("tokenizer.ggml.tokens")
    known: Sequence[object] = getattr(tokens, "first", ())
    ids = [facts.metadata.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("bos", "eos")]
    start, end = (str(known[id]) if isinstance(id, int) and 0 <= id < len(known) else "" for id in ids)
    return start, end


def _line_of(item: Instruction, line_in_value: int | None) -> int:
    if line_in_value is None:
        return item.line
    return item.line + line_in_value - 1


RULES = (parses, asks, used, needed)
