"""What the app does with Textual and with the terminal, whatever it shows: themes, first paint, keys, painting."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import RenderableType
from textual import events
from textual.app import App, SuspendNotSupported
from textual.geometry import Size
from textual.reactive import Initialize, Reactive
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget

from aether_tui import quirks
from aether_tui.actions import keymap
from aether_tui.core.errors import AetherError
from aether_tui.key_pump import KeyPump
from aether_tui.settings import Settings
from aether_tui.widgets.themes import textual_theme, theme_data


class TerminalApp(App[None], inherit_bindings=False):
    """A Textual app that paints once at the start, takes keys one at a time, and leaves the terminal as it was."""

    ENABLE_COMMAND_PALETTE = False
    PAUSE_GC_ON_SCROLL = True

    # Redeclared: Textual's repaint everything when the terminal's focus comes or goes, and a theme set
    # in __init__ parses the style sheets twice.
    app_focus = Reactive(True, compute=False, repaint=False)
    theme: Reactive[str] = Reactive(Initialize(lambda app: app._first_theme()))  # type: ignore[attr-defined]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.glyphs = settings.glyphs
        self.painted = False
        self.crash_words = ""
        self.terminal_before: list[object] | None = None
        self.keys = KeyPump(self, super().on_event)
        self._painted_size = Size(0, 0)
        self._after_paint: list[Callable[[], object]] = []
        super().__init__()
        self._disable_tooltips = True
        self._disable_notifications = True
        self.animation_level = "none"
        self._keymap = self._normalize_keymap(keymap(settings.keys))

    # What the app above gives

    def tell(self, text: str, role: str = "muted") -> None:
        """Say what just happened."""

    async def leave(self) -> None:
        """End the app."""
        self.exit()

    # Themes

    def _first_theme(self) -> str:
        chosen = self.settings.theme
        if has_few_colours(os.environ) and not chosen.startswith("ansi"):
            # Without colours Textual would show greys, in 16 of them white on black; these themes need no more.
            return "ansi-light" if chosen == "light" else "ansi-dark"
        return chosen if chosen in theme_data() else "dark"

    def get_theme(self, theme_name: str) -> Theme | None:
        """Ours are made when they are first asked for."""
        if theme_name in theme_data() and theme_name not in self._own_themes:
            self._own_themes.add(theme_name)
            self._registered_themes[theme_name] = textual_theme(theme_name)
        return super().get_theme(theme_name)

    @property
    def _own_themes(self) -> set[str]:
        found: set[str] = self.__dict__.setdefault("_made_themes", set())
        return found

    def _validate_theme(self, theme_name: str) -> str:
        self.get_theme(theme_name)
        return super()._validate_theme(theme_name)

    def after_paint(self, call: Callable[[], object]) -> None:
        """Do something once the first screen is on the terminal; at once when it is."""
        if self.painted:
            call()
        else:
            self._after_paint.append(call)

    # First paint

    def on_ready(self) -> None:
        """The first screen is painted: now what would have held it up may be done."""
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self.painted = True
        gc.collect()
        gc.freeze()
        gc.enable()
        for call in self._after_paint:
            call()
        self._after_paint.clear()
        if self.settings.problem is not None:
            self.tell(self.settings.problem.text, "error")
        self.keys.start()

    def on_mount(self) -> None:
        """Leave well when the terminal or the session goes away."""
        driver = self._driver
        if self.terminal_before is not None and driver is not None and hasattr(driver, "attrs_before"):
            # The splash turned the echo off: Textual must give back what was before that.
            driver.attrs_before = self.terminal_before
        # Coming back from the shell, the terminal shows something else than what was painted last.
        self.app_resume_signal.subscribe(self, lambda _: self.call_later(self.action_redraw))
        loop = asyncio.get_running_loop()
        if driver is not None and not self.is_headless:
            for number in (signal.SIGHUP, signal.SIGTERM):
                loop.add_signal_handler(number, lambda: asyncio.ensure_future(self.leave()))

    def _fatal_error(self) -> None:
        """Write the report to a file: Textual would print it with all local values, keys among them."""
        import traceback

        error = self._exception
        report = "".join(traceback.format_exception(error)) if error is not None else traceback.format_exc()
        folder = self.settings.home / "logs"
        path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(report)
            where = f"The report is in {path}"
        except OSError as problem:
            where = f"The report can't be written ({problem.strerror}):\n{report}"
        self.crash_words = f"aether stopped on {type(error).__name__}: {error}. Unsaved edits are kept. {where}"
        self._close_messages_no_wait()

    # Keys

    async def on_event(self, event: events.Event) -> None:
        """Queue keys and pastes; all else goes its way."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.keys.push(event)
        else:
            await super().on_event(event)

    @property
    def has_keys_waiting(self) -> bool:
        """Whether keys that were typed are not wholly done with."""
        return self.keys.busy

    def keys_wait_for(self, widget: Widget) -> None:
        """Keys typed ahead wait until the widget has the focus (or a second has gone)."""
        self.keys.wait_for(widget)

    def keys_wait_until(self, ready: Callable[[], bool]) -> None:
        """Keys typed ahead wait until something is so (or a second has gone)."""
        self.keys.wait_until(ready)

    def action_next_pane(self) -> None:
        """Move the focus on; in an open field, take it and go to the next one."""
        if not self._next_field(1):
            self.screen.focus_next()

    def action_previous_pane(self) -> None:
        """Move the focus back."""
        if not self._next_field(-1):
            self.screen.focus_previous()

    def _next_field(self, step: int) -> bool:
        mover = getattr(self.focused, "next_field", None)
        return mover is not None and bool(mover(step))

    # Painting

    def delay_update(self, delay: float = 0.05) -> None:
        """Textual holds each switch of screens back by that much, so that slow ones come whole; ours are quick."""

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Paint, but not an empty screen: the splash stands until there is something to show."""
        if self.painted or any(child.size for child in screen.children):
            self._painted_size = self._painted_size or self.size
            super()._display(screen, renderable)

    def on_resize(self, event: events.Resize) -> None:
        """The terminal may have moved what it shows."""
        if event.size != self._painted_size:
            self._painted_size = event.size
            quirks.forget_screen()

    def action_redraw(self) -> None:
        """Paint the whole screen again."""
        quirks.forget_screen()
        self.screen.refresh(layout=True)

    # The terminal around

    def copy_text(self, text: str, what: str) -> None:
        """Copy by the terminal's clipboard, and keep a file beside it: no terminal tells whether it took it."""
        from aether_tui import terminal

        sequence = terminal.clipboard_sequence(text)
        if sequence is not None and self._driver is not None:
            self._driver.write(sequence)
            self._driver.flush()
        try:
            path = terminal.keep_copy(self.settings.home, text)
        except AetherError as error:
            self.tell(f"{what} copied by OSC 52; no file beside it: {error.message}", "warning")
            return
        how = "copied by OSC 52, and" if sequence is not None else "too large for the clipboard:"
        self.tell(f"{what} {how} kept in {path}")

    def action_suspend_process(self) -> None:
        """Go to the shell, where there is one."""
        from aether_tui import terminal

        if terminal.has_job_control():
            super().action_suspend_process()
        else:
            self.tell("there is no shell here to come back from: ctrl+c twice leaves", "warning")

    def edit_outside(self, text: str, name: str) -> str | None:
        """Let the user edit a text in their own editor; None when that failed, which is said."""
        from aether_tui import terminal

        edited: str | None = None
        failed: AetherError | None = None
        try:
            with terminal.signals_held(), self.suspend():
                try:
                    edited = terminal.edit_outside(text, name)
                except AetherError as error:
                    failed = error  # Raised in here, it would leave the terminal to the editor that is gone.
        except SuspendNotSupported:
            self.tell("this terminal can't make room for another program", "error")
        if failed is not None:
            self.tell(failed.text, "error")
        self.action_redraw()
        return edited


def has_few_colours(env: Mapping[str, str]) -> bool:
    """Whether the terminal has 16 colours or shall show none; read as Rich reads it, which can't be asked yet."""
    if "NO_COLOR" in env:
        return True
    if env.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit") or env.get("TEXTUAL_COLOR_SYSTEM"):
        return False
    return env.get("TERM", "").strip().lower().rpartition("-")[2] not in ("256color", "kitty", "direct")
