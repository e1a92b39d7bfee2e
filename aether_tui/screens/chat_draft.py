"""The message being written, kept on disk so that a crash or a lost line loses at most its last second."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual.timer import Timer

from aether_tui.core.errors import AetherError

if TYPE_CHECKING:
    from aether_tui.screens.base import WorkScreen
    from aether_tui.services.drafts import DraftStore

SAVE_AFTER_S = 1.0
KIND = "chat"


class ChatDraft:
    """Writes the text of the field once typing rests; brings back what another run of the app left behind."""

    def __init__(self, screen: WorkScreen) -> None:
        self._screen = screen
        self._timer: Timer | None = None
        self._key = ""
        self._text = ""
        self._saved = ""
        self._told = False

    @property
    def _store(self) -> DraftStore:
        return self._screen.shell.services.drafts

    def changed(self, text: str) -> None:
        """The text is another one."""
        self._text = text
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(SAVE_AFTER_S, self._save_later)

    def _save_later(self) -> None:
        self._screen.run_worker(self.save(), group="draft", exclusive=True)

    async def save(self) -> None:
        """Write what is not written yet. A disk that refuses is named once."""
        text = self._text
        if text == self._saved:
            return
        try:
            await asyncio.to_thread(self._write, text)
        except AetherError as error:
            if not self._told:
                self._told = True
                self._screen.shell.tell(f"the message being written is not kept: {error.message}", "warning")
            return
        self._saved = text

    def _write(self, text: str) -> None:
        from aether_tui.services.drafts import Draft

        self._key = self._key or self._store.new_key("message")
        if text.strip():
            self._store.save(Draft(self._key, KIND, "message", time.time(), text.encode("utf-8", "surrogatepass")))
        else:
            self._store.remove(self._key)

    async def left_behind(self) -> str:
        """The newest message that another run of the app left unsent; it is this run's from now on."""
        try:
            return await asyncio.to_thread(self._take_over)
        except AetherError as error:
            self._screen.shell.tell(error.text, "warning")
            return ""

    def _take_over(self) -> str:
        drafts = [draft for draft in self._store.left_behind() if draft.kind == KIND]
        if not drafts:
            return ""
        self._key = drafts[0].key
        self._saved = drafts[0].content.decode("utf-8", "surrogatepass")
        return self._saved
