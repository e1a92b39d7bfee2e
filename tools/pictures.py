"""Takes the pictures of the README: the real app on the demonstration model, without a terminal.

usage: python tools/pictures.py [FOLDER]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from aether_tui.app import AetherApp
from aether_tui.settings import load_settings

SIZE = (120, 40)
MODELFILE = """# answers beginners, keeps it short
FROM demo
PARAMETER temperature 0.7
PARAMETER num_ctx 8192
SYSTEM \"\"\"
You help people who are new to Python.
Answer in three sentences at most, with one example.
\"\"\"
MESSAGE user What is a list?
MESSAGE assistant An ordered collection that can change: numbers = [1, 2, 3].
"""
QUESTIONS = ("Hello!", "What does os.path.join do?", "What is the json module?")

Steps = Callable[[Pilot[None]], Awaitable[None]]


async def settle(pilot: Pilot[None], seconds: float = 1.0) -> None:
    """Let workers and repaints end."""
    await asyncio.sleep(seconds)
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Type keys."""
    await pilot.press(*keys)
    await settle(pilot, 0.2)


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Type a line and send it."""
    names = {" ": "space"}
    await pilot.press(*(names.get(char, char) for char in text), "enter")


async def in_editor(pilot: Pilot[None]) -> None:
    """The Editor on a Modelfile, with two values turned and one too far."""
    await press(pilot, "n")
    await settle(pilot)
    await type_text(pilot, "beginner.modelfile")
    await settle(pilot, 2)
    await press(pilot, *["left"] * 8)
    await press(pilot, *"jj", *["right"] * 4, *"kk")
    await settle(pilot)


async def in_playground(pilot: Pilot[None]) -> None:
    """The Playground after some questions."""
    await press(pilot, "f5")
    await settle(pilot, 3)
    for question in QUESTIONS:
        await type_text(pilot, question)
        await settle(pilot, 3)


async def take(steps: Steps, path: Path) -> None:
    """Run the app through some steps and write what it shows."""
    app = AetherApp(replace(load_settings(), theme="dark"), True)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot, 2)
        await steps(pilot)
        # Viewers drop the blanks at the ends of texts unless they are told to keep them.
        svg = app.export_screenshot(title="aether").replace("<text ", '<text xml:space="preserve" ')
        path.write_text(svg, encoding="utf-8")


def main() -> int:
    """Take all pictures into a folder, `docs` by default."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ.pop("NO_COLOR", None)
        os.environ.update(AETHER_HOME=f"{home}/aether", COLORTERM="truecolor")
        os.chdir(home)
        Path("beginner.modelfile").write_text(MODELFILE)
        asyncio.run(take(in_editor, folder / "editor.svg"))
        asyncio.run(take(in_playground, folder / "playground.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
