"""Keys one at a time, so that what is typed ahead over a slow line lands where it belongs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import events
from textual.widget import Widget

if TYPE_CHECKING:
    from aether_tui.app_base import TerminalApp

PATIENCE_S = 1.0
POLL_S = 0.004


class KeyPump:
    """Delivers a key or paste when the one before it is wholly done: a tab moves the focus before the next letter.

    Textual hands a key to the widget that has the focus when it is read, so a letter typed right after tab, or after
    the key that opens a field, would go to the widget before.
    """

    def __init__(self, app: TerminalApp, deliver: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._deliver = deliver
        self._queue: deque[events.Event] = deque()
        self._task: asyncio.Task[None] | None = None
        self._awaited: list[Callable[[], bool]] = []

    @property
    def busy(self) -> bool:
        """Whether a key is not wholly done with."""
        return bool(self._queue) or (self._task is not None and not self._task.done())

    def push(self, event: events.Event) -> None:
        """Queue a key or a paste."""
        self._queue.append(event)
        self.start()

    def start(self) -> None:
        """Deliver what waits, once the first screen is there."""
        if self._queue and self._app.painted and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    def wait_for(self, widget: Widget) -> None:
        """Hold keys back until the widget has the focus, or a second has gone."""
        self.wait_until(lambda: widget.has_focus)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Hold keys back until something is so, or a second has gone."""
        self._awaited.append(ready)

    async def _run(self) -> None:
        app = self._app
        while self._queue:
            event = self._queue.popleft()
            await self._focus_settled()
            target = app.focused or app.screen
            try:
                with app._context():
                    await self._deliver(event)
            except Exception as error:
                # As in Textual's own loop: a task of ours must not hide it.
                app._handle_exception(error)
                return
            await self._handled(target)
            if app.screen not in target.ancestors_with_self:
                # What the key chose or opened is passed on in the queue of the screen that comes up.
                await self._handled(app.screen)

    async def _handled(self, target: Widget) -> None:
        """Wait until an event went from a widget up to the app."""
        for node in target.ancestors_with_self:
            if not node.is_running:
                continue
            done = asyncio.Event()
            node.call_next(done.set)
            try:
                await asyncio.wait_for(done.wait(), PATIENCE_S)
            except TimeoutError:
                return

    async def _focus_settled(self) -> None:
        """Wait for the field or page that the last key opened."""
        for _ in range(int(PATIENCE_S / POLL_S)):
            self._awaited = [ready for ready in self._awaited if not ready()]
            screen = self._app.screen
            # While the terminal is in the background nothing has the focus; the next key brings it back.
            focused = screen.focused is not None or not self._app.app_focus
            if not self._awaited and screen.is_mounted and focused:
                return
            await asyncio.sleep(POLL_S)
        self._awaited.clear()
