"""The app: screens, themes, keys, and what every screen may ask of it."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App, RenderableType
from textual.reactive import Initialize, Reactive
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget

from aether_tui import quirks
from aether_tui.actions import actions_by_id, bindings, key_label, keymap, keys_of
from aether_tui.screens.base import WorkScreen
from aether_tui.settings import Settings
from aether_tui.widgets.tab_row import TabRow
from aether_tui.widgets.themes import style_sheet, textual_theme, theme_data
from aether_tui.widgets.top_bar import TopState

if TYPE_CHECKING:
    from aether_tui.services import Services

LEAVE_AGAIN_S = 3.0
FOCUS_WAIT_S = 1.0


def _editor() -> Screen[Any]:
    from aether_tui.screens.editor import EditorScreen

    return EditorScreen()


def _playground() -> Screen[Any]:
    from aether_tui.screens.playground import PlaygroundScreen

    return PlaygroundScreen()


SCREENS: dict[str, tuple[str, Callable[[], Screen[Any]]]] = {
    "editor": ("Editor", _editor),
    "playground": ("Playground", _playground),
}
"""The work screens that exist: name, title, and how it is made when it is first opened."""


class AetherApp(App[None], inherit_bindings=False):
    """The full-screen app. `demo` opens it on the model that ships with the package, with the embedded engine."""

    TITLE = "aether"
    CSS_PATH = [style_sheet("app"), style_sheet("editor")]
    BINDINGS = bindings("app")
    ENABLE_COMMAND_PALETTE = False
    PAUSE_GC_ON_SCROLL = True
    DEFAULT_MODE = "editor"
    MODES = {name: make for name, (_, make) in SCREENS.items()}

    # Redeclared: Textual's repaint everything when the terminal's focus comes or goes, and a theme set
    # in __init__ parses the style sheets twice.
    app_focus = Reactive(True, compute=False, repaint=False)
    theme: Reactive[str] = Reactive(Initialize(lambda app: app._first_theme()))  # type: ignore[attr-defined]

    def __init__(self, settings: Settings, demo: bool = False, services: Services | None = None) -> None:
        self.settings = settings
        self.demo = demo
        self.glyphs = settings.glyphs
        self.top = TopState()
        self.painted = False
        self._services = services
        self._keys: deque[events.Event] = deque()
        self._key_pump: asyncio.Task[None] | None = None
        self._awaited: Widget | None = None
        self._leave_asked = 0.0
        self._after_paint: list[Callable[[], object]] = []
        super().__init__()
        self._disable_tooltips = True
        self._disable_notifications = True
        self.animation_level = "none"
        self._keymap = self._normalize_keymap(keymap(settings.keys))

    # Themes

    def _first_theme(self) -> str:
        chosen = self.settings.theme
        if "NO_COLOR" in os.environ and not chosen.startswith("ansi"):
            # Textual would only turn colours into greys; the 16-colour themes are readable without any.
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

    # What screens ask for

    @property
    def services(self) -> Services:
        """The services, made on first use."""
        if self._services is None:
            from aether_tui.services import Services

            self._services = Services(self.settings, demo=self.demo)
        return self._services

    @property
    def tabs(self) -> tuple[tuple[str, str, str], ...]:
        """(name, key, title) of the screens."""
        actions = actions_by_id()
        return tuple(
            (name, key_label((keys_of(actions[f"app.{name}"], self.settings.keys) or ("",))[0]), title)
            for name, (title, _) in SCREENS.items()
        )

    def show_top(self, **changes: object) -> None:
        """Change what the top bar shows."""
        self.top = replace(self.top, **changes)  # type: ignore[arg-type]
        screen = self.work_screen
        if screen is not None:
            screen.show_top(self.top)

    @property
    def work_screen(self) -> WorkScreen | None:
        """The work screen under whatever dialogs are open."""
        for screen in self.screen_stack[:1]:
            if isinstance(screen, WorkScreen):
                return screen
        return None

    def tell(self, text: str, role: str = "muted") -> None:
        """Say what just happened at the end of the tab row."""
        screen = self.work_screen
        if screen is not None:
            screen.tell(text, role)

    def open_screen(self, name: str) -> None:
        """Show another screen; it is made when it is first asked for."""
        if name != self.current_mode and not isinstance(self.screen, WorkScreen):
            self.screen.dismiss()
        self.switch_mode(name)
        screen = self.work_screen
        if screen is not None:
            screen.show_top(self.top)

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
        self._start_pump()

    # Keys: one at a time, so that what is typed ahead lands where it belongs

    async def on_event(self, event: events.Event) -> None:
        """Queue keys and pastes; all else goes its way."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._keys.append(event)
            self._start_pump()
        else:
            await super().on_event(event)

    def _start_pump(self) -> None:
        if self._keys and self.painted and (self._key_pump is None or self._key_pump.done()):
            self._key_pump = asyncio.create_task(self._pump_keys())

    async def _pump_keys(self) -> None:
        """Deliver each key when the one before it is wholly done: a tab moves the focus before the next letter."""
        while self._keys:
            event = self._keys.popleft()
            await self._focus_settled()
            target = self.focused or self.screen
            with self._context():
                await super().on_event(event)
            await self._handled(target)

    async def _handled(self, target: Widget) -> None:
        """Wait until an event went from a widget up to the app."""
        for node in target.ancestors_with_self:
            done = asyncio.Event()
            if not node.is_running or not node.call_next(done.set):
                continue
            try:
                await asyncio.wait_for(done.wait(), FOCUS_WAIT_S)
            except TimeoutError:
                return

    async def _focus_settled(self) -> None:
        """Wait for the field or dialog that the last key opened."""
        for _ in range(int(FOCUS_WAIT_S / 0.004)):
            awaited = self._awaited
            if awaited is not None and awaited.has_focus:
                awaited = self._awaited = None
            if awaited is None and self.screen.is_mounted:
                return
            await asyncio.sleep(0.004)
        self._awaited = None

    def keys_wait_for(self, widget: Widget) -> None:
        """Keys typed ahead wait until the widget has the focus (or a second has gone)."""
        self._awaited = widget

    # Painting

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)

    def on_resize(self) -> None:
        """The terminal may have moved what it shows."""
        quirks.forget_screen()

    def action_redraw(self) -> None:
        """Paint the whole screen again."""
        quirks.forget_screen()
        self.screen.refresh(layout=True)

    # Actions

    def action_screen(self, name: str) -> None:
        """Show another screen."""
        self.open_screen(name)

    def action_next_pane(self) -> None:
        """Move the focus on."""
        self.screen.focus_next()

    def action_previous_pane(self) -> None:
        """Move the focus back."""
        self.screen.focus_previous()

    def action_stop(self) -> None:
        """Stop what runs; with nothing running, ask once more and then leave."""
        screen = self.work_screen
        if screen is not None and screen.stop_running():
            self.tell("stopped")
            return
        now = asyncio.get_running_loop().time()
        if now - self._leave_asked < LEAVE_AGAIN_S:
            self.exit()
            return
        self._leave_asked = now
        self.tell("ctrl+c once more leaves", "warning")

    def action_leave(self) -> None:
        """Leave; drafts are kept."""
        self.exit()

    def on_tab_row_chosen(self, event: TabRow.Chosen) -> None:
        """A tab was clicked."""
        self.open_screen(event.name)


def run_app(settings: Settings, demo: bool = False) -> int:
    """Run the app until the user leaves; the exit status."""
    quirks.install()
    gc.disable()
    app = AetherApp(settings, demo)
    app.run(mouse=settings.mouse)
    return app.return_code or 0


def log_folder(settings: Settings) -> Path:
    """Where crash reports go."""
    return settings.home / "logs"
