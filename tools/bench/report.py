"""The table of figures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field


def median(values: Sequence[float]) -> float:
    """The middle value."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, the value and its limit in the same unit."""

    what: str
    value: float
    unit: str
    limit: float | None
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the value is within its budget; what has none is only told."""
        return self.limit is None or self.value <= self.limit


@dataclass(slots=True)
class Report:
    """Collects figures and prints them."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, what: str, value: float, unit: str, limit: float | None = None, note: str = "") -> None:
        """Note one figure."""
        self.figures.append(Figure(what, value, unit, limit, note))

    @property
    def missed(self) -> list[Figure]:
        """The figures over their budget."""
        return [figure for figure in self.figures if not figure.is_met]

    def print(self) -> None:
        """Print the table on standard output."""
        sys.stdout.write(f"{'what':<58} {'measured':>12} {'budget':>10}\n")
        for figure in self.figures:
            value = f"{_number(figure.value)} {figure.unit}"
            limit = f"≤ {_number(figure.limit)}" if figure.limit is not None else ""
            mark = "✓" if figure.limit is not None and figure.is_met else " " if figure.is_met else "✗ over"
            sys.stdout.write(f"{figure.what:<58} {value:>12} {limit:>10} {mark} {figure.note}".rstrip() + "\n")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
