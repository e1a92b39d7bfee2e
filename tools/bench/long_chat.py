"""The app on a conversation that is long already: the number of messages is the argument."""

from __future__ import annotations

import sys

from aether_tui import quirks
from aether_tui.app import AetherApp
from aether_tui.screens.playground import PlaygroundScreen
from aether_tui.services.chatting import Turn
from aether_tui.settings import load_settings

ANSWER = """`os.path.join` puts the parts of a path together with the separator of the system.

- a part that is absolute drops what came before it
- an empty last part leaves a separator at the end

```python
import os
print(os.path.join("a", "b", "c.txt"))
```

See **pathlib** for the same with objects."""


def turns_of(messages: int) -> list[Turn]:
    """Questions and answers in turn."""
    return [
        Turn("user", f"Question {number // 2}: what does os.path.join do?")
        if number % 2 == 0
        else Turn("assistant", f"Answer {number // 2}. {ANSWER}", state="done", done_reason="stop")
        for number in range(messages)
    ]


class LongChatApp(AetherApp):
    """Opens the Playground and fills it."""

    messages = 0

    def on_ready(self) -> None:
        """As the app does, then the Playground."""
        super().on_ready()
        self.after_paint(self._fill)

    def _fill(self) -> None:
        self.open_screen("playground")
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        screen = self.screen
        assert isinstance(screen, PlaygroundScreen)
        screen.session.turns = turns_of(self.messages)
        screen.talk.show_turns(screen.session.turns)


if __name__ == "__main__":
    quirks.install()
    LongChatApp.messages = int(sys.argv[1])
    LongChatApp(load_settings()).run()
