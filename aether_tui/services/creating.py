"""Turning a Modelfile into a model on an Ollama server, or into an alias for llama.cpp."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from aether_tui.core.aliases import alias_from_document, document_from_alias
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import ModelDetails, Progress
from aether_tui.core.kinds import EngineKind
from aether_tui.core.messages import ParameterValue
from aether_tui.core.modelfile.check import Problem
from aether_tui.core.modelfile.document import Modelfile
from aether_tui.core.modelfile.installed import document_from_details
from aether_tui.core.modelfile.request import ModelfileRequest, create_request
from aether_tui.core.names import check_model_name
from aether_tui.core.parameters import find, parse_value
from aether_tui.core.schema import EngineTarget
from aether_tui.engines.ollama import OllamaEngine
from aether_tui.engines.ollama_create import CreateRequest, FileHash
from aether_tui.files import user_path
from aether_tui.services.aliases import AliasStore, check_new_name
from aether_tui.services.disk_files import DiskFiles
from aether_tui.services.gguf_files import DEMO, read_sound_gguf, resolve_gguf
from aether_tui.services.hosts import HostService
from aether_tui.services.versions import VersionStore


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a create request is made of before anything is uploaded."""

    request: CreateRequest
    weights: list[Path]
    adapters: list[Path]
    drafts: list[Path]
    warnings: Sequence[str]


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
    ) -> AsyncGenerator[Progress, None]:
        """Create `name`; relative paths are taken from `base`. What is in `removed` must not be inherited.

        Raises AetherError; progress tells each step as the server does.
        """
        _refuse_errors(problems)
        steps = (
            self._create_model(document, name, base, removed)
            if target.kind is EngineKind.OLLAMA
            else self._write_alias(document, name, base)
        )
        async with aclosing(steps):
            async for progress in steps:
                yield progress

    async def _write_alias(self, document: Modelfile, name: str, base: Path) -> AsyncGenerator[Progress, None]:
        check_new_name(name)
        alias = alias_from_document(document, name, await self._servable(document.get("FROM") or "", base))
        if alias.adapter:
            alias = replace(alias, adapter=str((base / user_path(alias.adapter)).absolute()))
        earlier = await asyncio.to_thread(self._aliases.get, name)
        if earlier is not None:
            await asyncio.to_thread(self._versions.keep, name, document_from_alias(earlier).to_bytes())
        await asyncio.to_thread(self._versions.keep, name, document.to_bytes())
        file = await asyncio.to_thread(self._aliases.save, alias)
        yield Progress(f"alias written to {file}")

    async def _servable(self, model: str, base: Path) -> str:
        """FROM as an alias holds it: a name that the server has, a reference, or a whole path. Raises AetherError."""
        if self._hosts.current.kind is not EngineKind.EMBEDDED and await self._is_served(model):
            return model
        path = await asyncio.to_thread(resolve_gguf, model, base)
        await asyncio.to_thread(read_sound_gguf, path)
        # Only a path depends on the folder; demo and hf: mean the same everywhere.
        return str(path) if model != DEMO and path == base / user_path(model) else model

    async def _is_served(self, model: str) -> bool:
        try:
            await self._hosts.engine().details(model)
        except AetherError as error:
            if error.code is not ErrorCode.MODEL_NOT_FOUND:
                raise
            return False
        return True

    async def _create_model(
        self, document: Modelfile, name: str, base: Path, removed: Sequence[str]
    ) -> AsyncGenerator[Progress, None]:
        check_model_name(name)
        engine = self._hosts.engine()
        if not isinstance(engine, OllamaEngine):
            raise AetherError(
                ErrorCode.NOT_SUPPORTED,
                f"{engine.address} is no Ollama server",
                "Switch to the host that this was opened on, or open it again",
            )
        await self._keep_installed(engine, name)
        plan = await self._plan(engine, document, name, base, removed)
        for text in plan.warnings:
            yield Progress(text)
        digests: dict[Path, str] = {}
        for path in (*plan.weights, *plan.adapters, *plan.drafts):
            steps = _send(engine, path, digests)
            async with aclosing(steps):
                async for progress in steps:
                    yield progress
        request = replace(
            plan.request,
            files={**plan.request.files, **_named(digests, plan.weights)},
            adapters={**plan.request.adapters, **_named(digests, plan.adapters)},
            draft_files={**plan.request.draft_files, **_named(digests, plan.drafts)},
        )
        making = engine.create(request)
        async with aclosing(making):
            async for progress in making:
                yield progress
        try:
            await asyncio.to_thread(self._versions.keep, name, document.to_bytes())
        except AetherError as error:
            yield Progress(f"made, but its Modelfile is not kept: {error.message}")

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
        asked = await asyncio.to_thread(_asked, document, base, engine.version)
        request = CreateRequest(
            model=name,
            from_=asked.from_model,
            # As written: what the Modelfile parser would drop survives on this way.
            template=document.get("TEMPLATE") or "",
            system=document.get("SYSTEM") or "",
            licenses=document.all("LICENSE"),
            parameters=asked.parameters,
            messages=tuple(document.messages),
            renderer=asked.renderer,
            parser=asked.parser,
            requires=asked.requires,
        )
        weights, adapters, drafts = (_paths(texts) for texts in (asked.files, asked.adapters, asked.draft_files))
        await asyncio.to_thread(_refuse_broken, [*weights, *adapters, *drafts])
        warnings = list(asked.warnings)
        if removed and asked.from_model and not weights:
            details = await engine.details(asked.from_model)
            inherited = [subject for subject in removed if _has(details, subject)]
            if inherited and details.weights_digests:
                request = _on_weights(request, details, set(removed))
            elif inherited:
                warnings.append(f"{', '.join(inherited)} can't be taken out: {asked.from_model} is no GGUF model")
        return _Plan(request, weights, adapters, drafts, warnings)


