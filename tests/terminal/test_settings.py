"""The settings file in the running app: a broken one is named and kept, a remapped key works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal.conftest import Start, ready
from tests.terminal.screen import F5

pytestmark = pytest.mark.terminal


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("theme: dark\nkeys: [\n", "line"),
        ("thme: light\n", "thme"),
        ("hosts:\n- name: a\n  kind: nothing\n", "kind"),
    ],
)
def test_broken_settings_are_named_kept_and_replaced_by_defaults(
    start: Start, aether_home: Path, text: str, reason: str
) -> None:
    aether_home.mkdir()
    file = aether_home / "settings.yaml"
    file.write_text(text)
    screen = ready(start("--demo", size=(200, 40)))
    screen.wait_for(str(file), reason)
    assert file.read_text() == text


def test_a_remapped_key_works_and_the_old_one_does_not(start: Start, aether_home: Path) -> None:
    aether_home.mkdir()
    (aether_home / "settings.yaml").write_text('keys:\n  editor.save: "X"\n  app.playground: "f9"\n')
    screen = ready(start("--demo"))
    screen.wait_for("X save", "F9 Playground")
    screen.type("s")
    screen.type("X")
    screen.wait_for("─ Save ─")
    screen.type("\x1b")
    screen.wait_gone("─ Save ─")
    screen.type(F5, "\x1b[20~")
    screen.wait_for("Ask demo")
