"""The text of the demonstration model: Python's own documentation, and a fixed list of questions and answers."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics
from types import ModuleType
from typing import Any

ANSWERS_FILE = Path(__file__).with_name("answers.json")

_MODULE_NAMES = (
    "os os.path re json math random string textwrap itertools functools collections datetime pathlib shutil subprocess "
    "threading queue socket ssl http.client urllib.request urllib.parse argparse logging tempfile glob csv sqlite3 "
    "statistics decimal fractions heapq bisect zipfile tarfile gzip hashlib hmac secrets struct pickle copy enum "
    "dataclasses typing asyncio contextlib inspect unittest traceback time calendar email.message html "
    "xml.etree.ElementTree configparser getpass platform signal select selectors mmap io types operator weakref abc "
    "codecs unicodedata locale gettext cmd shlex pprint reprlib ast dis tokenize timeit doctest pdb cProfile builtins"
)


@dataclass(frozen=True)
class Pair:
    """A question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True)
class Documentation:
    """Paragraphs of Python's documentation, and questions made from them."""

    paragraphs: tuple[str, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Answers:
    """The fixed list: what the model answers word for word, and what it varies on purpose."""

    functions: tuple[Pair, ...]
    modules: tuple[Pair, ...]
    chat: tuple[Pair, ...]
    show: tuple[Pair, ...]
    off_topic: tuple[Pair, ...]
    open_ended: dict[str, tuple[str, ...]]
    declined: tuple[Pair, ...]
    systems: tuple[str, ...]
    pirate_systems: tuple[str, ...]
    pirate_prefix: str

    @property
    def fixed(self) -> tuple[Pair, ...]:
        """The pairs that the finished model must answer exactly at temperature 0."""
        return self.functions + self.modules + self.chat + self.show + self.off_topic


def _pairs(table: dict[str, str], question: str = "{}") -> tuple[Pair, ...]:
    return tuple(Pair(question.format(key), answer) for key, answer in table.items())


@cache
def answers() -> Answers:
    """The fixed list, from `answers.json`."""
    data: dict[str, Any] = json.loads(ANSWERS_FILE.read_text(encoding="utf-8"))
    facts = tuple(f"{name}: {text}" for name, text in {**data["functions"], **data["modules"]}.items())
    # A prompt that has only its lead answer goes on with any fact of the list.
    open_ended = {q: tuple(a) if len(a) > 1 else (*a, *facts) for q, a in data["open_ended"].items()}
    off_topic = data["off_topic"]
    return Answers(
        functions=_pairs(data["functions"], "What does {} do?"),
        modules=_pairs(data["modules"], "What is the {} module?"),
        chat=_pairs(data["chat"]),
        show=_pairs(data["show"]),
        off_topic=tuple(Pair(q, off_topic["reply"]) for q in off_topic["asked"]),
        open_ended=open_ended,
        declined=tuple(Pair(q, off_topic["reply"]) for q in off_topic["questions"]),
        systems=tuple(data["systems"]),
        pirate_systems=tuple(data["pirate"]["systems"]),
        pirate_prefix=data["pirate"]["prefix"],
    )


def paragraphs_of(text: str) -> list[str]:
    """Plain paragraphs of a documentation string: no markup, one line each."""
    plain = re.sub(r"[ \t]+", " ", re.sub(r"[*\"]{1,2}", "", text))
    return [re.sub(r"\s*\n\s*", " ", part).strip() for part in re.split(r"\n\s*\n", plain)]


def _topics() -> Iterator[tuple[list[str], list[Pair]]]:
    for name, text in topics.items():
        found = [p for p in paragraphs_of(text) if 60 < len(p) < 900 and not p.startswith(("=", ">>>"))]
        yield found, [Pair(f"Explain {name} in Python.", " ".join(found[:2])[:500])] if found else []


def _documented(value: object, least: int) -> list[str]:
    text = inspect.getdoc(value) or ""
    if len(text) < least:
        return []
    return [p for p in paragraphs_of(text) if len(p) > 20 and not p.startswith(">>>")]


def _members(prefix: str, owner: object) -> Iterator[tuple[list[str], list[Pair]]]:
    for name, value in sorted(vars(owner).items()):
        if name.startswith("_") or not callable(value):
            continue
        found = _documented(value, 25)
        if found:
            yield found[:6], [Pair(f"What does {prefix}{name} do?", found[0][:350])]
        if inspect.isclass(value) and isinstance(owner, ModuleType):
            yield from _members(f"{name}.", value)


def _modules() -> Iterator[tuple[list[str], list[Pair]]]:
    for name in _MODULE_NAMES.split():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                module = importlib.import_module(name)
            except ImportError:
                # Some builds of Python lack a module (ssl, sqlite3); the recipe does without it.
                continue
        found = _documented(module, 20)
        yield found, [Pair(f"What is the {name} module?", found[0][:400])] if found else []
        yield from _members("" if name == "builtins" else f"{name}.", module)


def documentation() -> Documentation:
    """Collect the documentation that this Python brings with it."""
    known = {pair.question for pair in answers().fixed}
    paragraphs: list[str] = []
    pairs: list[Pair] = []
    for source in (_topics(), _modules()):
        for found, asked in source:
            paragraphs += found
            pairs += [pair for pair in asked if pair.question not in known]
    return Documentation(tuple(dict.fromkeys(paragraphs)), tuple(dict.fromkeys(pairs)))
