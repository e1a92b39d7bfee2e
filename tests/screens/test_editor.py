from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste

from aether_tui.app import AetherApp
from aether_tui.screens.dialogs import PickerPage, ReadPage
from aether_tui.screens.messages_page import MessagesPage
from aether_tui.screens.text_page import PlainText, TextPage
from aether_tui.services.drafts import Draft
from aether_tui.services.editing import EditSession
from aether_tui.services.editor import EditorService
from aether_tui.settings import load_settings
from aether_tui.widgets.parameter_list import ParameterList
from aether_tui.widgets.pick_list import PickList
from aether_tui.widgets.text_pane import TextPane
from tests.screens.driving import editor, press, running, shown, type_text, until


def modelfile(app: AetherApp) -> str:
    return editor(app).session.document.text


def parameters(app: AetherApp) -> ParameterList:
    return editor(app).parameters


def go_to(app: AetherApp, subject: str) -> None:
    """Select a row as a problem would, so that tests don't count rows."""
    parameters(app).select(subject)


async def test_the_first_screen_shows_parameters_the_modelfile_and_that_nothing_is_wrong() -> None:
    async with running() as (app, _):
        text = shown(app)
        for words in ("temperature", "FROM demo", "Modelfile", "Problems", "nothing stands against it", "F4 Editor"):
            assert words in text


async def test_turning_a_value_changes_row_preview_difference_and_title() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "right", "right")
        assert "PARAMETER temperature 0.7" in modelfile(app)
        text = shown(app)
        assert "0.70" in text
        assert "PARAMETER temperature 0.7" in text
        assert "+1 -0 to opened" in text
        assert "1 change" in text


async def test_undo_and_redo_move_everything_shown() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "right", "u")
        assert "PARAMETER" not in modelfile(app)
        assert "no difference" in shown(app)
        await press(pilot, "U")
        assert "PARAMETER temperature" in shown(app)


async def test_space_sets_the_default_and_takes_the_line_out_again() -> None:
    async with running() as (app, pilot):
        go_to(app, "top_k")
        await press(pilot, "space")
        assert "PARAMETER top_k 100" in modelfile(app)
        await press(pilot, "space")
        assert "top_k" not in modelfile(app)


async def test_a_typed_value_is_taken_and_a_bad_one_says_why() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "enter")
        await type_text(pilot, "abc")
        await press(pilot, "enter")
        assert parameters(app).field is not None
        assert parameters(app).field_error
        assert "PARAMETER" not in modelfile(app)
        await press(pilot, "ctrl+u")
        await type_text(pilot, "0.33")
        await press(pilot, "enter")
        assert "PARAMETER temperature 0.33" in modelfile(app)


async def test_escape_leaves_the_field_and_the_old_value_stays() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "enter")
        await type_text(pilot, "1.5")
        await press(pilot, "escape")
        assert parameters(app).field is None
        assert "PARAMETER" not in modelfile(app)


async def test_letters_in_a_field_are_never_actions() -> None:
    async with running() as (app, pilot):
        go_to(app, "stop")
        await press(pilot, "enter", "enter")
        await type_text(pilot, "vsCRun?:@4ptq")
        assert app.current_mode == "editor"
        assert app.screen is editor(app)
        await press(pilot, "enter")
        assert editor(app).session.raw("stop") == ("vsCRun?:@4ptq",)


async def test_tab_takes_a_field_and_opens_the_next_even_when_typed_ahead() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "enter", "0", ".", "5", "tab", "0", ".", "4", "tab", "7", "enter")
        session = editor(app).session
        assert (session.value("temperature"), session.value("top_p"), session.value("top_k")) == (0.5, 0.4, 7)


async def test_stops_are_added_edited_and_taken_out_as_rows() -> None:
    async with running() as (app, pilot):
        go_to(app, "stop")
        await press(pilot, "enter", "enter")
        await type_text(pilot, "one\\ntwo")
        await press(pilot, "enter")
        assert editor(app).session.raw("stop") == ("one\ntwo",)
        go_to(app, "stop/0")
        await press(pilot, "space")
        assert editor(app).session.raw("stop") == ()


async def test_a_switch_and_a_choice_change_in_the_row() -> None:
    async with running() as (app, pilot):
        go_to(app, "context_shift")
        await press(pilot, "enter")
        assert editor(app).session.value("context_shift") is True
        go_to(app, "flash_attn")
        await press(pilot, "right")
        assert editor(app).session.value("flash_attn") == "on"


