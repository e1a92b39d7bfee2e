"""An answer while it comes in: its phase in words, its speed, how it ended."""

from __future__ import annotations

import pytest

from aether_tui.core.chat import (
    ChatEvent,
    ChatStats,
    Failed,
    Finished,
    Phase,
    PhaseChanged,
    PromptCut,
    TextDelta,
    ThinkingDelta,
)
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.widgets.live_answer import LiveAnswer, Pace
from aether_tui.widgets.message import Answer


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(clock: Clock) -> LiveAnswer:
    return LiveAnswer(Answer(), "r", clock)


def rows(live: LiveAnswer, width: int = 70) -> list[str]:
    return [row.text.rstrip() for row in live.entry.rows(width)]


def test_the_title_counts_the_seconds_of_loading(live: LiveAnswer, clock: Clock) -> None:
    live.take(PhaseChanged(Phase.LOADING))
    clock.now += 12.3
    assert live.phase_text() == ("loading 12 s", "text")
    assert live.counts_seconds


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (PhaseChanged(Phase.READING, 1558, 4100), "reading 4,100 tokens 38 %"),
        (PhaseChanged(Phase.READING, None, 4100), "reading 4,100 tokens"),
        (PhaseChanged(Phase.READING), "reading"),
        (PhaseChanged(Phase.THINKING), "thinking"),
        (Finished(ChatStats(), "stop"), "done"),
        (Finished(ChatStats(), "length"), "cut off"),
        (Failed(AetherError(ErrorCode.ENGINE_DIED, "gone")), "failed"),
    ],
)
def test_the_title_says_the_phase(live: LiveAnswer, event: ChatEvent, words: str) -> None:
    live.take(event)
    assert live.phase_text()[0] == words


def test_the_speed_is_that_of_the_last_seconds_and_then_what_the_engine_measured(
    live: LiveAnswer, clock: Clock
) -> None:
    for _ in range(200):
        clock.now += 0.02
        live.take(TextDelta("a "))
    assert live.phase_text()[0] == "answering 50.0 tok/s"
    live.take(Finished(ChatStats(tokens_per_s=48.2), "stop"))
    assert live.speed_text() == "48.2 tok/s"


def test_the_thought_is_timed_and_folded(live: LiveAnswer, clock: Clock) -> None:
    live.take(ThinkingDelta("Let me see"))
    clock.now += 0.3
    live.take(TextDelta("Yes."))
    live.take(Finished(ChatStats(), "stop"))
    assert rows(live)[:2] == ["▸ thought 0.30 s", "Yes."]


def test_what_came_before_a_stop_stays(live: LiveAnswer) -> None:
    live.take(TextDelta("Half a sen"))
    live.stopped()
    assert rows(live)[:2] == ["Half a sen", "■ stopped by you"]
    assert live.phase_text()[0] == "stopped"


def test_a_prompt_that_was_cut_is_an_alarm_with_the_way_out(live: LiveAnswer) -> None:
    live.take(PromptCut(5321, 4096, 4096, 8192))
    live.take(TextDelta("So"))
    live.take(Finished(ChatStats(), "stop"))
    text = " ".join(rows(live))
    assert "▲ The prompt was cut: 5,321 tokens sent, 4,096 kept (num_ctx 4096)" in text
    assert "r sets num_ctx to 8192, which would hold it, and sends again" in text
    assert live.suggested_num_ctx == 8192
    assert live.phase_text() == ("cut off", "warning")


def test_a_prompt_that_was_refused_offers_the_same(live: LiveAnswer) -> None:
    details = {"suggested_num_ctx": 16384}
    live.take(Failed(AetherError(ErrorCode.CONTEXT_EXCEEDED, "The prompt has 9,000 tokens", "Set num_ctx", details)))
    assert live.suggested_num_ctx == 16384
    assert "r sets num_ctx to 16384" in " ".join(rows(live))


def test_a_failure_keeps_the_text_and_says_what_to_do(live: LiveAnswer) -> None:
    live.take(TextDelta("Half"))
    live.take(Failed(AetherError(ErrorCode.ENGINE_DIED, "Ollama stopped", "Start it")))
    assert rows(live)[:3] == ["Half", "✗ Ollama stopped", "  Start it; r sends it again"]
    live.stopped()
    assert live.phase_text()[0] == "failed"


def test_why_it_ended_stands_with_the_figures(live: LiveAnswer) -> None:
    live.take(TextDelta("a"))
    live.take(Finished(ChatStats(18, 5, 32, 48.2, None, 0.21), "stop", "<|eot_id|>\n"))
    assert rows(live, 120)[-1] == ("32 tok  48.2 tok/s  first 0.21 s  prompt 18 (5 cached)  stopped at <|eot_id|>⏎")


def test_painting_takes_a_tenth_of_the_time_at_most(clock: Clock) -> None:
    pace = Pace(0.1, clock)
    assert pace.wait_s() == 0
    pace.painted(0.002)
    assert pace.wait_s() == pytest.approx(0.1)
    clock.now += 0.1
    pace.painted(0.05)
    assert pace.wait_s() == pytest.approx(0.5)
