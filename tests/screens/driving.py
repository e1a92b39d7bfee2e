"""Driving the app in tests: starting it, waiting for what it does, reading what it shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from textual.pilot import Pilot

from aether_tui.app import AetherApp
from aether_tui.screens.editor import EditorScreen
from aether_tui.settings import Settings, load_settings

PATIENCE_S = 20.0


@asynccontextmanager
async def running(
    size: tuple[int, int] = (120, 40), *, demo: bool = True, **changes: object
) -> AsyncIterator[tuple[AetherApp, Pilot[None]]]:
    """The app on the demonstration model, painted and at rest."""
    settings: Settings = replace(load_settings(), **changes)  # type: ignore[arg-type]
    app = AetherApp(settings, demo=demo)
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.top.reachable is not None)
        await app.workers.wait_for_complete()
        yield app, pilot


async def until(predicate: Callable[[], object]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if predicate():
                return
            await asyncio.sleep(0.01)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait until they are done with."""
    app = pilot.app
    assert isinstance(app, AetherApp)
    await pilot.press(*keys)
    await until(lambda: not app.has_keys_waiting)
    await pilot.pause()


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Type a text."""
    await press(pilot, *("space" if character == " " else character for character in text))


def editor(app: AetherApp) -> EditorScreen:
    """The Editor."""
    screen = app.work_screen
    assert isinstance(screen, EditorScreen)
    return screen


def shown(app: AetherApp) -> str:
    """What is on the screen, as text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())