async def test_a_special_value_below_the_range_is_reached_with_the_arrows() -> None:
    async with running() as (app, pilot):
        go_to(app, "num_predict")
        editor(app).session.set_value("num_predict", 1)
        await press(pilot, "left")
        assert editor(app).session.value("num_predict") == -1
        assert "no limit" in shown(app)


async def test_groups_close_and_open_and_the_selection_stays() -> None:
    async with running() as (app, pilot):
        go_to(app, "generation")
        await press(pilot, "left")
        assert "top_p" not in [row.key for row in parameters(app).rows]
        assert parameters(app).row.key == "generation"
        await press(pilot, "right")
        assert "top_p" in [row.key for row in parameters(app).rows]


async def test_reset_of_one_and_of_all() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "right")
        go_to(app, "top_k")
        await press(pilot, "right", "r")
        assert editor(app).session.changed_subjects() == ("temperature",)
        await press(pilot, "R")
        assert editor(app).session.changes == 0
        await press(pilot, "u")
        assert editor(app).session.changes == 1


async def test_a_problem_is_reached_and_its_fix_taken() -> None:
    async with running() as (app, pilot):
        editor(app).session.set_value("temperature", 9.0)
        editor(app).refresh_all()
        problems = editor(app).problems
        assert problems.problems
        await press(pilot, "tab", "tab")
        assert app.focused is problems
        if problems.problem is not None and problems.problem.fix is not None:
            await press(pilot, "enter")
            assert editor(app).session.value("temperature") != 9.0
        else:
            await press(pilot, "enter")
            assert parameters(app).row.key == "temperature"


async def test_the_help_below_follows_the_row() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await pilot.pause()
        assert "How freely the next word is drawn" in shown(app)
        go_to(app, "num_ctx")
        await pilot.pause()
        assert "reloads the model" in shown(app)


async def test_on_a_narrow_screen_v_keeps_the_row_and_shows_the_rest() -> None:
    async with running((80, 24)) as (app, pilot):
        assert "Modelfile" not in shown(app)
        go_to(app, "temperature")
        await press(pilot, "v")
        text = shown(app)
        assert "Modelfile" in text and "Problems" in text and "temperature" in text
        assert "top_p  " not in text
        await press(pilot, "right")
        assert "PARAMETER temperature" in shown(app)
        await press(pilot, "down")
        assert parameters(app).row.key == "top_p"
        await press(pilot, "escape")
        assert "Problems" not in shown(app)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 50), (200, 60)])
async def test_every_size_shows_the_selected_row(size: tuple[int, int]) -> None:
    async with running(size) as (app, pilot):
        await press(pilot, "v", "v")
        assert "temperature" in shown(app)
        lines = shown(app).split("\n")
        assert len(lines) == size[1]
        assert all(len(line) == size[0] for line in lines)


async def test_resizing_keeps_selection_and_values() -> None:
    async with running() as (app, pilot):
        go_to(app, "top_k")
        await press(pilot, "right")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        await pilot.resize_terminal(160, 50)
        await until(lambda: app.screen.size.width == 160)
        await pilot.pause()
        assert parameters(app).row.key == "top_k"
        assert "PARAMETER top_k 101" in shown(app)


async def test_the_editor_lives_on_few_widgets() -> None:
    async with running() as (app, _):
        assert len(list(app.screen.walk_children())) <= 12


async def test_the_system_prompt_is_edited_on_a_page_and_undone() -> None:
    async with running() as (app, pilot):
        go_to(app, "SYSTEM")
        await press(pilot, "enter")
        await until(lambda: isinstance(app.screen, TextPage) and isinstance(app.focused, PlainText))
        await type_text(pilot, "You help.")
        await press(pilot, "escape")
        assert editor(app).session.document.get("SYSTEM") == "You help."
        assert "SYSTEM" in shown(app)
        await press(pilot, "u")
        assert editor(app).session.document.get("SYSTEM") is None


async def test_a_huge_text_is_kept_whole_without_being_edited_here() -> None:
    async with running() as (app, pilot):
        go_to(app, "SYSTEM")
        await press(pilot, "enter")
        await until(lambda: isinstance(app.focused, PlainText))
        huge = "word " * 200_000
        app.post_message(Paste(huge))
        await until(lambda: isinstance(app.focused, TextPane))
        assert "1 MB" in shown(app)
        await press(pilot, "escape")
        assert editor(app).session.document.get("SYSTEM") == huge


