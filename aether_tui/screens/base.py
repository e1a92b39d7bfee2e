"""What every work screen has: the bars, the panes between them, and the way to the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from textual.app import ComposeResult
from textual.geometry import Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from aether_tui.widgets.key_bar import KeyBar
from aether_tui.widgets.tab_row import TabRow
from aether_tui.widgets.top_bar import TopBar, TopState

if TYPE_CHECKING:
    from collections.abc import Callable

    from aether_tui.core.inventory import EngineStatus
    from aether_tui.services import Services
    from aether_tui.services.editing import EditSession
    from aether_tui.settings import Settings

NARROW = 100
WIDE = 140


def width_class(width: int) -> str:
    """The breakpoint class of a width."""
    return "-narrow" if width < NARROW else "-wide" if width >= WIDE else "-normal"


def breakpoint_classes(width: int) -> dict[str, bool]:
    """Every breakpoint class, and whether it holds."""
    wanted = width_class(width)
    return {name: name == wanted for name in ("-narrow", "-normal", "-wide")}


class Shell(Protocol):
    """What the app gives its screens."""

    settings: Settings
    top: TopState
    demo: bool
    to_try: EditSession | None

    @property
    def work_screens(self) -> list[WorkScreen]:
        """The work screens that were opened so far."""
        ...

    @property
    def services(self) -> Services:
        """The services, made on first use."""
        ...

    def open_screen(self, name: str) -> None:
        """Show another screen."""
        ...

    def show_top(self, **changes: object) -> None:
        """Change what the top bar shows."""
        ...

    def show_host(self, status: EngineStatus | None) -> None:
        """Show the current host and its state in the top bar; None while it is asked."""
        ...

    def tell(self, text: str, role: str = "muted") -> None:
        """Say what just happened at the end of the tab row."""
        ...

    def take_back(self, text: str) -> None:
        """Say no longer what does not hold any more."""
        ...

    def copy_text(self, text: str, what: str) -> None:
        """Copy by the terminal's clipboard, say how, and keep a file beside it."""
        ...

    def try_session(self, session: EditSession) -> None:
        """Open the Playground with the settings of an edit."""
        ...

    async def refresh_loaded(self) -> None:
        """Ask what is loaded, and show it in the top bar."""
        ...

    def after_paint(self, call: Callable[[], object]) -> None:
        """Do something once the first screen is on the terminal; at once when it is."""
        ...

    def edit_outside(self, text: str, name: str) -> str | None:
        """Let the user edit a text in their own editor; None when that failed, which was said."""
        ...

    def keys_wait_for(self, widget: Widget) -> None:
        """Keys that were typed ahead wait until the widget has the focus."""
        ...

    def keys_wait_until(self, ready: Callable[[], bool]) -> None:
        """Keys that were typed ahead wait until something is so."""
        ...


class WorkScreen(Screen[None]):
    """A screen with a tab of its own. Subclasses give `compose_body`."""

    NAME: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-normal"), (WIDE, "-wide")]

    BLANK = True

    # Textual's own repaints the whole screen when the focus moves.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__(name=self.NAME, classes=f"work {width_class(self.app.size.width)}")
        # Textual would parse every style sheet again for a screen that looks older than they are.
        self._css_update_count = self.app._css_update_count

    def _screen_resized(self, size: Size) -> None:
        """The breakpoint first: Textual lays out and paints for the old one, then again for the new."""
        self.update_classes(breakpoint_classes(size.width), animate=False)
        super()._screen_resized(size)

    def _compositor_refresh(self) -> None:
        """Textual draws while updates are held back, and throws the picture away."""
        if not self.app._batch_count:
            super()._compositor_refresh()

    @property
    def shell(self) -> Shell:
        """The app, as screens may use it."""
        return cast("Shell", self.app)

    def compose_body(self) -> ComposeResult:
        """The panes."""
        yield from ()

    def compose(self) -> ComposeResult:
        shell = self.shell
        yield TopBar(shell.top)
        yield TabRow(self.app.tabs, self.NAME)  # type: ignore[attr-defined]
        yield from self.compose_body()
        yield KeyBar()

    async def flush(self) -> None:
        """Write what is not written yet: the app ends."""

    async def host_changed(self) -> None:
        """Another server is current: show what holds there."""

    def stop_running(self) -> bool:
        """Stop what streams or runs here; False when there was nothing."""
        return False

    def show_top(self, state: TopState) -> None:
        """Called by the app when the top bar's figures changed, and when the screen comes up."""
        for bar in self.query(TopBar):
            bar.show(state)

    def tell(self, text: str, role: str = "muted") -> None:
        """Show a notice at the end of the tab row."""
        for row in self.query(TabRow):
            row.tell(text, role)

    def take_back(self, text: str) -> None:
        """Show a notice no longer, if it still stands."""
        for row in self.query(TabRow):
            if text and row.notice[0] == text:
                row.tell("")
