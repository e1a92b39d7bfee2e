"""What `ollama create` would send for a Modelfile: its client turns the file into a request before the server sees it.

Files are looked at through `Files`, so that this stays free of the disk. Digests are the caller's work.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.messages import Message, ParameterValue, Role
from aether_tui.core.modelfile.check_instructions import is_version
from aether_tui.core.modelfile.document import Instruction, Modelfile
from aether_tui.core.parameters import ParameterSpec, all_specs, parse_value
from aether_tui.core.servers import features, version_in

# The first group that matches makes the model; each with the content type that its files must have ("" for any).
_WEIGHTS = (
    ("model*.safetensors", ""),
    ("consolidated*.safetensors", ""),
    ("pytorch_model*.bin", "application/zip"),
    ("consolidated*.pth", "application/zip"),
    ("*.gguf", "application/octet-stream"),
    ("*.bin", "application/octet-stream"),
)
_TEXT, _BINARY = "text/plain", "application/octet-stream"
_ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


class Files(Protocol):
    """The disk as this module needs it; paths are absolute."""

    folder: str

    def home(self, user: str) -> str | None:
        """A user's home folder, "" for the one who runs this; None where there is no such user."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""

    def listing(self, path: str) -> Sequence[str] | None:
        """Names in a folder and one level below it, relative and sorted; None for a file."""

    def matches(self, pattern: str) -> Sequence[str]:
        """The paths that a pattern with * or ? stands for."""

    def content_type(self, path: str) -> str:
        """The kind of a file by its first 512 bytes, as net/http tells it: text/plain, application/zip, …"""


@dataclass(frozen=True, slots=True)
class ModelfileRequest:
    """The create request, without the new model's name. `files`, `adapters` and `draft_files` are paths."""

    from_model: str = ""
    files: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()
    draft_files: tuple[str, ...] = ()
    template: str = ""
    system: str = ""
    licenses: tuple[str, ...] = ()
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    warnings: tuple[str, ...] = ()


def create_request(
    document: Modelfile, files: Files | None = None, base: str = "", version: str = ""
) -> ModelfileRequest:
    """The request for a document; relative paths are taken from `base`.

    Without `files` no file is there. Raises AetherError where the client would refuse; its `details` have Ollama's
    own words as `ollama_message`.
    """
    last = {item.keyword: item.args for item in document.instructions}
    sources = [(item.args, _paths(item, files, base)) for item in document.instructions if item.keyword == "FROM"]
    names = [name for name, paths in sources if not paths]
    parameters, warnings = format_parameters(document, version)
    return ModelfileRequest(
        from_model=names[-1] if names else "",
        files=_distinct([paths for _, paths in sources]),
        adapters=_needed(document, "ADAPTER", files, base)[-1:],
        draft_files=_needed(document, "DRAFT", files, base),
        template=last.get("TEMPLATE", ""),
        system=last.get("SYSTEM", ""),
        licenses=tuple(item.args for item in document.instructions if item.keyword == "LICENSE"),
        parameters=parameters,
        messages=tuple(
            Message(_ROLES[item.name], item.args) for item in document.instructions if item.keyword == "MESSAGE"
        ),
        renderer=last.get("RENDERER", ""),
        parser=last.get("PARSER", ""),
        requires=_requires(last.get("REQUIRES", "")),
        warnings=warnings,
    )


def format_parameters(document: Modelfile, version: str = "") -> tuple[dict[str, ParameterValue], tuple[str, ...]]:
    """The PARAMETERs with their types, and a warning for each that Ollama leaves out. Raises PARAMETER_INVALID."""
    values: dict[str, ParameterValue] = {}
    warnings = []
    for item in document.instructions:
        if item.keyword != "PARAMETER":
            continue
        if item.name in features(version).dropped_parameters:
            warnings.append(f"parameter {item.name} is deprecated and left out")
            continue
        value = _typed(item, version)
        before = values.get(item.name)
        values[item.name] = (*before, *value) if isinstance(value, tuple) and isinstance(before, tuple) else value
    return values, tuple(warnings)


def _typed(item: Instruction, version: str) -> ParameterValue:
    spec = _ollama_parameter(item.name, version)
    if spec is None:
        raise AetherError(
            ErrorCode.PARAMETER_INVALID,
            f'Ollama has no parameter "{item.name}"',
            "Take the line out",
            {"line": item.line, "ollama_message": f"unknown parameter '{item.name}'"},
        )
    try:
        return parse_value(spec, item.args)
    except AetherError as error:
        words = f"invalid {spec.type} value [{item.args}]"
        if spec.type == "float" and item.args.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            words = f"marshal: json: unsupported value: {item.args}"
        details = {**error.details, "line": item.line, "ollama_message": words}
        raise AetherError(error.code, error.message, error.remedy, details) from error