async def test_a_ready_made_template_is_previewed_and_taken_with_its_stops() -> None:
    async with running() as (app, pilot):
        go_to(app, "TEMPLATE")
        await press(pilot, "enter")
        await until(lambda: isinstance(app.screen, PickerPage))
        await type_text(pilot, "chatml")
        assert "<|im_start|>" in shown(app)
        await press(pilot, "enter")
        assert "<|im_start|>" in (editor(app).session.document.get("TEMPLATE") or "")
        assert "<|im_end|>" in editor(app).session.raw("stop")


async def test_messages_are_added_turned_moved_and_deleted() -> None:
    async with running() as (app, pilot):
        go_to(app, "MESSAGE")
        await press(pilot, "enter")
        await until(lambda: isinstance(app.screen, MessagesPage))
        for text in ("Hello", "Hi there"):
            await press(pilot, "n")
            await until(lambda: isinstance(app.focused, PlainText))
            await type_text(pilot, text)
            await press(pilot, "escape")
        messages = editor(app).session.document.messages
        assert [(m.role, m.content) for m in messages] == [("user", "Hello"), ("assistant", "Hi there")]
        await press(pilot, "K")
        assert editor(app).session.document.messages[0].content == "Hi there"
        await press(pilot, "d", "u", "escape")
        assert "MESSAGE" in shown(app)


async def test_a_preset_is_applied_as_one_step() -> None:
    async with running() as (app, pilot):
        await press(pilot, "p")
        await until(lambda: isinstance(app.screen, PickerPage) and "Coding Focus" in shown(app))
        await press(pilot, "enter")
        assert "preset Coding Focus" in shown(app)
        await press(pilot, "u")
        assert editor(app).session.changes == 0


async def test_save_writes_the_file_and_replaces_only_when_asked_twice(tmp_path: Path) -> None:
    target = tmp_path / "Modelfile"
    target.write_text("FROM other\n")
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "right", "s", "ctrl+u")
        await type_text(pilot, str(target))
        await press(pilot, "enter")
        await until(lambda: "there already" in shown(app))
        assert target.read_text() == "FROM other\n"
        await press(pilot, "enter")
        await until(lambda: target.read_text() != "FROM other\n")
        assert "PARAMETER temperature" in target.read_text()


async def test_on_the_embedded_engine_create_writes_an_alias_and_says_so() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "right", "C")
        assert "becomes an alias" in shown(app)
        await press(pilot, "ctrl+u")
        await type_text(pilot, "mine")
        await press(pilot, "enter")
        await until(lambda: "the alias mine is written" in shown(app))
        assert app.services.aliases.get("mine") is not None


async def test_errors_are_said_before_create_is_tried() -> None:
    async with running() as (app, pilot):
        editor(app).session.set_instruction("FROM", "/nowhere/model.gguf")
        editor(app).refresh_all()
        await press(pilot, "C")
        assert "in the way" in shown(app)
        assert app.focused is editor(app).problems


async def test_copy_says_where_a_copy_is_kept(scratch_home: Path) -> None:
    async with running() as (app, pilot):
        await press(pilot, "y")
        assert (app.settings.home / "clipboard.txt").read_text() == "FROM demo\n"
        assert "clipboard.txt" in shown(app) or "copied" in shown(app)


async def test_an_edit_that_was_not_saved_is_back_at_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "right")
        await until(lambda: list((app.settings.home / "drafts").glob("*.json")))
    # The draft's writer is this very process: it must look ended.
    monkeypatch.setattr("aether_tui.services.drafts._is_alive", lambda owner: False)
    async with running() as (app, _):
        await until(lambda: "PARAMETER temperature" in modelfile(app))
        assert "unsaved edit is back" in shown(app)


async def test_open_lists_what_there_is_and_a_typed_path(tmp_path: Path) -> None:
    path = tmp_path / "Modelfile"
    path.write_text("# mine\nFROM demo\nPARAMETER top_k 7\n")
    async with running() as (app, pilot):
        await press(pilot, "n")
        await until(lambda: isinstance(app.screen, PickerPage))
        assert "demo" in shown(app)
        await type_text(pilot, str(path))
        await press(pilot, "enter")
        await until(lambda: "# mine" in modelfile(app))
        assert "# mine" in shown(app)


