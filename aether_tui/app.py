"""The app: screens, themes, keys, and what every screen may ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from aether_tui.actions import actions_by_id, bindings, key_label, keys_of
from aether_tui.app_base import TerminalApp
from aether_tui.core.errors import AetherError
from aether_tui.core.kinds import EngineKind
from aether_tui.core.units import file_size
from aether_tui.screens.base import WorkScreen
from aether_tui.settings import Settings, save_setting
from aether_tui.widgets.tab_row import TabRow
from aether_tui.widgets.themes import style_sheet
from aether_tui.widgets.top_bar import TopBar, TopState

if TYPE_CHECKING:
    from aether_tui.core.inventory import EngineStatus, LoadedModel
    from aether_tui.services import Services
    from aether_tui.services.editing import EditSession

ENGINE_WORDS = {EngineKind.LLAMACPP: "llama.cpp", EngineKind.EMBEDDED: "llama.cpp"}
LEAVE_AGAIN_S = 3.0


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


class AetherApp(TerminalApp, inherit_bindings=False):
    """The full-screen app. `demo` opens it on the model that ships with the package, with the embedded engine."""

    TITLE = "aether"
    CSS_PATH = [style_sheet("app"), style_sheet("editor"), style_sheet("playground")]
    BINDINGS = bindings("app")
    DEFAULT_MODE = "editor"
    MODES = {name: make for name, (_, make) in SCREENS.items()}

    def __init__(self, settings: Settings, demo: bool = False, services: Services | None = None) -> None:
        self.demo = demo
        self.top = TopState()
        self._host_notice = ""
        self.to_try: EditSession | None = None
        self._services = services
        self._leave_asked = 0.0
        super().__init__(settings)

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
        for bar in self.screen.query(TopBar):
            bar.show(self.top)

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

    def take_back(self, text: str) -> None:
        """Say no longer what does not hold any more."""
        for screen in self.work_screens:
            screen.take_back(text)

    def open_screen(self, name: str) -> None:
        """Show another screen; it is made when it is first asked for. Pages that are open there stay open."""
        close = getattr(self.screen, "action_close", None)
        if name == self.current_mode and close is not None:
            close()
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
        if status is None:
            return
        self.take_back(self._host_notice)
        if not status.reachable and status.reason:
            self._host_notice = f"{status.reason}. {status.remedy}" if status.remedy else status.reason
            self.tell(self._host_notice, "warning")

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
        self.run_worker(self._save_theme(choice), group="settings")

    async def _save_theme(self, choice: str) -> None:
        try:
            self.settings = await asyncio.to_thread(save_setting, self.settings, "theme", choice)
        except AetherError as error:
            self.tell(f"the theme is not kept: {error.message}", "warning")

    # Actions

    def action_screen(self, name: str) -> None:
        """Show another screen."""
        self.open_screen(name)

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
        """Open a page of the app over whatever is shown; such pages don't pile up."""
        from aether_tui import pages

        if not getattr(self.screen, "of_app", False):
            getattr(pages, name)(self)

    def on_top_bar_clicked(self) -> None:
        """The host was clicked."""
        self.action_hosts()

    def on_tab_row_chosen(self, event: TabRow.Chosen) -> None:
        """A tab was clicked."""
        self.open_screen(event.name)


def loaded_words(loaded: list[LoadedModel]) -> str:
    """What is in memory: `support-bot 6.1 GB`, and how many more."""
    if not loaded:
        return ""
    first = loaded[0]
    size = f" {file_size(first.size_bytes)}" if first.size_bytes else ""
    more = f" +{len(loaded) - 1}" if len(loaded) > 1 else ""
    return f"{first.name}{size}{more}"
