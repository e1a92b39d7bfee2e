"""The first sign of life: a frame by raw escape codes, before anything slow is imported.

It imports nothing but `os` and `termios`: with them it is on the terminal some 20 ms after the start.
"""

from __future__ import annotations

import os
import termios

BRAND = "\x1b[1m aether\x1b[0m"
UNICODE, ASCII = "╭─╮│╰╯", "+-+|++"


def frame(columns: int, lines: int, glyphs: str = UNICODE) -> str:
    """The bars and frames of the first screen, in the terminal's own colours."""
    top_left, bar, top_right, wall, low_left, low_right = tuple(glyphs)
    left = columns * 21 // 40 if columns >= 100 else columns
    widths = [left] if left == columns else [left, columns - left]
    rows = ["".join(f"{top_left}{bar * (width - 2)}{top_right}" for width in widths)]
    rows += ["".join(f"{wall}{' ' * (width - 2)}{wall}" for width in widths)] * max(0, lines - 5)
    rows += ["".join(f"{low_left}{bar * (width - 2)}{low_right}" for width in widths)]
    body = "\r\n".join(rows)
    return f"\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H{BRAND}\x1b[3;1H\x1b[2m{body}\x1b[0m"


def show(fd: int) -> None:
    """Paint the frame."""
    columns, lines = os.get_terminal_size(fd)
    if columns >= 8 and lines >= 6:
        glyphs = ASCII if os.environ.get("AETHER_GLYPHS") == "ascii" else UNICODE
        os.write(fd, frame(columns, lines, glyphs).encode())


def quiet(fd: int) -> list[object] | None:
    """Stop the terminal from echoing what is typed ahead, and from changing it; gives what to restore."""
    try:
        before: list[object] = list(termios.tcgetattr(fd))
        now = termios.tcgetattr(fd)
        # An enter that was turned into a line feed would be ctrl+j; ctrl+s would halt the terminal.
        now[0] &= ~(termios.ICRNL | termios.IXON)
        now[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(fd, termios.TCSANOW, now)
    except termios.error:
        return None
    return before


def restore(fd: int, before: list[object] | None) -> None:
    """Give the terminal back as it was."""
    if before is not None:
        try:
            termios.tcsetattr(fd, termios.TCSANOW, before)  # type: ignore[arg-type]
        except termios.error:
            return  # The terminal is gone: there is nothing to restore.


def leave(fd: int) -> None:
    """Go back to the shell's screen, when the app did not start."""
    os.write(fd, b"\x1b[?1049l\x1b[?25h")
