"""Our parameter ids into what each engine calls them; what an engine has no word for is told, not lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aether_tui.core.chat import ParameterValue
from aether_tui.core.inventory import EngineKind
from aether_tui.core.parameters import find
from aether_tui.core.targets import EngineTarget, unsupported_why

_REQUEST_NAMES = {EngineKind.OLLAMA: "ollama", EngineKind.OPENAI: "openai"}


@dataclass(slots=True)
class Translated:
    """`request`: what goes into the call, by the engine's names. `load`: what needs a load, by our ids.

    `untaken`: the names, as they were given, of what the engine has no setting for.
    """

    request: dict[str, object] = field(default_factory=dict)
    load: dict[str, ParameterValue] = field(default_factory=dict)
    untaken: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """What a server that is already running leaves out: load parameters too."""
        return (*self.untaken, *self.load)


def translate(parameters: Mapping[str, ParameterValue], target: EngineTarget) -> Translated:
    """Sort and rename parameters for an engine.

    A name that no engine is known to have goes into the call as it is: it comes from the user's manifest.
    """
    result = Translated()
    untaken = []
    names = _REQUEST_NAMES.get(target.kind, "llamacpp")
    for name, value in parameters.items():
        spec = find(name, names)
        if spec and unsupported_why(spec, target):
            untaken.append(name)
        elif spec and spec.scope == "load" and target.kind is not EngineKind.OLLAMA:
            result.load[spec.id] = value
        else:
            word = spec.names[names] if spec else name
            result.request[word] = list(value) if isinstance(value, tuple) else value
    result.untaken = tuple(untaken)
    return result


def untaken_note(names: tuple[str, ...]) -> str:
    """What the command log says of parameters left out."""
    return f"not sent, this engine has no such setting: {', '.join(names)}" if names else ""
