"""The Playground as a user has it: asking, stopping, failures and ways out, editing, settings, small screens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from aether_tui.app import AetherApp
from aether_tui.core.chat import (
    ChatEvent,
    ChatRequest,
    Failed,
    Phase,
    PhaseChanged,
    PromptCut,
    TextDelta,
    ThinkingDelta,
)
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.screens.playground import PlaygroundScreen
from aether_tui.services import Services
from aether_tui.settings import load_settings
from aether_tui.widgets.chat_input import ChatInput
from aether_tui.widgets.message import Answer, Question
from tests.screens.driving import press, running, shown, type_text, until
from tests.screens.scripted_engine import Script, ScriptedEngine, saying

REFUSED = AetherError(
    ErrorCode.CONTEXT_EXCEEDED,
    "The prompt has 5,321 tokens, the context holds 4,096; nothing was cut and nothing answered",
    "Set num_ctx to 8192, or shorten the conversation",
    {"suggested_num_ctx": 8192},
)
GONE = AetherError(
    ErrorCode.ENGINE_UNREACHABLE, "No Ollama answers at http://127.0.0.1:1", "Start it with ollama serve"
)


class PlaygroundApp(AetherApp):
    """Opens on the Playground."""

    DEFAULT_MODE = "playground"


@asynccontextmanager
async def talking(
    script: Script, size: tuple[int, int] = (120, 40), models: Sequence[str] = ("support-bot",)
) -> AsyncIterator[tuple[PlaygroundScreen, Pilot[None], ScriptedEngine]]:
    """The Playground with a model chosen, and the engine behind it."""
    services = Services(load_settings())
    engine = ScriptedEngine(script, models)
    services.hosts._engines[services.hosts.current.name] = engine  # type: ignore[assignment]
    app = PlaygroundApp(services.settings, services=services)
    async with app.run_test(size=size) as pilot:
        await until(lambda: isinstance(app.screen, PlaygroundScreen) and app.painted)
        screen = app.screen
        assert isinstance(screen, PlaygroundScreen)
        await until(lambda: screen.session.model or len(models) > 1)
        await pilot.pause()
        yield screen, pilot, engine


async def ask(pilot: Pilot[None], screen: PlaygroundScreen, text: str, *, wait: bool = True) -> None:
    """Type a message and send it."""
    await type_text(pilot, text)
    await press(pilot, "enter")
    if wait:
        await until(lambda: not screen.talk.running)
        await pilot.pause()


def look(screen: PlaygroundScreen) -> str:
    app = screen.app
    assert isinstance(app, AetherApp)
    return shown(app)


async def test_an_answer_streams_in_with_its_figures_under_it() -> None:
    async with talking(lambda request: saying("It joins **paths** with the separator.")) as (screen, pilot, engine):
        await ask(pilot, screen, "what does join do")
        text = look(screen)
        assert " you   what does join do" in text
        assert " it    It joins paths with the separator." in text
        assert "32 tok  48.2 tok/s  first 0.21 s  prompt 18 (5 cached)" in text
        assert "stopped at <|eot_id|>" in text
        assert "─ done ─╮" in text
        assert "48.2 tok/s" in text.split("\n")[0]
        assert engine.requests[0].model == "support-bot"
        assert screen.field.text == ""


async def test_the_phase_stands_in_the_title() -> None:
    def script(request: ChatRequest) -> list[ChatEvent | float]:
        return [PhaseChanged(Phase.READING, 1558, 4100), 30.0]

    async with talking(script) as (screen, pilot, _):
        await ask(pilot, screen, "hi", wait=False)
        await until(lambda: "reading 4,100 tokens 38 % ─╮" in look(screen))
        await press(pilot, "escape")


async def test_a_stop_keeps_what_came_and_ends_it_at_the_engine() -> None:
    def script(request: ChatRequest) -> list[ChatEvent | float]:
        return [TextDelta("Half an answer"), 60.0, TextDelta(" never")]

    async with talking(script) as (screen, pilot, engine):
        await ask(pilot, screen, "go", wait=False)
        await until(lambda: "Half an answer" in look(screen))
        await press(pilot, "escape")
        await until(lambda: not screen.talk.running)
        await pilot.pause()
        assert "stopped by you" in look(screen)
        assert engine.closed == 1
        assert screen.session.turns[-1].content == "Half an answer"
        assert screen.field.has_focus


async def test_ctrl_c_stops_too_and_does_not_leave() -> None:
    async with talking(lambda request: [TextDelta("Half"), 60.0]) as (screen, pilot, _):
        await ask(pilot, screen, "go", wait=False)
        await until(lambda: "Half" in look(screen))
        await press(pilot, "ctrl+c")
        await until(lambda: not screen.talk.running)
        assert screen.app.is_running


async def test_a_thought_is_folded_and_opens_with_a_key() -> None:
    def script(request: ChatRequest) -> list[ChatEvent | float]:
        return [PhaseChanged(Phase.THINKING), ThinkingDelta("First I think. "), *saying("Done.")]

    async with talking(script) as (screen, pilot, _):
        await ask(pilot, screen, "think")
        assert "▸ thought 0.0" in look(screen)
        assert "First I think" not in look(screen)
        await press(pilot, "escape", "t")
        assert "▾ thought" in look(screen)
        assert "First I think." in look(screen)
        await press(pilot, "t")
        assert "First I think" not in look(screen)


async def test_a_failure_says_what_to_do_and_the_key_asks_again() -> None:
    answers: list[list[ChatEvent | float]] = [[Failed(GONE)], saying("Here again.")]

    async with talking(lambda request: answers.pop(0)) as (screen, pilot, engine):
        await ask(pilot, screen, "are you there")
        text = look(screen)
        assert "✗ No Ollama answers at http://127.0.0.1:1" in text
        assert "Start it with ollama serve; ctrl+r sends it again" in text
        assert "you   are you there" in text
        assert "─ failed ─╮" in text
        await press(pilot, "ctrl+r")
        await until(lambda: "Here again." in look(screen))
        assert "No Ollama answers" not in look(screen)
        assert [message.content for message in engine.requests[1].messages] == ["are you there"]


async def test_a_failure_in_the_middle_keeps_the_half_and_the_way_on() -> None:
    died = AetherError(ErrorCode.ENGINE_DIED, "Ollama stopped in the middle of the answer", "Start it again")

    async with talking(lambda request: [TextDelta("The first half"), Failed(died)]) as (screen, pilot, _):
        await ask(pilot, screen, "go")
        assert "The first half" in look(screen)
        assert "✗ Ollama stopped in the middle of the answer" in look(screen)
        await type_text(pilot, "still typing")
        assert screen.field.text == "still typing"


@pytest.mark.parametrize("kind", ["refused", "cut"])
async def test_a_prompt_too_long_is_an_alarm_and_one_key_makes_room(kind: str) -> None:
    def script(request: ChatRequest) -> list[ChatEvent | float]:
        if request.parameters.get("num_ctx") == 8192:
            return saying("All of it.")
        return [Failed(REFUSED)] if kind == "refused" else saying("Part of it.", PromptCut(5321, 4096, 4096, 8192))

    async with talking(script) as (screen, pilot, engine):
        await ask(pilot, screen, "a long story")
        text = " ".join(look(screen).split())
        assert "5,321 tokens" in text
        assert "ctrl+r sets num_ctx to 8192" in text
        await press(pilot, "ctrl+r")
        await until(lambda: "All of it." in look(screen))
        assert engine.requests[-1].parameters["num_ctx"] == 8192
        assert screen.session.settings.value("num_ctx") == 8192
        assert "1 changed" in look(screen)


async def test_editing_a_question_drops_what_followed() -> None:
    async with talking(lambda request: saying(f"Answer to {request.messages[-1].content}")) as (screen, pilot, engine):
        for question in ("one", "two", "three"):
            await ask(pilot, screen, question)
        await type_text(pilot, "a draft")
        await press(pilot, "escape", "up", "up", "up", "e")
        assert screen.field.text == "two"
        assert "editing, esc leaves it as it was" in look(screen)
        await press(pilot, "backspace", "backspace", "backspace")
        await ask(pilot, screen, "deux")
        assert [message.content for message in engine.requests[-1].messages] == ["one", "Answer to one ", "deux"]
        assert "Answer to deux" in look(screen)
        assert "three" not in look(screen)


async def test_leaving_an_edit_brings_the_draft_back() -> None:
    async with talking(lambda request: saying("Yes.")) as (screen, pilot, _):
        await ask(pilot, screen, "one")
        await type_text(pilot, "a draft")
        await press(pilot, "escape", "e")
        assert screen.field.text == "one"
        await press(pilot, "escape")
        assert screen.field.text == "a draft"
        assert "Yes." in look(screen)


async def test_a_cleared_conversation_comes_back_with_u() -> None:
    async with talking(lambda request: saying("Yes.")) as (screen, pilot, engine):
        await ask(pilot, screen, "one")
        await press(pilot, "escape", "n")
        assert "Yes." not in look(screen)
        assert "u brings it back" in look(screen)
        assert screen.session.turns == []
        await press(pilot, "u")
        assert "Yes." in look(screen)
        assert len(screen.session.turns) == 2
        await press(pilot, "i")
        await ask(pilot, screen, "two")
        assert len(engine.requests[-1].messages) == 3


async def test_what_a_retry_or_an_edit_dropped_comes_back_with_u() -> None:
    answers = ["the first half", "another answer", "to the edit"]

    async with talking(lambda request: saying(answers[tries])) as (screen, pilot, _):
        tries = 0
        await ask(pilot, screen, "one")
        tries = 1
        await press(pilot, "escape", "r")
        await until(lambda: "another answer" in look(screen))
        assert "the first half" not in look(screen)
        await press(pilot, "u")
        assert "the first half" in look(screen)
        assert screen.session.turns[-1].content == "the first half "
        tries = 2
        await press(pilot, "e", "enter")
        await until(lambda: "to the edit" in look(screen))
        await press(pilot, "escape", "u")
        assert "the first half" in look(screen)


async def test_settings_hold_for_the_next_message() -> None:
    async with talking(lambda request: saying("Yes.")) as (screen, pilot, engine):
        await ask(pilot, screen, "one")
        await press(pilot, "tab")
        assert screen.settings.has_focus
        await press(pilot, "right")
        assert "1 changed" in look(screen)
        await press(pilot, "escape")
        await ask(pilot, screen, "two")
        assert "temperature" not in engine.requests[0].parameters
        assert engine.requests[1].parameters["temperature"] == screen.session.settings.value("temperature")
        await press(pilot, "tab", "u")
        assert "changed" not in look(screen)


async def test_a_setting_that_did_not_hold_is_said() -> None:
    async with talking(lambda request: saying("Yes.")) as (screen, pilot, engine):
        engine.lacks = "temperature"
        await press(pilot, "tab", "right", "escape")
        await ask(pilot, screen, "one")
        assert "▲ Without temperature: this server has no such setting" in look(screen)


async def test_what_is_typed_ahead_lands_where_it_belongs() -> None:
    async with talking(lambda request: saying("Yes.")) as (_, pilot, engine):
        await press(pilot, *"ab", "tab", "right", "shift+tab", *"cd", "enter")
        await until(lambda: engine.requests)
        assert engine.requests[0].messages[-1].content == "abcd"
        assert "temperature" in engine.requests[0].parameters


async def test_nothing_is_lost_when_sending_too_early() -> None:
    async with talking(lambda request: [TextDelta("Half"), 60.0]) as (screen, pilot, engine):
        await ask(pilot, screen, "one", wait=False)
        await until(lambda: "Half" in look(screen))
        await ask(pilot, screen, "two", wait=False)
        assert screen.field.text == "two"
        assert "an answer is still coming; esc stops it" in look(screen)
        assert len(engine.requests) == 1
        await press(pilot, "escape")


async def test_without_a_model_enter_offers_the_choice_and_then_sends() -> None:
    async with talking(lambda request: saying("Yes."), models=("a-model", "b-model")) as (screen, pilot, engine):
        await until(lambda: "No model is chosen yet" in look(screen))
        await ask(pilot, screen, "hello", wait=False)
        await until(lambda: "b-model" in shown(pilot.app))  # type: ignore[arg-type]
        await press(pilot, "down", "enter")
        await until(lambda: engine.requests)
        assert engine.requests[0].model == "b-model"
        assert engine.requests[0].messages[0].content == "hello"


async def test_without_a_choice_the_text_is_in_the_field_again() -> None:
    async with talking(lambda request: saying("Yes."), models=("a-model", "b-model")) as (screen, pilot, engine):
        await until(lambda: "No model is chosen yet" in look(screen))
        await ask(pilot, screen, "hello", wait=False)
        await until(lambda: "b-model" in shown(pilot.app))  # type: ignore[arg-type]
        await press(pilot, "escape")
        await until(lambda: screen.field.text == "hello")
        assert not engine.requests


async def test_what_is_sent_before_the_model_is_found_waits_for_it() -> None:
    async with talking(lambda request: saying("Yes."), models=("a-model", "b-model")) as (screen, pilot, engine):
        screen.choice.is_busy = True
        await ask(pilot, screen, "early", wait=False)
        engine.names = ["a-model"]
        await screen.choice.arrive()
        await until(lambda: engine.requests)
        assert engine.requests[0].messages[0].content == "early"


async def test_the_reader_is_left_alone_while_more_comes() -> None:
    long = "\n\n".join(f"Paragraph {number}" for number in range(60))

    def script(request: ChatRequest) -> list[ChatEvent | float]:
        return [*saying(long)[:-1], 1.0, TextDelta("\n\nThe very end")]

    async with talking(script) as (screen, pilot, _):
        await ask(pilot, screen, "go", wait=False)
        await until(lambda: "Paragraph 59" in look(screen))
        await press(pilot, "shift+tab", "g")
        above = look(screen).split("\n")[3:12]
        assert "you   go" in above[0]
        await until(lambda: not screen.talk.running)
        await pilot.pause()
        assert look(screen).split("\n")[3:12] == above
        assert "lines below" in look(screen)
        await press(pilot, "G")
        assert "The very end" in look(screen)
        assert "lines below" not in look(screen)


async def test_copying_takes_the_chosen_message_or_code(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[tuple[str, str]] = []
    monkeypatch.setattr(AetherApp, "copy_text", lambda self, text, what: copied.append((text, what)))
    answer = "Do **this**:\n\n```sh\nls -l\n```\n"
    async with talking(lambda request: [TextDelta(answer)]) as (screen, pilot, _):
        await ask(pilot, screen, "how")
        await press(pilot, "escape", "y", "down", "y", "up", "up", "y")
        assert copied == [(answer, "the message"), ("ls -l", "the code"), ("how", "the message")]


async def test_two_hundred_messages_are_still_four_widgets() -> None:
    async with talking(lambda request: saying("Yes.")) as (screen, pilot, _):
        before = len(list(screen.walk_children()))
        screen.transcript.add(*[entry for n in range(100) for entry in (Question("q", n), Answer("a", closed=True))])
        await pilot.pause()
        assert len(list(screen.walk_children())) == before
        laid_out = sum(entry.is_laid_out(screen.transcript.roll.width) for entry in screen.transcript.entries)
        assert laid_out < 60


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 12)])
async def test_small_screens_show_the_conversation_alone_and_v_the_settings(size: tuple[int, int]) -> None:
    async with talking(lambda request: saying("A short answer.")) as (screen, pilot, _):
        await pilot.resize_terminal(*size)
        await pilot.pause()
        await ask(pilot, screen, "hi")
        assert "A short answer." in look(screen)
        assert "temperature" not in look(screen)
        await press(pilot, "escape", "v")
        assert "temperature" in look(screen)
        assert "A short answer." not in look(screen)
        await press(pilot, "escape")
        assert "A short answer." in look(screen)
        assert screen.field.has_focus


async def test_resizing_in_mid_answer_loses_nothing() -> None:
    text = " ".join(f"word{number}" for number in range(300))

    def script(request: ChatRequest) -> list[ChatEvent | float]:
        pieces: list[ChatEvent | float] = []
        for event in saying(text):
            pieces += [event, 0.001]
        return pieces

    async with talking(script) as (screen, pilot, _):
        await ask(pilot, screen, "go", wait=False)
        for size in ((80, 24), (60, 20), (140, 50), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await until(lambda: not screen.talk.running)
        await pilot.pause()
        assert "word299" in look(screen)


async def test_hostile_text_is_shown_and_not_obeyed() -> None:
    async with talking(lambda request: saying("\x1b[2J[bold]x[/] \x1b]0;t\x07")) as (screen, pilot, _):
        await ask(pilot, screen, "go")
        assert "␛[2J[bold]x[/]" in look(screen)
        assert "\x1b" not in look(screen)


async def test_a_folded_paste_is_sent_whole() -> None:
    from textual import events

    async with talking(lambda request: saying("Read.")) as (screen, pilot, engine):
        screen.query_one(ChatInput).post_message(events.Paste("x" * 1_000_000))
        await pilot.pause()
        assert "[pasted 1 MB]" in look(screen)
        await press(pilot, "enter")
        await until(lambda: engine.requests and not screen.talk.running)
        assert len(engine.requests[0].messages[0].content) == 1_000_000
        assert "more characters" in look(screen)


async def test_a_message_that_was_not_sent_is_back_after_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    async with talking(lambda request: saying("Yes.")) as (screen, pilot, _):
        await type_text(pilot, "half a thought")
        await screen.flush()
    monkeypatch.setattr("aether_tui.services.drafts._is_alive", lambda owner: False)
    async with talking(lambda request: saying("Yes.")) as (screen, pilot, engine):
        await until(lambda: screen.field.text == "half a thought")
        await press(pilot, "enter")
        await until(lambda: engine.requests and not screen.talk.running)
        await screen.flush()
    async with talking(lambda request: saying("Yes.")) as (screen, pilot, _):
        await pilot.app.workers.wait_for_complete()
        assert screen.field.text == ""


@pytest.mark.engine
async def test_the_demonstration_model_answers_and_settings_change_it() -> None:
    async with running() as (app, pilot):
        await press(pilot, "f5")
        await until(lambda: isinstance(app.screen, PlaygroundScreen) and app.screen.session.model)
        screen = app.screen
        assert isinstance(screen, PlaygroundScreen)
        for name, value in {"num_thread": 1, "num_predict": 5, "temperature": 0.0}.items():
            screen.session.settings.set_value(name, value)
        await ask(pilot, screen, "What is a list?")
        assert "5 tok  " in look(screen)
        assert "cut off at the length limit" in look(screen)
        first = screen.session.turns[-1].content
        await press(pilot, "ctrl+r")
        await until(lambda: not screen.talk.running)
        assert screen.session.turns[-1].content == first
