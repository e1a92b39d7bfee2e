"""A terminal that goes away under the app (closed window, lost line): the app ends well and nothing is left behind.

Textual's writer thread would die of the first failed write, and the app wait for ever for room in its queue; its
input thread would ask the dead terminal again and again, at the cost of a processor.
"""

from __future__ import annotations

import codecs
import os
import signal
import time

from textual.drivers._writer_thread import WriterThread

REST_S = 0.1


def install() -> None:
    """Let writes to a lost terminal be dropped."""
    write_until_told = WriterThread.run

    def run(thread: WriterThread) -> None:
        try:
            write_until_told(thread)
        except OSError:
            # Whoever still paints must not wait; the end comes as None.
            while thread._queue.get() is not None:
                pass

    WriterThread.run = run  # type: ignore[method-assign, assignment]


class TerminalDecoder(codecs.IncrementalDecoder):
    """Text of what a terminal sends; bytes that are not UTF-8 don't end the app, the end of the terminal does."""

    def __init__(self, errors: str = "replace") -> None:
        super().__init__(errors)
        self._decode = codecs.lookup("utf-8").incrementaldecoder("replace").decode

    def decode(self, data: bytes, final: bool = False) -> str:  # type: ignore[override]
        """The text so far; for no bytes, which only a lost terminal sends, ask the app to leave."""
        if not data and not final:
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(REST_S)
        return self._decode(data, final)
