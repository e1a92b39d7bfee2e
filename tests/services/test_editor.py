"""The Editor's edits on their way to disk and server: nothing that is typed meanwhile is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.modelfile.document import parse
from aether_tui.services import Services
from aether_tui.services.drafts import Draft
from aether_tui.settings import load_settings


@pytest.fixture
async def made() -> AsyncIterator[Services]:
    """Services on the embedded engine."""
    made = Services(load_settings(), demo=True)
    yield made
    await made.aclose()


def drafts(home: Path) -> list[Path]:
    return list((home / "drafts").glob("*.json"))


async def test_what_is_typed_while_an_alias_is_made_stays_an_unsaved_edit(made: Services, aether_home: Path) -> None:
    edit = made.editor.open_blank()
    edit.set_value("temperature", 0.3)
    async for _ in made.editor.create(edit, "bot"):
        edit.set_value("temperature", 0.9)
    alias = made.aliases.get("bot")
    assert alias is not None and alias.request_params == {"temperature": 0.3}
    assert edit.is_dirty and edit.changed_subjects() == ("temperature",)
    assert len(drafts(aether_home)) == 1


async def test_what_is_typed_while_a_file_is_written_stays_an_unsaved_edit(made: Services, tmp_path: Path) -> None:
    edit = made.editor.open_blank()
    saving = asyncio.create_task(made.editor.save_file(edit, tmp_path / "Modelfile"))
    await asyncio.sleep(0)
    edit.set_value("temperature", 0.9)
    await saving
    assert (tmp_path / "Modelfile").read_text() == "FROM demo\n" and edit.is_dirty


async def test_a_draft_that_is_being_written_does_not_come_back_after_the_save(
    made: Services, aether_home: Path, tmp_path: Path
) -> None:
    edit = made.editor.open_blank()
    edit.set_value("temperature", 0.9)
    await asyncio.gather(made.editor.save_draft(edit), made.editor.save_file(edit, tmp_path / "Modelfile"))
    assert drafts(aether_home) == []


async def test_a_file_that_another_program_changed_is_not_replaced_unasked(made: Services, tmp_path: Path) -> None:
    file = tmp_path / "Modelfile"
    file.write_text("FROM demo\n")
    edit = await made.editor.open_file(file)
    edit.set_value("top_k", 5)
    file.write_text("FROM demo\n# theirs\n")
    with pytest.raises(AetherError) as caught:
        await made.editor.save_file(edit, file)
    assert caught.value.code is ErrorCode.CHANGED_ON_DISK and "theirs" in file.read_text()
    await made.editor.save_file(edit, file, replace=True)
    assert "top_k 5" in file.read_text()


async def test_paths_are_those_of_the_folder_that_a_file_was_saved_to(
    made: Services, tmp_path: Path, demo_gguf: Path
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "model.gguf").write_bytes(demo_gguf.read_bytes())
    edit = made.editor.open_blank("./model.gguf")
    assert [problem.subject for problem in edit.problems()] == ["FROM"]
    await made.editor.save_file(edit, folder / "Modelfile")
    assert edit.problems() == []
    chat = made.new_chat()
    chat.use(edit)
    assert chat.request().model == str(folder / "model.gguf")


async def test_a_draft_of_a_megabyte_and_one_of_a_path_that_is_no_text(made: Services, aether_home: Path) -> None:
    edit = made.editor.open_blank()
    edit.set_instruction("SYSTEM", "ü" * 500_000)
    await made.editor.save_draft(edit)
    (path,) = drafts(aether_home)
    assert path.stat().st_size > 1_000_000
    odd = Draft("odd", "modelfile", "odd", 1.0, b"FROM x\n", {"kind": "file", "place": "/tmp/caf\udce9"})
    made.drafts.save(odd)
    assert "FROM x" in (aether_home / "drafts" / "odd.json").read_text()
    assert made.drafts.left_behind() == [] and made.drafts.unreadable == []


@pytest.mark.parametrize(
    ("parent", "gone"),
    [("FROM bot\n", ("temperature", "TEMPLATE")), ("FROM base\n", ("temperature",))],
)
async def test_without_its_line_a_template_is_that_of_from_again(
    made: Services, parent: str, gone: tuple[str, ...]
) -> None:
    edit = made.editor.open_blank()
    edit.name = "bot"
    edit.set_document(parse(f"{parent}PARAMETER temperature 1\nTEMPLATE x\n"))
    edit.rebase(edit.document, installed=True)
    edit.set_document(parse(parent))
    assert edit.removed_subjects() == gone


async def test_a_pattern_that_stands_for_files_is_there(made: Services, tmp_path: Path) -> None:
    (tmp_path / "part-1.safetensors").write_bytes(b"x")
    made.hosts.choose("local")
    for pattern, found in (("./part-*.safetensors", True), ("./none-*.safetensors", False)):
        edit = await made.editor.open_document(parse(f"FROM {pattern}\n"), tmp_path)
        assert (not any("There is no file" in problem.reason for problem in edit.problems())) is found
