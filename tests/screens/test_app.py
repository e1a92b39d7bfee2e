from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from textual.events import AppBlur, Key

from aether_tui.actions import all_actions
from aether_tui.app import AetherApp
from aether_tui.screens.dialogs import ReadPage
from aether_tui.screens.text_page import PlainText
from aether_tui.widgets.pick_list import PickList
from aether_tui.widgets.text_pane import TextPane
from tests.screens.driving import editor, press, running, shown, until

NOT_BEFORE_THE_FIRST_FRAME = ("pydantic", "httpx", "yaml", "typer", "click", "jinja2", "psutil", "gguf", "xllamacpp")

REPORT = """
import asyncio, sys
from aether_tui.app import AetherApp
from aether_tui.settings import load_settings

loaded = []

def painted(app):
    loaded.extend(sys.modules)
    app.exit()

AetherApp._painted = painted
asyncio.run(AetherApp(load_settings(), demo=True).run_async(headless=True, size=(120, 40)))
print("\\n".join(name for name in loaded))
"""


def test_nothing_slow_is_imported_before_the_first_frame() -> None:
    done = subprocess.run([sys.executable, "-c", REPORT], capture_output=True, text=True, timeout=60, env=os.environ)
    loaded = set(done.stdout.split())
    assert "aether_tui.screens.editor" in loaded, done.stderr
    assert not loaded & set(NOT_BEFORE_THE_FIRST_FRAME)
    assert "aether_tui.cli.main" not in loaded
    assert "aether_tui.screens.playground" not in loaded


@pytest.mark.parametrize("theme", ["dark", "light", "ansi-dark", "ansi-light"])
@pytest.mark.parametrize("glyphs", ["unicode", "ascii"])
async def test_every_theme_and_glyph_set_draws(theme: str, glyphs: str) -> None:
    async with running(theme=theme, glyphs=glyphs) as (app, pilot):
        assert app.theme == theme
        await press(pilot, "right")
        text = shown(app)
        assert "PARAMETER temperature" in text
        if glyphs == "ascii":
            assert text.replace("\n", "").isascii()


async def test_no_color_sends_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running() as (app, _):
        styles = {segment.style for strip in app.screen._compositor.render_strips() for segment in strip}
        coloured = [style for style in styles if style is not None and style.color is not None]
        assert all(style.color is None or style.color.is_default for style in coloured)
        assert any(style is not None and style.reverse for style in styles)


async def test_a_theme_that_does_not_exist_is_no_reason_to_stop() -> None:
    async with running(theme="solarized") as (app, _):
        assert app.theme == "dark"


async def test_choosing_a_theme_keeps_it_and_escape_does_not() -> None:
    async with running() as (app, pilot):
        app.action_themes()
        await until(lambda: "light" in shown(app))
        await press(pilot, "down")
        assert app.theme == "light"
        await press(pilot, "escape")
        assert app.theme == "dark"
        app.action_themes()
        await until(lambda: "light" in shown(app))
        await press(pilot, "down", "enter")
        assert app.theme == "light"
        assert "light" in app.settings.file.read_text()


async def test_the_help_lists_every_action_with_its_key() -> None:
    async with running() as (app, pilot):
        await press(pilot, "f1")
        await until(lambda: isinstance(app.screen, ReadPage))
        lines = "\n".join("".join(text for text, _ in line) for line in app.screen.query_one(TextPane)._source)
        for action in all_actions():
            assert action.id in lines
            assert action.help in lines


async def test_a_remapped_key_works_and_is_shown_and_the_old_one_is_free() -> None:
    async with running(keys={"editor.undo": "Z", "app.help": "f9"}) as (app, pilot):
        await press(pilot, "right", "u")
        assert editor(app).session.changes == 1
        await press(pilot, "Z")
        assert editor(app).session.changes == 0
        assert "Z undo" in shown(app)
        assert "F9 keys" in shown(app)


async def test_the_key_bar_never_cuts_an_item() -> None:
    async with running((72, 24)) as (app, _):
        bar = shown(app).split("\n")[-1]
        assert bar.rstrip().endswith("palette")
        assert "change" in bar


