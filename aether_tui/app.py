"""The app: screens, themes, keys, and what every screen may ask of it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from textual import events
from textual.app import App, SuspendNotSupported
from textual.geometry import Size
from textual.reactive import Initialize, Reactive
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget

from aether_tui import quirks
from aether_tui.actions import actions_by_id, bindings, key_label, keymap, keys_of
from aether_tui.core.errors import AetherError
from aether_tui.core.kinds import EngineKind
from aether_tui.core.units import file_size
from aether_tui.screens.base import WorkScreen
from aether_tui.settings import Settings, save_setting
from aether_tui.widgets.tab_row import TabRow
from aether_tui.widgets.themes import style_sheet, textual_theme, theme_data
from aether_tui.widgets.top_bar import TopState

if TYPE_CHECKING:
    from aether_tui.core.inventory import EngineStatus, LoadedModel
    from aether_tui.services import Services
    from aether_tui.services.editing import EditSession

ENGINE_WORDS = {EngineKind.LLAMACPP: "llama.cpp", EngineKind.EMBEDDED: "llama.cpp"}
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
    CSS_PATH = [style_sheet("app"), style_sheet("editor"), style_sheet("playground")]
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
        self._painted_size = Size(0, 0)
        self.to_try: EditSession | None = None
        self.crash_words = ""
        self.terminal_before: list[object] | None = None
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
        self.top = self.top._replace(**changes)  # type: ignore[arg-type]
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

    def try_session(self, session: EditSession) -> None:
        """Open the Playground with the settings of an edit; the screen takes `to_try` when it comes up."""
        self.to_try = session
        self.open_screen("playground")

    async def refresh_loaded(self) -> None:
        """Ask what is loaded, and show it in the top bar."""
        try:
            loaded = await self.services.hosts.engine().loaded()
        except AetherError:
            loaded = []  # The host's own mark says already that it does not answer.
        self.show_top(loaded=loaded_words(loaded))

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

    def edit_outside(self, text: str, name: str) -> str | None:
        """Let the user edit a text in their own editor; None when that failed, which is said."""
        from aether_tui import terminal

        try:
            with self.suspend():
                edited = terminal.edit_outside(text, name)
        except AetherError as error:
            self.tell(error.text, "error")
            edited = None
        except SuspendNotSupported:
            self.tell("this terminal can't make room for another program", "error")
            edited = None
        self.action_redraw()
        return edited

    def switch_host(self, name: str | None) -> None:
        """Make another host current."""
        if name is None:
            return
        self.run_worker(self._switch_host(name), group="host", exclusive=True)

    async def _switch_host(self, name: str) -> None:
        try:
            self.show_top(host=name, engine="", reachable=None, loaded="", speed="")
            hosts = self.services.hosts
            # The current host chosen again is asked again.
            status = await (hosts.status() if name == hosts.current.name else hosts.switch(name))
        except AetherError as error:
            self.tell(error.text, "error")
            return
        self.show_host(status)
        for screen in self.work_screens:
            await screen.host_changed()
        await self.refresh_loaded()

    def show_host(self, status: EngineStatus | None) -> None:
        """Show the current host and its state in the top bar; None while it is asked."""
        host = self.services.hosts.current
        version = f" {status.version}" if status is not None and status.version else ""
        kind = ENGINE_WORDS.get(host.kind, str(host.kind))
        self.show_top(host=host.name, engine=kind + version, reachable=status.reachable if status is not None else None)
        if status is not None and not status.reachable and status.reason:
            self.tell(f"{status.reason}; {status.remedy}" if status.remedy else status.reason, "warning")

    @property
    def work_screens(self) -> list[WorkScreen]:
        """The work screens that were opened so far."""
        stacks = self._screen_stacks.values()
        return [screen for stack in stacks for screen in stack[:1] if isinstance(screen, WorkScreen)]

    def keep_theme(self, choice: str | None, before: str) -> None:
        """Keep the chosen theme in the settings; without a choice go back to the one before."""
        self.theme = choice or before
        if choice is None or choice == self.settings.theme:
            return
        try:
            self.settings = save_setting(self.settings, "theme", choice)
        except AetherError as error:
            self.tell(f"the theme is not kept: {error.message}", "warning")

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
        self._start_pump()

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

    @property
    def has_keys_waiting(self) -> bool:
        """Whether keys that were typed are not wholly done with."""
        return bool(self._keys) or (self._key_pump is not None and not self._key_pump.done())

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
            if not node.is_running:
                continue
            node.call_next(done.set)
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

    # Actions

    def action_screen(self, name: str) -> None:
        """Show another screen."""
        self.open_screen(name)

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

    async def action_stop(self) -> None:
        """Copy a selection; else stop what runs; with nothing running, ask once more and then leave."""
        selection = getattr(self.focused, "selected_text", "") or self.screen.get_selected_text()
        if selection:
            self.copy_text(selection, "the selection")
            return
        screen = self.work_screen
        if screen is not None and screen.stop_running():
            self.tell("stopped")
            return
        now = asyncio.get_running_loop().time()
        if now - self._leave_asked < LEAVE_AGAIN_S:
            await self.leave()
            return
        self._leave_asked = now
        self.tell("ctrl+c once more leaves", "warning")

    async def action_leave(self) -> None:
        """Leave; drafts are kept."""
        await self.leave()

    async def leave(self) -> None:
        """Write what is not written yet, then end."""
        for screen in self.work_screens:
            await screen.flush()
        self.exit()

    def action_palette(self) -> None:
        """Find any action by its name."""
        self._open_page("open_palette")

    def action_help(self) -> None:
        """The keys that work here."""
        self._open_page("open_help")

    def action_hosts(self) -> None:
        """Choose another server."""
        self._open_page("open_hosts")

    def action_themes(self) -> None:
        """Choose the colours."""
        self._open_page("open_themes")

    def action_calls(self) -> None:
        """The exact calls made."""
        self._open_page("open_calls")

    def _open_page(self, name: str) -> None:
        """Open a page over the work screen; pages don't pile up."""
        if isinstance(self.screen, WorkScreen):
            from aether_tui import pages

            getattr(pages, name)(self)

    def on_tab_row_chosen(self, event: TabRow.Chosen) -> None:
        """A tab was clicked."""
        self.open_screen(event.name)


def has_few_colours(env: Mapping[str, str]) -> bool:
    """Whether the terminal has 16 colours or shall show none; read as Rich reads it, which can't be asked yet."""
    if "NO_COLOR" in env:
        return True
    if env.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit") or env.get("TEXTUAL_COLOR_SYSTEM"):
        return False
    return env.get("TERM", "").strip().lower().rpartition("-")[2] not in ("256color", "kitty", "direct")


def loaded_words(loaded: list[LoadedModel]) -> str:
    """What is in memory: `support-bot 6.1 GB`, and how many more."""
    if not loaded:
        return ""
    first = loaded[0]
    size = f" {file_size(first.size_bytes)}" if first.size_bytes else ""
    more = f" +{len(loaded) - 1}" if len(loaded) > 1 else ""
    return f"{first.name}{size}{more}"
