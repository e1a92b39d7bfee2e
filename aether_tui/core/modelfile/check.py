"""Checks a Modelfile against a server, its version and a model: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from aether_tui.core.modelfile import (
    check_files,
    check_instructions,
    check_parameters,
    check_stops,
    check_template,
)
from aether_tui.core.modelfile import (
    check_text as check_characters,
)
from aether_tui.core.modelfile.document import Modelfile, parse
from aether_tui.core.modelfile.errors import ModelfileError
from aether_tui.core.modelfile.problems import Fix, Inspection, Problem, Severity, apply_fix

if TYPE_CHECKING:
    from aether_tui.core.facts import ModelFacts
    from aether_tui.core.schema import EngineTarget, ParameterSchema

__all__ = ["Fix", "Problem", "Severity", "apply_fix", "check", "check_text"]

Rule = Callable[[Inspection], Iterator[Problem]]
RULES: tuple[Rule, ...] = (
    *check_files.RULES,
    *check_instructions.RULES,
    *check_parameters.RULES,
    *check_stops.RULES,
    *check_template.RULES,
    *check_characters.RULES,
)
_RANK = {"error": 0, "warning": 1, "note": 2}


def check(
    document: Modelfile,
    target: EngineTarget,
    schema: ParameterSchema,
    facts: ModelFacts,
    exists: Callable[[str], bool],
) -> list[Problem]:
    """What is wrong with a document, errors first, then in file order."""
    inspection = Inspection(document, target, schema, facts, exists)
    problems = [problem for rule in RULES for problem in rule(inspection)]
    return sorted(problems, key=lambda problem: (_RANK[problem.severity], problem.line or 0))


def check_text(
    data: bytes | str,
    target: EngineTarget,
    schema: ParameterSchema,
    facts: ModelFacts,
    exists: Callable[[str], bool],
) -> list[Problem]:
    """As `check`, of a file that may not parse: that is its one error then."""
    try:
        document = parse(data)
    except ModelfileError as error:
        return [Problem("error", error.true_line, "", error.message, error.remedy)]
    return check(document, target, schema, facts, exists)
