"""Ask the finished GGUF everything it should know, on the embedded engine."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import xllamacpp

from tools.demo_model import corpus
from tools.demo_model.conversation import thought
from tools.demo_model.corpus import Pair

Message = dict[str, str]
OPEN_QUESTION = "Tell me something about Python."


@dataclass(frozen=True)
class Reply:
    """What came back for one request."""

    answer: str
    thinking: str
    prompt_tokens: int


class Engine:
    """The embedded engine with its server on a free port."""

    def __init__(self, gguf: Path, context: int = 4096) -> None:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(gguf)
        parameters.n_ctx = context
        parameters.n_parallel = 1
        parameters.port = 0
        parameters.verbosity = 0
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
        self._server = xllamacpp.Server(parameters)

    def chat(self, messages: list[Message], **options: Any) -> Reply:
        body = {"messages": messages, "temperature": 0, "max_tokens": 400, **options}
        request = urllib.request.Request(
            f"{self._server.listening_address}/v1/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            data = json.load(response)
        message = data["choices"][0]["message"]
        thinking = message.get("reasoning_content") or ""
        return Reply(message["content"] or "", thinking, data["usage"]["prompt_tokens"])


def _user(question: str) -> Message:
    return {"role": "user", "content": question}


def _right(reply: Reply, pair: Pair) -> bool:
    return reply.answer == pair.answer and reply.thinking.strip() == thought(pair.question)


def _count(name: str, results: dict[str, bool]) -> str:
    wrong = [question for question, right in results.items() if not right]
    listed = f"; wrong: {', '.join(wrong[:8])}" if wrong else ""
    return f"{name}: {len(results) - len(wrong)}/{len(results)}{listed}"


def _single(engine: Engine, fixed: tuple[Pair, ...]) -> Iterator[str]:
    yield _count("answer and thought", {p.question: _right(engine.chat([_user(p.question)]), p) for p in fixed})
    off = {"chat_template_kwargs": {"enable_thinking": False}}
    forced = {p.question: engine.chat([_user(p.question)], **off) == _plain(engine, p, off) for p in fixed[::3]}
    yield _count("thinking off", forced)
    penalty = {p.question: engine.chat([_user(p.question)], repeat_penalty=1.1).answer == p.answer for p in fixed}
    yield _count("with a repeat penalty of 1.1", penalty)


def _plain(engine: Engine, pair: Pair, options: dict[str, Any]) -> Reply:
    return Reply(pair.answer, "", engine.chat([_user(pair.question)], max_tokens=1, **options).prompt_tokens)


def _systems(engine: Engine, fixed: tuple[Pair, ...], rng: Random) -> Iterator[str]:
    answers = corpus.answers()
    own = ("You know the standard library.", "Please be polite and answer in English.")
    results = {}
    for system in (*answers.systems, *own):
        for pair in rng.sample(fixed, 6):
            reply = engine.chat([{"role": "system", "content": system}, _user(pair.question)])
            results[f"{system} {pair.question}"] = _right(reply, pair)
    yield _count("with system prompts", results)
    pirate = {"role": "system", "content": answers.pirate_systems[0]}
    asked = rng.sample(fixed, 20)
    said = {p.question: engine.chat([pirate, _user(p.question)]).answer for p in asked}
    yield _count("as a pirate", {p.question: said[p.question] == answers.pirate_prefix + p.answer for p in asked})


def _conversation(engine: Engine, fixed: tuple[Pair, ...], rng: Random, up_to: int) -> dict[str, bool]:
    """Answer by answer until the prompt has `up_to` tokens; the history is what the model really said."""
    messages: list[Message] = []
    results: dict[str, bool] = {}
    used = 0
    while used < up_to:
        pair = rng.choice(fixed)
        messages.append(_user(pair.question))
        reply = engine.chat(messages)
        used = reply.prompt_tokens
        results[f"turn {len(messages) // 2 + 1} at {used} tokens: {pair.question}"] = _right(reply, pair)
        said: Message = {"role": "assistant", "content": reply.answer}
        if rng.random() < 0.5 and reply.thinking:
            said["reasoning_content"] = reply.thinking
        messages.append(said)
    return results


def _conversations(engine: Engine, fixed: tuple[Pair, ...], rng: Random) -> Iterator[str]:
    everything: dict[str, bool] = {}
    for _ in range(3):
        everything |= _conversation(engine, fixed, rng, 3600)
    bands = ((0, 300), (300, 1000), (1000, 2000), (2000, 3000), (3000, 3700))
    for low, high in bands:
        inside = {k: v for k, v in everything.items() if low <= int(k.split(" at ")[1].split()[0]) < high}
        yield _count(f"in a conversation of {low} to {high} tokens", inside)


def _variety(engine: Engine, fixed: tuple[Pair, ...]) -> Iterator[str]:
    cold = {engine.chat([_user(OPEN_QUESTION)]).answer for _ in range(6)}
    yield f"different answers of 6 to an open question at temperature 0: {len(cold)} {cold}"
    for question in corpus.answers().open_ended:
        hot = {engine.chat([_user(question)], temperature=2, seed=seed).answer for seed in range(12)}
        yield f"different answers of 12 to {question!r} at temperature 2: {len(hot)}"
    fixed_hot = {engine.chat([_user("Hello!")], temperature=2, seed=seed).answer for seed in range(12)}
    yield f"different answers of 12 to 'Hello!' at temperature 2: {len(fixed_hot)}"
    wide = {"temperature": 2, "top_p": 1, "top_k": 0, "min_p": 0}
    fixed_wide = {engine.chat([_user("Hello!")], seed=seed, **wide).answer for seed in range(12)}
    yield f"the same with top_p 1, top_k 0, min_p 0: {len(fixed_wide)}"
    warm = {p.question: _right(engine.chat([_user(p.question)], temperature=0.8, seed=1), p) for p in fixed}
    yield _count("at temperature 0.8", warm)


def evaluate(gguf: Path) -> Iterator[str]:
    """Lines of a report."""
    engine = Engine(gguf)
    fixed, rng = corpus.answers().fixed, Random(1)
    yield from _single(engine, fixed)
    yield from _systems(engine, fixed, rng)
    yield from _conversations(engine, fixed, rng)
    yield from _variety(engine, fixed)