async def _send(engine: OllamaEngine, path: Path, digests: dict[Path, str]) -> AsyncGenerator[Progress, None]:
    """Hash a file and upload it where the server lacks it; its digest is noted."""
    hashing = FileHash(path)
    async with aclosing(aiter(hashing)) as steps:
        async for progress in steps:
            yield progress
    digests[path] = hashing.digest
    async with aclosing(engine.upload_blob(path, hashing.digest)) as steps:
        async for progress in steps:
            yield progress


def _refuse_errors(problems: Sequence[Problem]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        first = errors[0]
        where = f"Line {first.line}: " if first.line else ""
        raise AetherError(
            ErrorCode.MODELFILE_HAS_ERRORS,
            f"{where}{first.reason}",
            first.remedy,
            {"line": first.line, "errors": len(errors)},
        )


def _asked(document: Modelfile, base: Path, version: str) -> ModelfileRequest:
    """What the document asks for, with our own references to files turned into paths. Raises AetherError."""
    model = document.get("FROM") or ""
    if model == DEMO or model.startswith("hf:"):
        document = document.with_instruction("FROM", str(resolve_gguf(model, base)))
    return create_request(document, DiskFiles(base), str(base), version)


def _paths(texts: Sequence[str]) -> list[Path]:
    return [Path(text) for text in texts]


def _named(digests: Mapping[Path, str], paths: Sequence[Path]) -> dict[str, str]:
    """Digests by the names that the server is told: relative to the folder that holds all the files."""
    if not paths:
        return {}
    root = os.path.commonpath([path.parent for path in paths])
    return {path.relative_to(root).as_posix(): digests[path] for path in paths}


def _refuse_broken(paths: Sequence[Path]) -> None:
    """Refuse GGUF files that are cut or damaged: 0.24 would make a model of them that can't be loaded."""
    for path in paths:
        if path.suffix == ".gguf":
            read_sound_gguf(path)


def _on_weights(request: CreateRequest, base: ModelDetails, gone: set[str]) -> CreateRequest:
    """The request built on the base's weights instead of its name, without what is in `gone`.

    A create with `from` takes over every layer, and an empty value clears none (Ollama's /api/create).
    """
    return replace(
        request,
        from_="",
        files={f"model-{index}.gguf": digest for index, digest in enumerate(base.weights_digests, 1)},
        adapters={f"adapter-{index}.gguf": digest for index, digest in enumerate(base.adapter_digests, 1)}
        if "ADAPTER" not in gone
        else {},
        draft_files={f"draft-{index}.gguf": digest for index, digest in enumerate(base.draft_digests, 1)},
        template=request.template or ("" if "TEMPLATE" in gone else base.template),
        system=request.system or ("" if "SYSTEM" in gone else base.system),
        licenses=(*_kept_licenses(base, gone), *request.licenses),
        messages=request.messages or (() if "MESSAGE" in gone else tuple(base.messages)),
        renderer=request.renderer or ("" if "RENDERER" in gone else base.renderer),
        parser=request.parser or ("" if "PARSER" in gone else base.parser),
        requires=request.requires or ("" if "REQUIRES" in gone else base.requires),
        parameters={**_kept_parameters(base, gone), **request.parameters},
    )


def _kept_licenses(base: ModelDetails, gone: set[str]) -> tuple[str, ...]:
    return (base.license,) if base.license and "LICENSE" not in gone else ()


def _has(base: ModelDetails, subject: str) -> bool:
    parts = {
        "SYSTEM": base.system,
        "TEMPLATE": base.template,
        "LICENSE": base.license,
        "MESSAGE": base.messages,
        "ADAPTER": base.adapter_digests,
        "RENDERER": base.renderer,
        "PARSER": base.parser,
        "REQUIRES": base.requires,
    }
    if subject in parts:
        return bool(parts[subject])
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
