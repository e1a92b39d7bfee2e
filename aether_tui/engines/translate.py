"""Our parameter ids into what each engine calls them; what an engine has no word for is told, not lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aether_tui.core.chat import ParameterValue
from aether_tui.core.parameters import ParameterSpec, find

EngineNames = Literal["ollama", "llamacpp", "openai"]


@dataclass(slots=True)
class Translated:
    """`request`: what goes into the call, by the engine's names. `load`: what needs a load, by our ids.

    `untaken`: the names, as they were given, of what the engine has no setting for.
    """

    request: dict[str, object] = field(default_factory=dict)
    load: dict[str, ParameterValue] = field(default_factory=dict)
    untaken: tuple[str, ...] = ()


def translate(parameters: Mapping[str, ParameterValue], engine: EngineNames, version: str = "") -> Translated:
    """Sort and rename parameters for an engine; `version` "" is the newest known.

    A name that no engine is known to have goes into the call as it is: it comes from the user's manifest.
    """
    result = Translated()
    untaken = []
    for name, value in parameters.items():
        spec = find(name, engine)
        word = spec.names.get(engine) if spec else name
        if word is None or (spec and not _has(spec, engine, version)):
            untaken.append(name)
        elif spec and spec.scope == "load" and engine != "ollama":
            result.load[spec.id] = value
        else:
            result.request[word] = list(value) if isinstance(value, tuple) else value
    result.untaken = tuple(untaken)
    return result


def untaken_note(names: tuple[str, ...]) -> str:
    """What the command log says of parameters left out."""
    return f"not sent, this engine has no such setting: {', '.join(names)}" if names else ""


def _has(spec: ParameterSpec, engine: str, version: str) -> bool:
    wanted = spec.versions.get(engine)
    return wanted is None or version_holds(version, wanted)


def version_holds(version: str, wanted: str) -> bool:
    """Whether a version meets a bound such as `<0.7` or `>=0.30`; "" is newer than any bound."""
    sign = "<" if wanted.startswith("<") else ">="
    bound = version_numbers(wanted.removeprefix(sign))
    older = bool(version) and version_numbers(version) < bound
    return older if sign == "<" else not older


def version_numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version for comparing: "0.34.1-rc2" is (0, 34, 1)."""
    numbers = []
    for part in version.lstrip("v").split("-")[0].split("+")[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)
