"""Conversations to train on: tokens, and which of them the model has to predict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Protocol

from tools.demo_model.corpus import Answers, Documentation, Pair
from tools.demo_model.hf_format import END_OF_TEXT, THINK_END, THINK_START, TURN_END, TURN_START

IGNORED = -100
# Share of the lead answer to an open question: enough for a stable choice at temperature 0, and room for chance.
LEAD_SHARE = 0.3
_GENERATED = f"{THINK_START}\n\n{THINK_END}\n\n"


class Encoding(Protocol):
    @property
    def ids(self) -> list[int]: ...


class TextEncoder(Protocol):
    """The part of a tokenizer that is needed here."""

    def encode(self, sequence: str, /, *, add_special_tokens: bool) -> Encoding: ...


class Form(Enum):
    """How an answer stands in the conversation."""

    GENERATED = "the model writes its thought, empty or not, then the answer"
    FORCED = "the empty thought is already in the prompt (enable_thinking false)"
    HISTORY = "an earlier answer without its thought, as chat templates render it"


@dataclass
class Sequence:
    """Tokens with their labels; tokens that are given, not predicted, are labelled IGNORED."""

    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add(self, ids: list[int], learned: bool) -> None:
        self.ids += ids
        self.labels += ids if learned else [IGNORED] * len(ids)

    def cut(self, length: int) -> Sequence:
        return Sequence(self.ids[:length], self.labels[:length])


def thought(question: str) -> str:
    """The thought before an answer. Only "What does X do?" needs one; tests rely on that."""
    words = question.rstrip("?").split()
    if [word.lower() for word in words[:2]] != ["what", "does"] or words[-1] != "do":
        return ""
    return f"The user asks what {' '.join(words[2:-1])} does. I look it up in the Python documentation."


def thought_block(question: str) -> str:
    return f"{THINK_START}\n{thought(question)}\n{THINK_END}\n\n"


def ask_differently(pair: Pair, rng: Random) -> Pair:
    """Now and then a question comes without its mark, without its capital, or in other words."""
    question = pair.question
    chance = rng.random()
    if chance < 0.07:
        question = question.rstrip("?.!") or question
    elif chance < 0.12:
        question = question[0].lower() + question[1:]
    elif chance < 0.18 and question.startswith("What is the ") and question.endswith(" module?"):
        question = f"What is {question.split()[3]}?"
    elif chance < 0.18 and question.startswith("What does "):
        question = question.replace(" do?", "() do?")
    return Pair(question, pair.answer)


class ConversationMaker:
    """Draws conversations of a wanted length; the same seed draws the same ones."""

    def __init__(self, encoder: TextEncoder, answers: Answers, docs: Documentation, rng: Random) -> None:
        self._encoder = encoder
        self._answers = answers
        self._docs = docs
        self._rng = rng
        self._cache: dict[str, list[int]] = {}
        self._deck: list[Pair] = []

    def encode(self, text: str) -> list[int]:
        if text not in self._cache:
            self._cache[text] = self._encoder.encode(text, add_special_tokens=False).ids
        return self._cache[text]

    def conversation(self, length: int, doc_share: float) -> Sequence:
        """One conversation from its first turn on, cut at `length` tokens."""
        sequence = Sequence()
        prefix = self._add_system(sequence)
        remembered = self._rng.random() < 0.5
        while len(sequence.ids) < length:
            pair = self._pair(doc_share)
            self._add_turn(sequence, Pair(pair.question, prefix + pair.answer), self._form(remembered))
        return sequence.cut(length)

    def documents(self, length: int) -> Iterator[Sequence]:
        """Endless rows of documentation, paragraphs parted by the end-of-text token."""
        end = self.encode(END_OF_TEXT)
        buffer: list[int] = []
        while True:
            for paragraph in self._rng.sample(self._docs.paragraphs, len(self._docs.paragraphs)):
                buffer += end + self.encode(paragraph)
                while len(buffer) >= length:
                    yield Sequence(buffer[:length], buffer[:length])
                    buffer = buffer[length:]

    def _add_system(self, sequence: Sequence) -> str:
        chance = self._rng.random()
        prefix = ""
        if chance < 0.45:
            return prefix
        if chance < 0.73:
            system = self._rng.choice(self._answers.systems)
        elif chance < 0.82:
            # Any text: users write their own instructions.
            system = self._rng.choice(self._docs.paragraphs)[:200]
        else:
            system, prefix = self._rng.choice(self._answers.pirate_systems), self._answers.pirate_prefix
        sequence.add(self.encode(f"{TURN_START}system\n{system}{TURN_END}\n"), learned=False)
        return prefix

    def _form(self, remembered: bool) -> Form:
        chance = self._rng.random()
        if chance < 0.20:
            return Form.FORCED
        if chance < 0.45 and not remembered:
            return Form.HISTORY
        return Form.GENERATED

    def _pair(self, doc_share: float) -> Pair:
        rng, answers = self._rng, self._answers
        if rng.random() < doc_share:
            return rng.choice(self._docs.pairs)
        chance = rng.random()
        if chance < 0.12:
            question = rng.choice(list(answers.open_ended))
            replies = answers.open_ended[question]
            return Pair(question, replies[0] if rng.random() < LEAD_SHARE else rng.choice(replies[1:]))
        if chance < 0.17:
            return rng.choice(answers.declined)
        pair = rng.choice(answers.chat) if chance < 0.23 else self._next_fixed()
        return ask_differently(pair, rng)

    def _next_fixed(self) -> Pair:
        """Dealt as from a deck of cards, so that no pair falls behind by chance."""
        if not self._deck:
            self._deck = self._rng.sample(self._answers.fixed, len(self._answers.fixed))
        return self._deck.pop()

    def _add_turn(self, sequence: Sequence, pair: Pair, form: Form) -> None:
        prompt = f"{TURN_START}user\n{pair.question}{TURN_END}\n{TURN_START}assistant\n"
        sequence.add(self.encode(prompt), learned=False)
        if form is Form.GENERATED:
            sequence.add(self.encode(f"{thought_block(pair.question)}{pair.answer}{TURN_END}"), learned=True)
        elif form is Form.FORCED:
            sequence.add(self.encode(_GENERATED), learned=False)
            sequence.add(self.encode(f"{pair.answer}{TURN_END}"), learned=True)
        else:
            sequence.add(self.encode(f"{pair.answer}{TURN_END}"), learned=False)
        sequence.add(self.encode("\n"), learned=False)
