"""Turning a Modelfile into a model on an Ollama server, or into an alias for llama.cpp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aether_tui.core.aliases import alias_from_document
from aether_tui.core.chat import ParameterValue
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind, ModelDetails, Progress
from aether_tui.core.modelfile.check import Problem
from aether_tui.core.modelfile.document import Modelfile
from aether_tui.core.modelfile.installed import document_from_details
from aether_tui.core.names import check_model_name
from aether_tui.core.parameters import engine_name, find, parse_value
from aether_tui.core.schema import EngineTarget
from aether_tui.engines.ollama import OllamaEngine
from aether_tui.engines.ollama_create import CreateRequest, FileHash
from aether_tui.services.aliases import AliasStore
from aether_tui.services.gguf_files import DEMO, read_gguf, resolve_gguf
from aether_tui.services.hosts import HostService
from aether_tui.services.versions import VersionStore


@dataclass(slots=True)
class _Plan:
    """What a create request is made of before anything is uploaded."""

    request: CreateRequest
    weights: list[Path] = field(default_factory=list)
    adapters: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


class CreateService:
    """Creates models and aliases; the earlier version is kept, and a failure leaves the old one as it was."""

    def __init__(self, hosts: HostService, aliases: AliasStore, versions: VersionStore) -> None:
        self._hosts = hosts
        self._aliases = aliases
        self._versions = versions

    async def create(
        self,
        document: Modelfile,
        name: str,
        target: EngineTarget,
        *,
        base: Path,
        removed: Sequence[str] = (),
        problems: Sequence[Problem] = (),
    ) -> AsyncIterator[Progress]:
        """Create `name`; relative paths are taken from `base`. What is in `removed` must not be inherited.

        Raises AetherError; progress tells each step as the server does.
        """
        _refuse_errors(problems)
        steps = (
            self._create_model(document, name, base, removed)
            if target.kind is EngineKind.OLLAMA
            else self._write_alias(document, name, base)
        )
        async for progress in steps:
            yield progress

    async def _write_alias(self, document: Modelfile, name: str, base: Path) -> AsyncIterator[Progress]:
        model = document.get("FROM") or ""
        path = await asyncio.to_thread(resolve_gguf, model, base)
        written = DEMO if model == DEMO else model if not path.is_relative_to(base) else str(path)
        alias = alias_from_document(document, name, written)
        if alias.adapter:
            alias = replace(alias, adapter=str((base / Path(alias.adapter).expanduser()).absolute()))
        await asyncio.to_thread(self._versions.keep, name, document.to_bytes())
        file = await asyncio.to_thread(self._aliases.save, alias)
        yield Progress(f"alias written to {file}")

    async def _create_model(
        self, document: Modelfile, name: str, base: Path, removed: Sequence[str]
    ) -> AsyncIterator[Progress]:
        check_model_name(name)
        engine = self._hosts.engine()
        if not isinstance(engine, OllamaEngine):
            raise AetherError(
                ErrorCode.NOT_SUPPORTED, f"{engine.address} is no Ollama server", "switch the host with :"
            )
        await self._keep_installed(engine, name)
        plan = await self._plan(engine, document, name, base, removed)
        for text in plan.left_out:
            yield Progress(text)
        digests: dict[Path, str] = {}
        for path in (*plan.weights, *plan.adapters):
            hashing = FileHash(path)
            async for progress in hashing:
                yield progress
            digests[path] = hashing.digest
            async for progress in engine.upload_blob(path, hashing.digest):
                yield progress
        files = {**plan.request.files, **{path.name: digests[path] for path in plan.weights}}
        adapters = {**plan.request.adapters, **{path.name: digests[path] for path in plan.adapters}}
        async for progress in engine.create(replace(plan.request, files=files, adapters=adapters)):
            yield progress
        await asyncio.to_thread(self._versions.keep, name, document.to_bytes())

    async def _keep_installed(self, engine: OllamaEngine, name: str) -> None:
        """Keep what is installed under that name, so that it can be had back."""
        try:
            details = await engine.details(name)
        except AetherError as error:
            if error.code is ErrorCode.MODEL_NOT_FOUND:
                return
            raise
        await asyncio.to_thread(self._versions.keep, name, document_from_details(details, None).to_bytes())

    async def _plan(
        self, engine: OllamaEngine, document: Modelfile, name: str, base: Path, removed: Sequence[str]
    ) -> _Plan:
        parameters, left_out = _typed_parameters(document)
        request = CreateRequest(
            model=name,
            template=document.get("TEMPLATE") or "",
            system=document.get("SYSTEM") or "",
            licenses=document.all("LICENSE"),
            parameters=parameters,
            messages=tuple(document.messages),
            renderer=document.get("RENDERER") or "",
            parser=document.get("PARSER") or "",
            requires=document.get("REQUIRES") or "",
        )
        plan = _Plan(request, left_out=left_out)
        for model in document.all("FROM"):
            path = await asyncio.to_thread(_local_file, model, base)
            if path is None:
                plan.request = replace(plan.request, from_=model)
            else:
                plan.weights.extend(await asyncio.to_thread(_weight_files, path))
        for adapter in document.all("ADAPTER"):
            path = base / Path(adapter).expanduser()
            plan.adapters.extend(await asyncio.to_thread(_weight_files, path))
        if removed and plan.request.from_ and not plan.weights:
            plan.request = await _without_inheritance(engine, plan.request, removed)
        return plan


def _refuse_errors(problems: Sequence[Problem]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        first = errors[0]
        where = f"line {first.line}: " if first.line else ""
        raise AetherError(
            ErrorCode.MODELFILE_HAS_ERRORS,
            f"{where}{first.reason}",
            first.remedy,
            {"line": first.line, "errors": len(errors)},
        )


def _typed_parameters(document: Modelfile) -> tuple[dict[str, ParameterValue], list[str]]:
    """Parameters under Ollama's names with values of their type, and a sentence for each that is left out."""
    parameters: dict[str, ParameterValue] = {}
    left_out: list[str] = []
    for written, values in document.parameters.items():
        spec = find(written)
        name = engine_name(spec.id, "ollama") if spec is not None else None
        if spec is None or name is None:
            left_out.append(f"{written} is left out: Ollama does not take it")
        elif spec.retired:
            left_out.append(f"{written} is left out: {spec.retired}")
        else:
            parameters[name] = tuple(values) if spec.type == "list" else parse_value(spec, values[-1])
    return parameters, left_out


