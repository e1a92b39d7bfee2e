"""The Editor: a model's parameters and texts, the live Modelfile, its diff and its problems."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from aether_tui.actions import bindings
from aether_tui.screens.base import WorkScreen
from aether_tui.widgets.pane import ListPane, Pane


class EditorScreen(WorkScreen):
    """F4."""

    NAME = "editor"
    BINDINGS = bindings("editor")

    def compose_body(self) -> ComposeResult:
        with Container(classes="body"):
            yield ListPane("support-bot", id="parameters", classes="left")
            with Container(classes="right"):
                yield Pane("Modelfile", id="modelfile")
                yield Pane("Problems", id="problems")
