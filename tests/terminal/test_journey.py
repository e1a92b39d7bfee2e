"""The main job with keys only: open, edit, see the preview and the difference, create, chat, see tokens/s."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.servers import OllamaServer
from tests.terminal.conftest import Start, ready
from tests.terminal.screen import CTRL_U, ENTER, ESC, F4, F5, TAB, UP, Screen

pytestmark = pytest.mark.terminal


def set_temperature(screen: Screen) -> None:
    """Type a temperature into the row that is selected at the start, and see it everywhere."""
    screen.type(ENTER, "0.3", ENTER)
    screen.wait_row("temperature", "0.30")
    screen.wait_for("PARAMETER temperature 0.3", "+1", "1 change")


def leave_field(screen: Screen) -> None:
    """Escape alone: with a letter right behind it, it would be alt and that letter."""
    screen.type(ESC)
    screen.wait_for("? keys")


def write_into_modelfile(screen: Screen, line: str) -> None:
    """Add a line at the end of the whole text."""
    screen.type("e")
    screen.wait_for("it parses")
    screen.type(line, ESC)
    screen.wait_for("F4 Editor", line)


def test_demo_model_is_edited_made_an_alias_and_answers(start: Start, aether_home: Path) -> None:
    screen = ready(start("--demo"))
    set_temperature(screen)
    write_into_modelfile(screen, "PARAMETER num_thread 1")
    screen.wait_for("2 changes")

    screen.type("C")
    screen.wait_for("Save as alias")
    screen.type(CTRL_U, "brisk", ENTER)
    screen.wait_for("the alias brisk is written")
    kept = yaml.safe_load((aether_home / "aliases" / "brisk.yaml").read_text())
    assert kept["request_params"]["temperature"] == 0.3
    assert kept["context_params"]["num_thread"] == 1

    screen.type(F5)
    screen.wait_for("Ask demo")
    leave_field(screen)
    screen.type("m")
    screen.wait_for("Talk to", "brisk")
    screen.type("brisk", ENTER)
    screen.wait_for("Ask brisk")
    screen.wait_row("temperature", "0.30")
    screen.type("Hello", ENTER)
    screen.wait_row("tok/s", "tok")
    screen.wait_for("you   Hello", "done")
    assert "tok/s" in screen.display[0]


def test_real_ollama_creates_from_the_demo_file_and_answers(start: Start, ollama: OllamaServer) -> None:
    screen = start(env={"OLLAMA_HOST": ollama.url})
    screen.wait_for("temperature", ollama.version)
    screen.type("n")
    screen.wait_for("Open", "On this machine")
    screen.type("demo", ENTER)
    screen.wait_for("F4 Editor", "FROM demo")
    set_temperature(screen)
    write_into_modelfile(screen, "PARAMETER num_thread 1")

    screen.type("C")
    screen.wait_for("Create on local", "name")
    screen.type(CTRL_U, "pty-brisk", ENTER)
    screen.wait_for("pty-brisk is on local")
    screen.type("t")
    screen.wait_for("Ask pty-brisk")
    screen.type("Hello", ENTER)
    screen.wait_for("you   Hello", "done", "tok/s")

    # What was made is there for the next start, with its temperature.
    screen.type(F4)
    screen.wait_for("Modelfile")
    screen.type("n")
    screen.wait_for("Open", "pty-brisk")
    screen.type("pty-brisk", ENTER)
    screen.wait_for("FROM", "PARAMETER temperature 0.3", "as installed")


def test_a_burst_of_values_and_tabs_lands_row_by_row(demo: Screen) -> None:
    demo.type(ENTER, "0.3", TAB, "0.8", TAB, "50", ENTER)
    demo.wait_for("PARAMETER temperature 0.3", "PARAMETER top_p 0.8", "PARAMETER top_k 50", "3 changes")


def test_a_burst_before_the_first_paint_is_not_lost(start: Start) -> None:
    screen = start("--demo")
    screen.wait_for("aether")
    screen.type(F5, "Typed ahead", ENTER)
    screen.wait_for("you   Typed ahead", "tok/s", "done")


def test_a_burst_into_the_chat_field_goes_on_to_the_next_pane(demo: Screen) -> None:
    demo.type(F5, "kept text", TAB, ENTER, "0.3", ENTER)
    demo.wait_for("> kept text")
    demo.wait_row("temperature", "0.30")


def test_a_burst_into_a_dialog_opens_and_answers_it(demo: Screen, aether_home: Path) -> None:
    demo.type("C", CTRL_U, "quick", ENTER)
    demo.wait_for("the alias quick is written")
    # The list loads while the keys are there already.
    demo.type("n", "quick", ENTER)
    demo.wait_for("─ quick ─", "as opened")
    assert (aether_home / "aliases" / "quick.yaml").is_file()


def test_a_ready_made_template_is_chosen_named_and_taken_back(demo: Screen) -> None:
    demo.type("G")
    demo.wait_for("─ Licence ─")
    for title in ("Adapter", "Messages", "Template"):
        demo.type(UP)
        demo.wait_for(f"─ {title} ─")
    demo.wait_row("Template", "the model's own")
    demo.type(ENTER)
    demo.wait_for("Ready-made", "llama2")
    demo.type("chatml", ENTER)
    demo.wait_for("F4 Editor", "TEMPLATE")
    demo.wait_row("Template  ", "chatml, ", "lines")
    demo.type("u")
    demo.wait_gone("TEMPLATE")