def _local_file(model: str, base: Path) -> Path | None:
    """The file that FROM means; None where it is a model name (Ollama's rule: what exists is a file)."""
    if model == DEMO or model.startswith("hf:"):
        return resolve_gguf(model, base)
    try:
        path = base / Path(model).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):
        return None


def _weight_files(path: Path) -> list[Path]:
    """The file itself, or the files of a folder that Ollama takes."""
    if not path.exists():
        raise AetherError(ErrorCode.FILE_NOT_FOUND, f"{path} does not exist", "check the path", {"path": str(path)})
    if path.is_file():
        _refuse_broken(path)
        return [path]
    for pattern in ("*.safetensors", "*.gguf"):
        if weights := sorted(path.glob(pattern)):
            return [*weights, *sorted(path.glob("*.json")), *sorted(path.glob("tokenizer.model"))]
    raise AetherError(
        ErrorCode.FILE_NOT_FOUND, f"{path} holds no safetensors or GGUF files", "name a file or another folder"
    )


def _refuse_broken(path: Path) -> None:
    """Refuse a GGUF file that is cut or damaged: 0.24 would make a model of it that can't be loaded."""
    if path.suffix != ".gguf":
        return
    header = read_gguf(path)
    if header.problems:
        raise AetherError(
            ErrorCode.GGUF_INVALID, f"{path}: {header.problems[0]}", "fetch or make the file again", {"path": str(path)}
        )
    if not header.tensors:
        raise AetherError(ErrorCode.GGUF_INVALID, f"{path} holds no tensors", "choose a file with weights")


async def _without_inheritance(engine: OllamaEngine, request: CreateRequest, removed: Sequence[str]) -> CreateRequest:
    """Build on the base's weights instead of its name where it has what must go.

    A create with `from` takes over every layer, and an empty value clears none (Ollama's /api/create).
    """
    base = await engine.details(request.from_)
    if not base.weights_digests or not any(_has(base, subject) for subject in removed):
        return request
    gone = set(removed)
    return replace(
        request,
        from_="",
        files={f"model-{index}.gguf": digest for index, digest in enumerate(base.weights_digests, 1)},
        adapters={f"adapter-{index}.gguf": digest for index, digest in enumerate(base.adapter_digests, 1)}
        if "ADAPTER" not in gone
        else {},
        template=request.template or ("" if "TEMPLATE" in gone else base.template),
        system=request.system or ("" if "SYSTEM" in gone else base.system),
        licenses=request.licenses or (() if "LICENSE" in gone else tuple(filter(None, [base.license]))),
        messages=request.messages or (() if "MESSAGE" in gone else tuple(base.messages)),
        renderer=request.renderer or ("" if "RENDERER" in gone else base.renderer),
        parser=request.parser or ("" if "PARSER" in gone else base.parser),
        parameters={**_kept_parameters(base, gone), **request.parameters},
    )


def _has(base: ModelDetails, subject: str) -> bool:
    texts = {"SYSTEM": base.system, "TEMPLATE": base.template, "LICENSE": base.license, "MESSAGE": base.messages}
    if subject in texts:
        return bool(texts[subject])
    if subject == "ADAPTER":
        return bool(base.adapter_digests)
    return any(_id(name) == subject for name in base.parameters)


def _kept_parameters(base: ModelDetails, gone: set[str]) -> dict[str, ParameterValue]:
    kept: dict[str, ParameterValue] = {}
    for name, value in base.parameters.items():
        spec = find(name)
        if _id(name) in gone:
            continue
        typed = value if isinstance(value, tuple) or spec is None else parse_value(spec, str(value))
        kept[name] = typed
    return kept


def _id(name: str) -> str:
    spec = find(name)
    return spec.id if spec is not None else name