def _ollama_parameter(name: str, version: str) -> ParameterSpec | None:
    for spec in all_specs().values():
        if spec.names.get("ollama") == name and version_in(version, spec.versions.get("ollama", "")):
            return spec
    return None


def _requires(text: str) -> str:
    if text and not is_version(text):
        raise AetherError(
            ErrorCode.MODELFILE_INVALID,
            f'REQUIRES takes a version, and "{text}" is none',
            "Write it as 0.14.0",
            {"ollama_message": "requires must be a valid semver (e.g. 0.14.0)"},
        )
    return text.removeprefix("v")


def _paths(item: Instruction, files: Files | None, base: str) -> tuple[str, ...]:
    """The files that a value stands for; none where it is no path that is there."""
    if files is None:
        return ()
    pattern = expand_path(item.args, base, files)
    found: list[str] = []
    for path in files.matches(pattern) or [pattern]:
        if not files.exists(path):
            return ()
        names = files.listing(path)
        if names is None:
            found.append(path)
        else:
            found += [f"{path}/{name}" for name in files_for_model(names, _typer(files, path))]
    return tuple(found)


def _typer(files: Files, folder: str) -> Callable[[str], str]:
    return lambda name: files.content_type(f"{folder}/{name}")


def _needed(document: Modelfile, keyword: str, files: Files | None, base: str) -> tuple[str, ...]:
    """The files of ADAPTER or DRAFT, which must be there."""
    found = []
    for item in document.instructions:
        if item.keyword == keyword:
            paths = _paths(item, files, base)
            if not paths:
                raise AetherError(
                    ErrorCode.FILE_NOT_FOUND, f"There is no file {item.args}", "Correct the path", {"line": item.line}
                )
            found.append(paths)
    return _distinct(found)


def _distinct(groups: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for group in groups for path in group))


def expand_path(path: str, base: str, files: Files) -> str:
    """The absolute path that FROM, ADAPTER or DRAFT means. Raises FILE_NOT_FOUND for an unknown user's home."""
    if path.startswith("~"):
        user, _, rest = path[1:].partition("/")
        home = files.home(user)
        if home is None:
            raise AetherError(
                ErrorCode.FILE_NOT_FOUND,
                f'There is no user "{user}"',
                "Write the whole path",
                {"ollama_message": f"failed to find user '{user}': user: unknown user {user}"},
            )
        path = posixpath.join(home, rest)
    elif not path.startswith(("/", "\\")):
        path = posixpath.join(base, path)
    return posixpath.normpath(posixpath.join(files.folder, path))


def files_for_model(names: Sequence[str], content_type: Callable[[str], str]) -> tuple[str, ...]:
    """Which files of a folder make a model: the first kind of weights that is there, then what describes them.

    Raises FILE_NOT_FOUND where there are no weights, BAD_INPUT where a description is no text.
    """
    found: tuple[str, ...] = ()
    for pattern, kind in _WEIGHTS:
        found = _of_type(_glob(names, pattern), kind, content_type)
        if found:
            break
    if not found:
        raise AetherError(
            ErrorCode.FILE_NOT_FOUND,
            "The folder holds no model files",
            "Name a GGUF file, or a folder with model*.safetensors",
            {"ollama_message": "no Modelfile or safetensors files found"},
        )
    if found[0].startswith("model") and found[0].endswith(".safetensors"):
        found += _glob(names, "*/model*.safetensors")
    for pattern in ("*.json", "*/*.json", "chat_template.jinja"):
        found += _texts(_glob(names, pattern), content_type)
    tokenizer = _of_type(_glob(names, "tokenizer.model"), _BINARY, content_type)
    return found + (tokenizer or _of_type(_glob(names, "*/tokenizer.model"), _TEXT, content_type))


def _glob(names: Sequence[str], pattern: str) -> tuple[str, ...]:
    expression = "[^/]*".join(re.escape(part) for part in pattern.split("*"))
    return tuple(sorted(name for name in names if re.fullmatch(expression, name)))


def _of_type(names: tuple[str, ...], kind: str, content_type: Callable[[str], str]) -> tuple[str, ...]:
    """The names if all have that type, else none of them: a Git LFS pointer is no model."""
    return names if not kind or all(content_type(name) == kind for name in names) else ()


def _texts(names: tuple[str, ...], content_type: Callable[[str], str]) -> tuple[str, ...]:
    for name in names:
        if (kind := content_type(name)) != _TEXT:
            raise AetherError(
                ErrorCode.BAD_INPUT,
                f"{name} is no text file",
                "Fetch the file itself, not its Git LFS pointer",
                {"ollama_message": f"invalid content type: expected {kind} for {name}"},
            )
    return names
