"""Opening, keeping and saving what the Editor edits."""

from __future__ import annotations

import asyncio
import glob
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.kinds import EngineKind
from aether_tui.core.modelfile.document import Modelfile, new_document, parse
from aether_tui.core.schema import EngineTarget, ModelFacts, facts_from_header, schema_for
from aether_tui.files import read_whole, refuse_special, user_path, write_whole
from aether_tui.services.editing import EditSession, Origin
from aether_tui.services.gguf_files import DEMO, names_a_file, read_sound_gguf, resolve_gguf

if TYPE_CHECKING:
    from aether_tui.core.inventory import ModelDetails, Progress
    from aether_tui.services.aliases import AliasStore
    from aether_tui.services.creating import CreateService
    from aether_tui.services.drafts import Draft, DraftStore
    from aether_tui.services.hosts import HostService
    from aether_tui.services.models import ModelService

EXISTS_TTL_S = 2.0


class EditorService:
    """Makes EditSessions and carries them to disk and to the server."""

    def __init__(
        self,
        hosts: HostService,
        models: ModelService,
        aliases: Callable[[], AliasStore],
        drafts: Callable[[], DraftStore],
        creating: Callable[[], CreateService],
    ) -> None:
        self._hosts = hosts
        self._models = models
        self._aliases = aliases
        self._drafts = drafts
        self._creating = creating
        self._drafting = asyncio.Lock()
        # Host and model, for servers whose models are no files of ours.
        self._served: set[tuple[str, str]] = set()

    # Opening

    def open_blank(self, model: str = DEMO) -> EditSession:
        """A new Modelfile. Touches neither disk nor network, so that the first frame can show it."""
        target = self._hosts.target()
        # The demonstration model is of no family: no need to look.
        facts = ModelFacts(name="" if model == DEMO else model)
        return EditSession(
            new_document(model),
            facts=facts,
            target=target,
            schema=schema_for(facts, target),
            exists=self._exists_from(Path.cwd()),
        )

    async def open_model(self, name: str) -> EditSession:
        """An installed model, written as a Modelfile. Raises AetherError."""
        if self._hosts.current.kind is not EngineKind.OLLAMA:
            kind: Literal["gguf", "model"] = "gguf" if self._hosts.current.kind is EngineKind.EMBEDDED else "model"
            return await self._open_document(new_document(name), Origin(kind, name), name=_short_name(name))
        from aether_tui.core.modelfile.installed import document_from_details

        details = await self._models.details(name)
        base = await self._parent(details)
        document = document_from_details(details, base)
        session = await self._open_document(document, Origin("model", name), name=name)
        session.rebase(document, installed=True)
        return session

    async def open_gguf(self, reference: str) -> EditSession:
        """A Modelfile for a GGUF file: a path, hf:repo:QUANT, or demo. Raises AetherError."""
        path = await asyncio.to_thread(resolve_gguf, reference)
        written = reference if reference == DEMO else str(path)
        return await self._open_document(new_document(written), Origin("gguf", written), name=_short_name(written))

    async def open_file(self, path: Path) -> EditSession:
        """An existing Modelfile. Raises AetherError; a file that doesn't parse is left as it is."""
        path = user_path(str(path)).absolute()
        document = _parsed(await asyncio.to_thread(read_whole, path), path)
        return await self._open_document(document, Origin("file", str(path)), name=path.stem.lower())

    async def open_alias(self, name: str) -> EditSession:
        """A user alias, written as a Modelfile. Raises AetherError."""
        from aether_tui.core.aliases import document_from_alias

        alias = await asyncio.to_thread(self._aliases().get, name)
        if alias is None:
            raise AetherError(ErrorCode.MODEL_NOT_FOUND, f"There is no alias {name}", "Choose one from the list")
        return await self._open_document(document_from_alias(alias), Origin("alias", name), name=name)

    async def open_draft(self, draft: Draft) -> EditSession:
        """An edit that was not saved. The draft stays until the edit is saved or dropped. Raises AetherError."""
        opened = await self._reopened(draft)
        if opened is None:
            opened = await self._open_document(parse(draft.content), Origin("draft", draft.title), name=draft.title)
            opened.opened = new_document(opened.document.get("FROM") or DEMO)
            opened.baseline = opened.opened
        else:
            opened.set_document(parse(draft.content))
        opened.name = draft.title
        opened.draft_key = draft.key
        return opened

    async def _reopened(self, draft: Draft) -> EditSession | None:
        """What the draft was an edit of; None where that is gone, so that the draft opens all the same."""
        kind, place = draft.origin.get("kind", ""), draft.origin.get("place", "")
        openers: dict[str, Callable[[str], Awaitable[EditSession]]] = {
            "model": self.open_model,
            "gguf": self.open_gguf,
            "alias": self.open_alias,
            "file": lambda where: self.open_file(Path(where)),
        }
        if kind not in openers:
            return None
        try:
            return await openers[kind](place)
        except AetherError:
            return None

    async def open_document(self, document: Modelfile, folder: Path) -> EditSession:
        """A Modelfile that was read elsewhere; relative paths are taken from `folder`. Raises AetherError."""
        return await self._open_document(document, Origin("file", str(folder / "Modelfile")), name="")

    async def refresh(self, session: EditSession) -> None:
        """Learn again what holds for the session's model on the current host. Raises AetherError on a bad manifest."""
        target = self._hosts.target()
        facts = await self.facts_of(session.document, self._base_folder(session.origin))
        session.retarget(target, await self._models.schema(facts, target, strict=False), facts)
        await _checked(session)
        # A manifest that can't be taken is told here, and stands in the way of nothing.
        await asyncio.to_thread(self._models.manifest_entry, facts.name)

    async def facts_of(self, document: Modelfile, base: Path) -> ModelFacts:
        """What is known of the model that a document builds on; its name alone where nothing answers."""
        model = document.get("FROM") or ""
        kind = self._hosts.current.kind
        is_file = names_a_file(model) or await asyncio.to_thread(_exists_from(base), model)
        try:
            if kind is EngineKind.OLLAMA and not is_file:
                return await self._models.facts(model)
            served = await self._served_facts(model)
            return served if served is not None else await asyncio.to_thread(_file_facts, model, base)
        except AetherError:
            return ModelFacts(name=model)

    async def _served_facts(self, model: str) -> ModelFacts | None:
        """What a server other than Ollama says of a model it serves under that name."""
        if self._hosts.current.kind not in (EngineKind.LLAMACPP, EngineKind.OPENAI):
            return None
        try:
            facts = await self._models.facts(model)
        except AetherError:
            return None
        self._served.add((self._hosts.current.name, model))
        return facts

    def _exists_from(self, base: Path) -> Callable[[str], bool]:
        """Whether FROM or ADAPTER names something that is there: on disk, or at the current server."""
        on_disk = _exists_from(base)
        return lambda text: (self._hosts.current.name, text) in self._served or on_disk(text)

    async def _open_document(self, document: Modelfile, origin: Origin, *, name: str) -> EditSession:
        target: EngineTarget = self._hosts.target()
        base = self._base_folder(origin)
        if origin.kind == "gguf":
            await asyncio.to_thread(read_sound_gguf, await asyncio.to_thread(resolve_gguf, origin.place))
        facts = await self.facts_of(document, base)
        schema = await self._models.schema(facts, target, strict=False)
        session = EditSession(
            document,
            facts=facts,
            target=target,
            schema=schema,
            name=name,
            origin=origin,
            baseline=document,
            exists=self._exists_from(base),
        )
        return await _checked(session)

    async def _parent(self, details: ModelDetails) -> ModelDetails | None:
        if not details.parent or details.parent == details.name:
            return None
        try:
            return await self._models.details(details.parent)
        except AetherError:
            return None  # A parent that is not installed any more: the model stands on its own.

    def _base_folder(self, origin: Origin) -> Path:
        return Path(origin.place).parent if origin.kind == "file" else Path.cwd()

    # Keeping

    async def left_behind(self) -> list[Draft]:
        """Edits that another run of the app did not save, newest first."""
        drafts = await asyncio.to_thread(self._drafts().left_behind)
        return [draft for draft in drafts if draft.kind == "modelfile"]

    async def save_draft(self, session: EditSession) -> None:
        """Keep the edit as a draft, or drop the draft when nothing is left to keep. Raises AetherError."""
        from aether_tui.services.drafts import Draft

        # One after the other: a slow write must not bring back a draft that was dropped meanwhile.
        async with self._drafting:
            if not session.is_dirty:
                await self._remove_draft(session)
                return
            session.draft_key = session.draft_key or self._drafts().new_key(session.name)
            draft = Draft(
                key=session.draft_key,
                kind="modelfile",
                title=session.name,
                saved_at_s=time.time(),
                content=session.document.to_bytes(),
                origin={"kind": session.origin.kind, "place": session.origin.place},
            )
            await asyncio.to_thread(self._drafts().save, draft)

    async def _remove_draft(self, session: EditSession) -> None:
        key, session.draft_key = session.draft_key, ""
        if key:
            await asyncio.to_thread(self._drafts().remove, key)

    async def save_file(self, session: EditSession, path: Path, *, replace: bool = False) -> Path:
        """Write the Modelfile to a file. A file that is not the opened one is only replaced when asked to.

        Raises AetherError.
        """
        path = user_path(str(path)).absolute()
        written = session.document
        if not replace:
            await asyncio.to_thread(_refuse_to_replace, path, session)
        await asyncio.to_thread(write_whole, path, written.to_bytes())
        session.moved(Origin("file", str(path)), self._exists_from(path.parent))
        # What was changed while the file was written is not in it, and stays in the draft.
        session.opened = written
        if not session.installed:
            session.baseline = written
        await self.save_draft(session)
        return path

    async def create(self, session: EditSession, name: str) -> AsyncGenerator[Progress, None]:
        """Make the model (Ollama) or the alias (llama.cpp) that the session describes. Raises AetherError."""
        made, target = session.document, session.target
        steps = self._creating().create(
            made,
            name,
            target,
            base=self._base_folder(session.origin),
            removed=session.removed_subjects(),
            problems=session.problems(),
        )
        async with aclosing(steps):
            async for progress in steps:
                yield progress
        session.name = name
        # What was changed while it was made is not in it, and stays in the draft.
        session.rebase(made, installed=target.kind is EngineKind.OLLAMA)
        await self.save_draft(session)