async def test_a_file_that_does_not_parse_is_named_and_the_edit_stays(tmp_path: Path) -> None:
    path = tmp_path / "Modelfile"
    path.write_text("NONSENSE\n")
    async with running() as (app, pilot):
        await press(pilot, "n")
        await until(lambda: isinstance(app.screen, PickerPage))
        await type_text(pilot, str(path))
        await press(pilot, "enter")
        await until(lambda: editor(app).query_one("TabRow").notice[1] == "error")
        assert modelfile(app) == "FROM demo\n"


async def test_remote_text_is_never_markup_and_never_moves_the_cursor() -> None:
    async with running() as (app, pilot):
        editor(app).session.set_value("stop", ("[red]x[/red]", "\x1b[2J\x07"))
        editor(app).refresh_all()
        await pilot.pause()
        text = shown(app)
        assert "[red]x[/red]" in text
        assert "\x1b" not in text


async def test_the_whole_modelfile_can_be_edited_and_a_mistake_is_not_lost() -> None:
    async with running() as (app, pilot):
        await press(pilot, "e")
        await until(lambda: isinstance(app.focused, PlainText))
        await type_text(pilot, "NONSENSE")
        await press(pilot, "escape")
        await until(lambda: isinstance(app.focused, PlainText))
        assert "NONSENSE" in shown(app)
        assert modelfile(app) == "FROM demo\n"
        await press(pilot, *["backspace"] * 8, "escape")
        await until(lambda: app.screen is editor(app))


async def test_help_names_the_row_its_source_and_every_key_that_works_there() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "question_mark")
        await until(lambda: isinstance(app.screen, ReadPage))
        lines = "\n".join("".join(text for text, _ in line) for line in app.screen.query_one(TextPane)._source)
        for words in ("temperature", "documented at", "editor.save", "parameters.less"):
            assert words in lines
        await press(pilot, "escape")
        assert isinstance(app.focused, ParameterList)


async def test_the_palette_runs_an_action_of_the_screen() -> None:
    async with running() as (app, pilot):
        go_to(app, "temperature")
        await press(pilot, "right", "colon")
        await until(lambda: isinstance(app.focused, PickList))
        await type_text(pilot, "reset all")
        await press(pilot, "enter")
        await until(lambda: editor(app).session.changes == 0)


async def test_a_draft_is_not_put_in_the_place_of_what_was_begun_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as (app, pilot):
        await press(pilot, "right")
        await until(lambda: list((app.settings.home / "drafts").glob("*.json")))
    monkeypatch.setattr("aether_tui.services.drafts._is_alive", lambda owner: False)
    app = AetherApp(load_settings(), demo=True)
    opened = EditorService.open_draft

    async def slowly(self: EditorService, draft: Draft) -> EditSession:
        await until(lambda: editor(app).session.is_dirty)
        return await opened(self, draft)

    monkeypatch.setattr(EditorService, "open_draft", slowly)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "right")
        await until(lambda: app.top.reachable is not None and not app.has_keys_waiting)
        assert "top_p" in modelfile(app) and "temperature" not in modelfile(app)
        await until(lambda: "1 unsaved edit kept" in shown(app))


async def test_the_model_and_the_adapter_are_typed_in_their_rows() -> None:
    async with running() as (app, pilot):
        go_to(app, "FROM")
        await press(pilot, "enter", "ctrl+u")
        await type_text(pilot, "other:8b")
        await press(pilot, "enter")
        assert modelfile(app) == "FROM other:8b\n"
        assert parameters(app).field is None
        go_to(app, "ADAPTER")
        await press(pilot, "enter")
        await type_text(pilot, "./lora.gguf")
        await press(pilot, "enter")
        assert "ADAPTER ./lora.gguf" in modelfile(app)
        await press(pilot, "r")
        assert "ADAPTER" not in modelfile(app)


async def test_a_pasted_stop_keeps_its_backslashes_and_lines() -> None:
    async with running() as (app, pilot):
        go_to(app, "stop")
        await press(pilot, "enter", "enter")
        app.post_message(Paste("a\\nb\nc"))
        await until(lambda: parameters(app).field is not None and parameters(app).field.text)
        await press(pilot, "enter")
        assert editor(app).session.raw("stop") == ("a\\nb\nc",)
