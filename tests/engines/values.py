"""Parameter values that change answers, as checks that hold on every engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.engines.asking import PLAIN_QUESTION, THINKING_QUESTION, Subject

Check = Callable[[Subject], Awaitable[None]]
# Another one than those that the model has learned by heart, so that chance has room.
OPEN_QUESTION = "Tell me something new about modules and classes"


async def five_tokens(subject: Subject) -> None:
    answered = await subject.ask(PLAIN_QUESTION, parameters={"num_predict": 5, "temperature": 0.0})
    assert answered.finished.stats.answer_tokens == 5
    assert answered.finished.done_reason == "length"


async def a_stop_cuts(subject: Subject) -> None:
    whole = await subject.ask(PLAIN_QUESTION, parameters={"temperature": 0.0})
    assert "tiny" in whole.text
    cut = await subject.ask(PLAIN_QUESTION, parameters={"temperature": 0.0, "stop": ("tiny",)})
    assert cut.text == whole.text.split("tiny")[0]
    assert cut.finished.done_reason == "stop"


async def zero_repeats_itself(subject: Subject) -> None:
    answers = [await subject.ask(THINKING_QUESTION, parameters={"temperature": 0.0}) for _ in range(3)]
    assert len({(answer.thinking, answer.text) for answer in answers}) == 1
    assert answers[0].text


async def two_varies(subject: Subject) -> None:
    parameters = {"temperature": 2.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "num_predict": 40}
    answers = [await subject.ask(OPEN_QUESTION, parameters=parameters) for _ in range(4)]
    assert len({(answer.thinking, answer.text) for answer in answers}) > 1


async def one_seed_repeats(subject: Subject) -> None:
    async def ask(seed: int) -> tuple[str, str]:
        parameters = {"temperature": 1.5, "top_p": 1.0, "num_predict": 40, "seed": seed}
        answered = await subject.ask(OPEN_QUESTION, parameters=parameters)
        return answered.thinking, answered.text

    first = await ask(7)
    assert await ask(7) == first
    assert {await ask(seed) for seed in (8, 9, 10)} != {first}


CHECKS: tuple[Check, ...] = (five_tokens, a_stop_cuts, zero_repeats_itself, two_varies, one_seed_repeats)
