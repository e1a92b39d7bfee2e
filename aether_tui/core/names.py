"""Model names as Ollama reads them: `[scheme://][host/][namespace/]model[:tag]`; and file names for aliases."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from aether_tui.core.errors import AetherError, ErrorCode

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"

# A part that a separator promised and that is not there; no valid part has a "!".
_MISSING = "!MISSING!"
# Patterns are compiled at first use: this module is loaded before the first paint.
_PARTS = {
    "host": r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}",
    "namespace": r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}",
    "model": r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}",
    "tag": r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}",
}
_UNSAFE = r"[^A-Za-z0-9._-]"


@dataclass(frozen=True, slots=True)
class ModelName:
    """The parts of a model name, "" where the text had none; valid only if all of them are there and well formed."""

    model: str
    namespace: str = ""
    host: str = ""
    tag: str = ""
    scheme: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether every part is there and may be called so."""
        return all(is_valid_part(kind, getattr(self, kind)) for kind in _PARTS)

    @property
    def display(self) -> str:
        """The shortest name that means the same; the tag always shows."""
        name = f"{self.model}:{self.tag}"
        if self.host.lower() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{name}"
        return name if self.namespace.lower() == DEFAULT_NAMESPACE else f"{self.namespace}/{name}"

    @property
    def manifest_path(self) -> str:
        """Where the model's manifest lies under `manifests/` in Ollama's store; raises NAME_INVALID."""
        if not self.is_valid:
            raise _invalid(str(self))
        return f"{self.host}/{self.namespace}/{self.model}/{self.tag}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Equal for names that Ollama takes for the same model; it does not mind their case."""
        return self.host.lower(), self.namespace.lower(), self.model.lower(), self.tag.lower()

    def __str__(self) -> str:
        name = f"{self.model}:{self.tag}" if self.tag else self.model
        return "/".join(part for part in (self.host, self.namespace, name) if part)


def is_valid_part(kind: str, text: str) -> bool:
    """Whether `text` may be a name's host, namespace, model or tag."""
    return re.fullmatch(_PARTS[kind], text) is not None


def parse_bare(text: str) -> ModelName:
    """The parts that `text` names, without the defaults; not checked."""
    tag = ""
    if text.rfind(":") > text.rfind("/"):
        text, tag = _cut_last(text, ":")
    if "/" not in text:
        return ModelName(text, tag=tag)
    text, model = _cut_last(text, "/")
    if "/" not in text:
        return ModelName(model, text, tag=tag)
    text, namespace = _cut_last(text, "/")
    scheme, found, host = text.partition("://")
    return ModelName(model, namespace, host if found else text, tag, scheme if found else "")


def parse_name(text: str) -> ModelName:
    """The name that `text` means, defaults filled in; raises NAME_INVALID."""
    name = _with_defaults(parse_bare(text))
    if not name.is_valid:
        raise _invalid(text)
    return name


def is_valid_name(text: str) -> bool:
    """Whether Ollama takes `text` for a model's name."""
    return _with_defaults(parse_bare(text)).is_valid


def check_model_name(text: str) -> None:
    """Raise NAME_INVALID where Ollama would not take `text` for a model's name."""
    parse_name(text)


def same_model(one: str, other: str) -> bool:
    """Whether two names mean one model; names that are not valid mean none."""
    return is_valid_name(one) and is_valid_name(other) and parse_name(one).key == parse_name(other).key


def alias_file_name(name: str) -> str:
    """The name of an alias's file, without its ending: what a path may not hold becomes `--`."""
    safe = re.sub(_UNSAFE, "--", name)
    # Nothing but dots would be a folder, or hidden.
    return safe if safe.strip(".") else "--" * max(1, len(safe))


def _with_defaults(name: ModelName) -> ModelName:
    return replace(
        name,
        host=name.host or DEFAULT_HOST,
        namespace=name.namespace or DEFAULT_NAMESPACE,
        tag=name.tag or DEFAULT_TAG,
        scheme=name.scheme or "https",
    )


def _cut_last(text: str, separator: str) -> tuple[str, str]:
    before, _, after = text.rpartition(separator)
    return before or _MISSING, after or _MISSING


def _invalid(text: str) -> AetherError:
    return AetherError(
        ErrorCode.NAME_INVALID,
        f'"{text}" is not a model name',
        "Write [host/][namespace/]model[:tag] with letters, digits, '-', '_' and '.', each part at most 80 long",
        {"name": text},
    )