def _refuse_to_replace(path: Path, session: EditSession) -> None:
    """Raise CHANGED_ON_DISK where a save would lose what another program or another Modelfile has there."""
    try:
        if not path.exists():
            return
    except OSError:
        return  # The write itself will say why no file can be called so.
    refuse_special(path)
    own = session.origin.kind == "file" and session.origin.place == str(path)
    if not own:
        raise AetherError(
            ErrorCode.CHANGED_ON_DISK, f"{path} is there already", "Save again to replace it", {"path": str(path)}
        )
    if read_whole(path) != session.opened.to_bytes():
        raise AetherError(
            ErrorCode.CHANGED_ON_DISK,
            f"{path} was changed by another program since it was opened",
            "Save again to replace it, or choose another name",
            {"path": str(path)},
        )


async def _checked(session: EditSession) -> EditSession:
    """The session after its first check: that one compares templates, which takes longer than a frame."""
    await asyncio.to_thread(session.problems)
    return session


def _parsed(data: bytes, path: Path) -> Modelfile:
    """The Modelfile in a file. Raises AetherError that names file and line."""
    try:
        return parse(data)
    except AetherError as error:
        line = error.details.get("true_line")
        where = f"{path.name}, line {line}" if line else path.name
        details = {**error.details, "path": str(path)}
        raise AetherError(error.code, f"{where}: {error.message}", error.remedy, details) from error