async def test_ctrl_c_asks_once_more_and_then_leaves() -> None:
    async with running() as (app, pilot):
        await press(pilot, "ctrl+c")
        assert app.is_running
        assert "once more leaves" in shown(app)
        await pilot.press("ctrl+c")
        await until(lambda: app._exit)


async def test_ctrl_q_is_not_bound() -> None:
    async with running() as (app, pilot):
        await press(pilot, "ctrl+q")
        assert app.is_running and not app._exit


async def test_a_host_that_does_not_answer_is_said_with_the_next_step() -> None:
    async with running(demo=False, host="local") as (app, _):
        assert app.top.reachable is False
        text = shown(app)
        assert "not reached" in text
        assert "FROM demo" in text


async def test_leaving_writes_what_was_not_written_yet() -> None:
    async with running() as (app, pilot):
        await press(pilot, "right")
        await app.leave()
        assert list((app.settings.home / "drafts").glob("*.json"))


async def test_keys_typed_before_the_first_frame_are_not_lost() -> None:
    from aether_tui.settings import load_settings

    app = AetherApp(load_settings(), demo=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("right", "right")
        await until(lambda: app.top.reachable is not None and not app.has_keys_waiting)
        assert editor(app).session.changes == 1


async def test_a_home_that_can_not_be_written_is_said_and_nothing_stops(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("in the way")
    async with running(home=place) as (app, pilot):
        await press(pilot, "right")
        await until(lambda: "not kept" in shown(app))
        await press(pilot, "right")
        assert editor(app).session.changes == 1


def test_a_terminal_that_can_do_nothing_is_refused_with_a_reason() -> None:
    import pty

    parent, child = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "aether_tui"],
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=child,
        env={**os.environ, "TERM": "dumb"},
        timeout=30,
    )
    said = os.read(parent, 1000).decode()
    os.close(parent)
    os.close(child)
    assert done.returncode == 2
    assert "TERM" in said


def test_without_a_terminal_it_says_what_to_do() -> None:
    done = subprocess.run([sys.executable, "-m", "aether_tui"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "--help" in done.stderr


async def test_help_and_palette_open_over_pages_too_and_do_not_pile_up() -> None:
    async with running() as (app, pilot):
        await press(pilot, "n")
        await until(lambda: "Open" in shown(app))
        await press(pilot, "f1")
        await until(lambda: isinstance(app.screen, ReadPage))
        await press(pilot, "f1", "ctrl+p")
        assert len(app.screen_stack) == 3
        await press(pilot, "escape", "escape")
        await until(lambda: app.screen is editor(app))


async def test_another_screen_leaves_a_page_with_its_text_open() -> None:
    async with running() as (app, pilot):
        editor(app).parameters.select("SYSTEM")
        await press(pilot, "enter")
        await until(lambda: isinstance(app.focused, PlainText))
        await press(pilot, *"kept", "f5")
        await until(lambda: app.current_mode == "playground")
        await press(pilot, "f4")
        await until(lambda: app.current_mode == "editor")
        assert isinstance(app.screen.focused, PlainText)
        await press(pilot, "escape")
        assert editor(app).session.document.get("SYSTEM") == "kept"


async def test_a_burst_of_keys_over_a_slow_line_goes_through_pages_and_fields() -> None:
    async with running() as (app, _):
        editor(app).parameters.select("temperature")
        burst = ["enter", *"0.5", "tab", *"0.4", "enter", "p", *"coding", "enter", "u", "n", *"demo"]
        for key in burst:
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(lambda: isinstance(app.focused, PickList) and app.focused.field.text == "demo")
        session = editor(app).session
        assert (session.value("temperature"), session.value("top_p")) == (0.5, 0.4)


async def test_a_key_brings_the_focus_back_after_the_terminal_was_in_the_background() -> None:
    async with running() as (app, pilot):
        app.post_message(AppBlur())
        await until(lambda: not app.app_focus)
        await press(pilot, "right")
        assert editor(app).session.changes == 1
