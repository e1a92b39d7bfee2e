"""The smallest Textual app: what every figure is compared with."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Smallest(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        yield Static("smallest app")


if __name__ == "__main__":
    Smallest().run()