def _exists_from(base: Path) -> Callable[[str], bool]:
    """Whether a path of a Modelfile is there; asked of the disk every two seconds at most."""
    seen: dict[str, tuple[float, bool]] = {}

    def exists(text: str) -> bool:
        now_s = time.monotonic()
        kept = seen.get(text)
        if kept is None or now_s - kept[0] > EXISTS_TTL_S:
            kept = seen[text] = (now_s, _is_there(text, base))
        return kept[1]

    return exists


def _is_there(text: str, base: Path) -> bool:
    path = base / user_path(text)
    try:
        if text == DEMO or path.exists() or (glob.has_magic(text) and glob.glob(str(path))):
            return True
        return names_a_file(text) and resolve_gguf(text, base).exists()
    except (AetherError, OSError, ValueError):
        return False  # Not there, or a name that no path can have: too long, a NUL.


def _file_facts(model: str, base: Path) -> ModelFacts:
    """What the header of a model's file says. Blocking. Raises AetherError."""
    from aether_tui.engines.gguf_details import read_gguf

    path = resolve_gguf(model, base)
    if path.is_dir():
        return ModelFacts(name=model)
    return facts_from_header(read_gguf(path), model, str(path))


def _short_name(reference: str) -> str:
    """A model name made of a file name."""
    stem = os.path.basename(reference).removesuffix(".gguf").lower()
    return "".join(char if char.isalnum() or char in "._-" else "-" for char in stem)[:60] or "model"
