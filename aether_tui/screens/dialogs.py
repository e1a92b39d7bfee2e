"""Pages over a work screen: choosing from a list, reading, and their common frame."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar, cast

from textual.app import ComposeResult
from textual.geometry import Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from aether_tui.actions import bindings
from aether_tui.core.errors import AetherError
from aether_tui.screens.base import Shell, breakpoint_classes, width_class
from aether_tui.widgets.frame import Parts
from aether_tui.widgets.key_bar import KeyBar
from aether_tui.widgets.pane import Pane
from aether_tui.widgets.pick_list import PickItem, PickList, Section
from aether_tui.widgets.text_pane import TextPane
from aether_tui.widgets.top_bar import TopBar

Result = TypeVar("Result")


class Page(Screen[Result], Generic[Result]):
    """A page that covers the work screen until it is left. `dismiss` gives its result.

    Panes are its direct children: a container would bring a style sheet to parse, and a second painting.
    """

    CLASS: ClassVar[str] = ""
    of_app = False
    """Whether it is one that any screen can open (palette, help); those don't pile up."""

    BINDINGS = bindings("dialog")
    BLANK = True
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (140, "-wide")]

    def __init__(self) -> None:
        super().__init__(classes=f"work page {self.CLASS} {width_class(self.app.size.width)}")
        self._css_update_count = self.app._css_update_count

    def _screen_resized(self, size: Size) -> None:
        """As in the work screens."""
        self.update_classes(breakpoint_classes(size.width), animate=False)
        super()._screen_resized(size)

    @property
    def shell(self) -> Shell:
        """The app, as screens may use it."""
        return cast("Shell", self.app)

    def compose_body(self) -> ComposeResult:
        """The panes."""
        yield from ()

    def compose(self) -> ComposeResult:
        yield TopBar(self.shell.top)
        yield from self.compose_body()
        yield KeyBar()

    def action_close(self) -> None:
        """Leave without a result."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Retry is offered where something is fetched."""
        return action != "retry" or self.fetches

    @property
    def fetches(self) -> bool:
        """Whether something here is asked for, so that it can be asked for again."""
        return False


@dataclass(slots=True)
class Source:
    """One section of a picker: what it is called, how its choices are had, and which of them can't be read."""

    title: str
    load: Callable[[], Awaitable[Sequence[PickItem]]] | None = None
    items: Sequence[PickItem] = ()
    waiting: str = "loading"
    empty: str = ""
    broken: Callable[[], Sequence[AetherError]] = tuple


class PickerPage(Page[str]):
    """Choose one thing; the result is its id. Sections load side by side, each tells its own state."""

    def __init__(
        self,
        title: str,
        sources: Sequence[Source],
        *,
        hint: str = "type to filter",
        select: str = "",
        typed: Callable[[str], Sequence[PickItem]] = lambda text: (),
        on_highlight: Callable[[PickItem | None], object] | None = None,
        preview_title: str = "",
    ) -> None:
        super().__init__()
        self.set_class(bool(preview_title), "-beside", update=False)
        self.sources = sources
        self.sections = [
            Section(
                source.title,
                source.items,
                "loading" if source.load is not None else "data",
                source.waiting,
                source.empty,
            )
            for source in sources
        ]
        self._select = select
        self._follow = on_highlight
        self._preview_title = preview_title
        self._title = title
        self._hint = hint
        self._typed = typed

    def compose_body(self) -> ComposeResult:
        yield PickList(
            self._title,
            hint=self._hint,
            on_choose=lambda item: self.dismiss(item.id),
            on_highlight=self._highlighted,
            typed=self._typed,
            hold_keys=self.shell.keys_wait_until,
            id="picks",
        )
        if self._preview_title:
            preview = TextPane(self._preview_title, id="preview")
            preview.can_focus = self.app.size.width >= 100
            yield preview

    def on_mount(self) -> None:
        """Show what is there, ask for the rest."""
        self._show(self._select)
        self.query_one(PickList).focus()
        self.action_retry()

    @property
    def fetches(self) -> bool:
        return any(source.load is not None for source in self.sources)

    def action_retry(self) -> None:
        """Ask for every section again."""
        for index, source in enumerate(self.sources):
            if source.load is not None:
                self.run_worker(self._load(index, source.load), group=f"section-{index}", exclusive=True)

    async def _load(self, index: int, load: Callable[[], Awaitable[Sequence[PickItem]]]) -> None:
        section = self.sections[index]
        section.state = "loading"
        self._show()
        try:
            section.items = await load()
            section.broken = self.sources[index].broken()
            section.state, section.error = "data", None
        except AetherError as error:
            section.items, section.state, section.error = (), "error", error
        self._show()

    def _show(self, select: str = "") -> None:
        # None when the page was left while something was still loading.
        for picks in self.query(PickList):
            picks.show(self.sections, select)

    def _highlighted(self, item: PickItem | None) -> None:
        if self._follow is not None:
            self._follow(item)
        if self._preview_title and self.is_mounted:
            lines: Sequence[Parts] = item.preview if item is not None else ()
            for pane in self.query(TextPane):
                pane.show(lines)


class ReadPage(Page[None]):
    """Lines to read: help, calls. `copy` gives the text that y copies."""

    BINDINGS = bindings("calls")

    def __init__(self, title: str, lines: Sequence[Parts], *, copy: Callable[[], str] | None = None) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._copy = copy

    def compose_body(self) -> ComposeResult:
        yield TextPane(self._title, id="reading")

    def on_mount(self) -> None:
        """Show the lines."""
        pane = self.query_one(TextPane)
        pane.show(self._lines)
        pane.focus()

    def action_copy(self) -> None:
        """Copy what can be used elsewhere."""
        if self._copy is not None:
            self.shell.copy_text(self._copy(), self._title.lower())
            self.query_one(Pane).set_status([("copied", "good")])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "copy":
            return self._copy is not None
        return super().check_action(action, parameters)
