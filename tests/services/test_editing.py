"""The state behind the Editor: values, undo, presets, problems, difference."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aether_tui.core.chat import Message
from aether_tui.core.inventory import EngineKind
from aether_tui.core.modelfile.document import parse
from aether_tui.core.presets import shipped_presets
from aether_tui.core.schema import EngineTarget, ModelFacts, schema_for
from aether_tui.services.editing import EditSession

TEXT = "# mine\nFROM llama3\nPARAMETER temperature 0.7  \nPARAMETER stop <|eot_id|>\nSYSTEM Short.\n"


class Clock:
    """A clock that is moved by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def session(text: str = TEXT, *, clock: Callable[[], float] | None = None, version: str = "0.34.1") -> EditSession:
    document = parse(text)
    target = EngineTarget(EngineKind.OLLAMA, version)
    facts = ModelFacts(name="llama3", architecture="llama", context_length_tokens=8192)
    return EditSession(
        document,
        facts=facts,
        target=target,
        schema=schema_for(facts, target),
        baseline=document,
        clock=clock or Clock(),
    )


def test_a_changed_value_changes_text_and_difference_and_nothing_else() -> None:
    edit = session()
    edit.set_value("temperature", 0.3)
    assert edit.document.text == TEXT.replace("temperature 0.7", "temperature 0.3")
    assert [(line.mark, line.text.strip()) for line in edit.diff() if line.mark != " "] == [
        ("-", "PARAMETER temperature 0.7"),
        ("+", "PARAMETER temperature 0.3"),
    ]
    assert edit.changes == 1 and edit.value("temperature") == 0.3 and edit.is_dirty


def test_turning_one_value_quickly_is_one_step_and_a_pause_begins_another() -> None:
    clock = Clock()
    edit = session(clock=clock)
    for value in (0.6, 0.5, 0.4):
        clock.now_s += 0.1
        edit.set_value("temperature", value)
    clock.now_s += 5
    edit.set_value("temperature", 0.1)
    assert edit.undo() and edit.value("temperature") == 0.4
    assert edit.undo() and edit.document.text == TEXT
    assert not edit.undo()
    assert edit.redo() and edit.value("temperature") == 0.4


def test_a_new_change_after_undo_forgets_what_was_undone() -> None:
    edit = session()
    edit.set_value("temperature", 0.1)
    edit.undo()
    edit.set_value("top_k", 10)
    assert not edit.redo()


def test_unset_and_reset() -> None:
    edit = session()
    edit.unset("temperature")
    assert "temperature" not in edit.document.text and not edit.is_set("temperature")
    edit.reset("temperature")
    assert edit.document.parameters["temperature"] == ("0.7",)
    edit.set_value("top_p", 0.5)
    edit.reset("top_p")
    assert not edit.is_set("top_p")
    edit.set_value("stop", ("a", "b"))
    edit.set_instruction("SYSTEM", "Other.")
    edit.reset_all()
    assert edit.document.text == TEXT and edit.changes == 0
    edit.undo()
    assert edit.document.get("SYSTEM") == "Other."


def test_a_list_of_no_items_takes_the_parameter_out() -> None:
    edit = session()
    edit.set_value("stop", ("<|eot_id|>", "###"))
    assert edit.document.parameters["stop"] == ("<|eot_id|>", "###")
    edit.set_value("stop", ())
    assert not edit.is_set("stop")


def test_a_preset_is_one_step_and_becomes_custom_once_edited() -> None:
    edit = session()
    preset = next(preset for preset in shipped_presets() if preset.title == "Coding Focus")
    edit.apply_preset(preset)
    assert edit.preset_title == "Coding Focus"
    name = next(name for name in preset.parameters if name in ("temperature", "top_p"))
    edit.set_value(name, 0.99)
    assert edit.preset_title == "Custom (coding focus)"
    edit.undo()
    edit.undo()
    assert edit.document.text == TEXT


def test_another_engines_name_is_found_and_kept_as_written() -> None:
    edit = session("FROM x\nPARAMETER n_ctx 2048\n")
    assert edit.value("num_ctx") == 2048
    edit.set_value("num_ctx", 4096)
    assert "PARAMETER n_ctx 4096" in edit.document.text


def test_a_bad_value_is_a_problem_and_shown_as_written() -> None:
    edit = session("FROM x\nPARAMETER num_ctx abc\n")
    assert edit.value("num_ctx") is None and edit.raw("num_ctx") == ("abc",)
    assert any(problem.severity == "error" and problem.line == 2 for problem in edit.problems())


def test_problems_follow_every_change() -> None:
    edit = session()
    assert not [problem for problem in edit.problems() if problem.subject == "num_ctx"]
    edit.set_value("num_ctx", 65536)
    assert [problem for problem in edit.problems() if problem.subject == "num_ctx"]
    edit.undo()
    assert not [problem for problem in edit.problems() if problem.subject == "num_ctx"]


def test_what_the_installed_model_has_and_the_document_lacks_is_to_be_removed() -> None:
    edit = session()
    edit.rebase(edit.document, installed=True)
    edit.unset("stop")
    edit.set_instruction("SYSTEM", None)
    assert set(edit.removed_subjects()) == {"stop", "SYSTEM"}


def test_messages_are_written_and_taken_out() -> None:
    edit = session()
    edit.set_messages([Message("user", "Hi"), Message("assistant", "Hello")])
    assert edit.document.text.endswith("MESSAGE user Hi\nMESSAGE assistant Hello\n")
    edit.set_messages([])
    assert edit.document.text == TEXT


@pytest.mark.parametrize("value", [0.0, 1.0, 2.0])
def test_numbers_are_written_as_ollama_reads_them(value: float) -> None:
    edit = session()
    edit.set_value("temperature", value)
    assert float(edit.document.parameters["temperature"][-1]) == value
