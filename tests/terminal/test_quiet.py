"""What the app sends, holds and imports: nothing at rest, little for a change, nothing heavy for the first frame."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from tests.terminal.conftest import Start, ready
from tests.terminal.screen import ENTER, F5, RIGHT

pytestmark = pytest.mark.terminal

HEAVY = (
    "pydantic",
    "httpx",
    "yaml",
    "typer",
    "jinja2",
    "torch",
    "transformers",
    "optuna",
    "numpy",
    "asyncio.subprocess",
)
REST_S = 3.0
CHANGE_BYTES = 1_500
WIDGETS = 12

# Runs the app as `aether --demo` does and writes down what is imported, and how many widgets live, at the first frame.
WATCHER = """
import json, os, sys
from aether_tui.app import AetherApp
painted = AetherApp._painted
def note(self):
    widgets = sum(1 for _ in self.screen.walk_children())
    with open(os.environ["NOTE"], "w") as file:
        json.dump({"modules": sorted(sys.modules), "widgets": widgets}, file)
    painted(self)
AetherApp._painted = note
from aether_tui.__main__ import main
sys.argv = ["aether", "--demo"]
sys.exit(main())
"""


def test_nothing_is_sent_while_nothing_changes(start: Start) -> None:
    screen = ready(start("--demo"))
    screen.type(RIGHT)
    screen.wait_for("1 change")
    screen.wait_quiet(1.0)
    mark = screen.byte_count
    time.sleep(REST_S)
    assert screen.since(mark) == b""

    screen.type(F5)
    screen.wait_for("Ask demo")
    screen.type("Hello", ENTER)
    screen.wait_for("done")
    screen.wait_quiet(1.0)
    mark = screen.byte_count
    time.sleep(REST_S)
    assert screen.since(mark) == b""


def test_a_changed_value_costs_few_bytes(start: Start) -> None:
    screen = ready(start("--demo"))
    screen.wait_quiet()
    for _ in range(4):
        mark = screen.byte_count
        screen.type(RIGHT)
        screen.wait(lambda: screen.byte_count > mark, "the change")  # noqa: B023
        screen.wait_quiet()
        assert 0 < screen.byte_count - mark <= CHANGE_BYTES


def test_the_first_frame_imports_nothing_heavy_and_holds_few_widgets(start: Start, tmp_path: Path) -> None:
    note = tmp_path / "note.json"
    screen = start("-c", WATCHER, command=[sys.executable], env={"NOTE": str(note)})
    screen.wait_for("temperature")
    screen.wait(note.exists, "the note")
    screen.wait(lambda: note.read_text().endswith("}"), "the whole note")
    noted = json.loads(note.read_text())
    roots = {name.partition(".")[0] for name in noted["modules"]}
    assert not roots.intersection(HEAVY)
    assert noted["widgets"] <= WIDGETS
