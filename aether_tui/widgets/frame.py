"""The lines of a pane's frame, and text that is put together from parts by role."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment

from aether_tui.widgets.roles import Glyphs, Roles
from aether_tui.widgets.text import fit

Parts = Sequence[tuple[str, str]]
"""Text with the role it is drawn in: `[("+3", "added"), (" to installed", "muted")]`."""

FRAME = 2
MARGIN = 4


def segments_of(parts: Parts, roles: Roles) -> list[Segment]:
    """Segments of some text by role."""
    return [Segment(text, roles.get(role)) for text, role in parts if text]


def parts_width(parts: Parts) -> int:
    """The cells that some parts take."""
    return sum(cell_len(text) for text, _ in parts)


def wrap_parts(parts: Parts, width: int) -> list[Parts]:
    """The parts as lines of at most `width` cells, broken at spaces."""
    if parts_width(parts) <= width:
        return [parts]
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0
    for text, role in parts:
        for word in re.findall(r"\s+|\S+", text):
            size = cell_len(word)
            if used + size > width and used:
                lines.append([])
                used = 0
            if used or not word.isspace():
                lines[-1].append((word, role))
                used += size
    return list(lines)


def frame_line(
    width: int,
    ends: tuple[str, str],
    title: str,
    status: Parts,
    active: bool,
    roles: Roles,
    glyphs: Glyphs,
) -> list[Segment]:
    """A line of a frame with a title at the left and a status at the right, which goes first when room is short."""
    edge = roles.accent if active else roles.frame
    left, right_end = ends
    room = width - 6
    title = fit(title, max(0, room - 2), glyphs.ellipsis) if title else ""
    used = cell_len(title) + 2 if title else 0
    taken = parts_width(status) + 2 if status else 0
    if used + taken > room:
        status, taken = (), 0
    segments = [Segment(left + glyphs.line, edge)]
    if title:
        segments.append(Segment(f" {title} ", roles.get("bold accent" if active else "bold text")))
    segments.append(Segment(glyphs.line * max(0, width - 4 - used - taken), edge))
    if status:
        segments += [Segment(" ", edge), *segments_of(status, roles), Segment(" ", edge)]
    segments.append(Segment(glyphs.line + right_end, edge))
    return segments
