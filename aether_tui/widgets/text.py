"""Text by cells: cutting, padding, wrapping, and taking out what a terminal would obey."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, chop_cells, set_cell_size

# Text from files and servers must not move the cursor or change colours.
_CONTROLS = {
    code: "\ufffd" for code in (*range(0x00, 0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F))
}
_CONTROLS |= {code: "\ufffd" for code in range(0x2066, 0x206A)}
_CONTROLS[0x09] = "    "
_CONTROLS[0x0A] = " "
_CONTROLS[0x0D] = ""


def clean(text: str) -> str:
    """One line that a terminal only shows: control and direction characters become a mark, a tab four spaces."""
    return text if text.isascii() and text.isprintable() else text.translate(_CONTROLS)


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """The text, cut to `width` cells with an ellipsis where it is too long."""
    if cell_len(text) <= width:
        return text
    if width <= len(ellipsis):
        return ellipsis[: max(0, width)]
    return set_cell_size(text, width - len(ellipsis)).rstrip() + ellipsis


def pad(text: str, width: int) -> str:
    """The text cut or filled to exactly `width` cells."""
    return set_cell_size(text, width) if width > 0 else ""


def right(text: str, width: int) -> str:
    """The text moved to the right end of `width` cells, cut where too long."""
    text = fit(text, width)
    return " " * (width - cell_len(text)) + text


@lru_cache(256)
def wrap(text: str, width: int) -> tuple[str, ...]:
    """Lines of at most `width` cells, broken at spaces where there are any. Newlines stay breaks."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrap_line(clean(paragraph), max(1, width)))
    return tuple(lines)


def _wrap_line(text: str, width: int) -> list[str]:
    if cell_len(text) <= width:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = chop_cells(word, width) or [""]
        lines.extend(full)
    lines.append(line)
    return lines
