"""Thoughts that a server leaves in the answer's text, between <think> and </think>, told apart from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

OPENING = "<think>"
CLOSING = "</think>"

# White space and the beginning of a closing tag: both may belong to the end of the thought.
_UNSURE_END = re.compile(r"\s*(?:<(?:/(?:t(?:h(?:i(?:nk?)?)?)?)?)?)?\Z")


class _State(Enum):
    START = 0
    THOUGHT = 1
    GAP = 2
    TEXT = 3


class ThinkSplitter:
    """Looks for one thought at the very beginning; once text came, tags are text.

    `feed` and `end` give (is_thought, text) pairs. What could be half of a tag is held back until it is known;
    white space around the thought is left out.
    """

    def __init__(self) -> None:
        self._held = ""
        self._state = _State.START
        self._thought_begun = False

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """The pieces that are known with this text."""
        self._held += text
        if self._is(_State.START):
            self._look_for_opening()
        if self._is(_State.THOUGHT):
            yield from self._look_for_closing()
        if self._is(_State.GAP):
            self._skip_gap()
        if self._is(_State.TEXT) and self._held:
            yield False, self._take()

    def end(self) -> Iterator[tuple[bool, str]]:
        """What is held back when the answer ends."""
        held = self._take()
        if held and not self._is(_State.GAP):
            yield self._is(_State.THOUGHT), held

    def _is(self, state: _State) -> bool:
        return self._state is state

    def _take(self) -> str:
        held, self._held = self._held, ""
        return held

    def _look_for_opening(self) -> None:
        start = self._held.lstrip()
        if start.startswith(OPENING):
            self._held = start[len(OPENING) :]
            self._state = _State.THOUGHT
        elif not OPENING.startswith(start):
            self._state = _State.TEXT

    def _look_for_closing(self) -> Iterator[tuple[bool, str]]:
        if not self._thought_begun:
            self._held = self._held.lstrip()
        thought, closing, rest = self._held.partition(CLOSING)
        if closing:
            ready, self._held, self._state = thought.rstrip(), rest, _State.GAP
        else:
            cut = _UNSURE_END.search(self._held)
            place = cut.start() if cut else len(self._held)
            ready, self._held = self._held[:place], self._held[place:]
        if ready:
            self._thought_begun = True
            yield True, ready

    def _skip_gap(self) -> None:
        self._held = self._held.lstrip()
        if self._held:
            self._state = _State.TEXT
