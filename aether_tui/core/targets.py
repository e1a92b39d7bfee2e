"""What a server of a kind and version makes of a parameter: whether it takes it, and what it does unasked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aether_tui.core.kinds import EngineKind
from aether_tui.core.messages import ParameterValue
from aether_tui.core.parameters import ParameterSpec, all_specs
from aether_tui.core.servers import needs, version_in

_ENGINE_KEYS: Mapping[EngineKind, tuple[str, ...]] = {
    EngineKind.OLLAMA: ("ollama",),
    EngineKind.LLAMACPP: ("llamacpp",),
    EngineKind.EMBEDDED: ("embedded", "llamacpp"),
    EngineKind.OPENAI: ("openai",),
}
_ENGINE_WORDS: Mapping[EngineKind, str] = {
    EngineKind.OLLAMA: "Ollama",
    EngineKind.LLAMACPP: "llama-server",
    EngineKind.EMBEDDED: "the embedded engine",
    EngineKind.OPENAI: "an OpenAI-compatible server",
}


@dataclass(frozen=True, slots=True)
class EngineTarget:
    """The server that a configuration is for. `version` is Ollama's; "" means the newest known."""

    kind: EngineKind
    version: str = ""


def engine_default(spec: ParameterSpec, target: EngineTarget) -> tuple[ParameterValue | None, str]:
    """The value the server uses when nobody sets one, and its source; None where it is no fixed value."""
    engine = _ENGINE_WORDS[target.kind]
    for key in _ENGINE_KEYS[target.kind]:
        for name, value in spec.defaults.items():
            if name.startswith(key) and name != key and version_in(target.version, name[len(key) :]):
                return value, f"{engine} {target.version}".strip()
        if key in spec.defaults:
            return spec.defaults[key], engine
        if key in spec.default_words:
            return None, spec.default_words[key]
    return None, ""


def unsupported_why(spec: ParameterSpec, target: EngineTarget) -> str:
    """Why a server does not take a parameter; "" when it does."""
    engine, key = _ENGINE_WORDS[target.kind], _name_key(spec, target)
    if key in spec.names:
        wanted = spec.versions.get(key, "")
        if version_in(target.version, wanted):
            return ""
        why = spec.retired if wanted.startswith("<") and spec.retired else f"needs {needs(wanted, engine)}"
        why = f"not in this server ({target.version}): {why}" if target.version else why
    elif spec.retired and not (set(spec.names) & {"llamacpp", "openai"}):
        why = spec.retired
    elif target.kind is EngineKind.EMBEDDED and "llamacpp" in spec.names:
        why = "the embedded engine can't be given it; a llama-server of your own can"
    else:
        why = f"{engine} has no such parameter"
    return f"{why}; use {spec.replaced_by}" if _replacement_is_here(spec, target) else why


def _replacement_is_here(spec: ParameterSpec, target: EngineTarget) -> bool:
    other = all_specs().get(spec.replaced_by)
    if other is None:
        return False
    key = _name_key(other, target)
    return key in other.names and version_in(target.version, other.versions.get(key, ""))


def _name_key(spec: ParameterSpec, target: EngineTarget) -> str:
    """Whose name counts: the embedded engine is loaded in its own way, and asked in llama-server's."""
    keys = _ENGINE_KEYS[target.kind]
    return keys[0] if spec.scope == "load" else keys[-1]


def note(spec: ParameterSpec, target: EngineTarget) -> str:
    """What is worth saying beside a parameter that the server takes."""
    if target.kind is EngineKind.LLAMACPP and spec.scope == "load":
        return f"holds from the next start of llama-server, as {spec.names.get('llamacpp_flag', spec.id)}"
    return ""


def special_words(spec: ParameterSpec, target: EngineTarget) -> Mapping[str, str]:
    """The values that have a word of their own on this server, as text, with the word."""
    words = dict(spec.special)
    for name, special in spec.special_by_engine.items():
        for key in _ENGINE_KEYS[target.kind]:
            if name.startswith(key) and version_in(target.version, name[len(key) :]):
                words.update(special)
    return words
