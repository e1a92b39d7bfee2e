"""Sliders and switches: where the knob stands, what a step changes, and how they are drawn."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from decimal import Decimal

from rich.segment import Segment

from aether_tui.core.messages import ParameterValue
from aether_tui.core.schema import EffectiveParameter
from aether_tui.widgets.roles import Glyphs, Roles

SLIDER_LIMIT = 1_000_000
"""A range of more whole numbers than this without a ladder (a seed) has no slider: a step would say nothing."""


def number_of(value: ParameterValue | None) -> float | None:
    """The number a slider shows."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def stops_of(parameter: EffectiveParameter) -> tuple[float, ...]:
    """The stops of a ladder that lie in the range, with the ends of the range; empty without a ladder."""
    ladder = parameter.ladder
    if not ladder:
        return ()
    low = parameter.minimum if parameter.minimum is not None else ladder[0]
    high = parameter.maximum if parameter.maximum is not None else ladder[-1]
    inner = {float(stop) for stop in ladder if low <= stop <= high}
    return tuple(sorted({*inner, float(low), float(high)}))


def has_slider(parameter: EffectiveParameter) -> bool:
    """Whether the value is shown on a line."""
    if parameter.spec.type not in ("int", "float") or parameter.minimum is None or parameter.maximum is None:
        return False
    return bool(parameter.ladder) or parameter.maximum - parameter.minimum <= SLIDER_LIMIT


def fraction_of(parameter: EffectiveParameter, value: ParameterValue | None) -> float | None:
    """Where on its line a value stands, 0 to 1; values outside stand at the end."""
    number = number_of(value)
    if number is None or parameter.minimum is None or parameter.maximum is None:
        return None
    stops = stops_of(parameter)
    if stops:
        return _on_ladder(stops, number)
    span = parameter.maximum - parameter.minimum
    return max(0.0, min(1.0, (number - parameter.minimum) / span)) if span > 0 else 0.0


def _on_ladder(stops: tuple[float, ...], number: float) -> float:
    if len(stops) < 2 or number <= stops[0]:
        return 0.0
    if number >= stops[-1]:
        return 1.0
    above = bisect_right(stops, number)
    low, high = stops[above - 1], stops[above]
    return (above - 1 + (number - low) / (high - low)) / (len(stops) - 1)


def stepped(parameter: EffectiveParameter, value: ParameterValue | None, steps: int) -> ParameterValue | None:
    """The value some steps further; None when there is nothing to step through."""
    spec = parameter.spec
    if spec.type == "bool":
        return steps > 0 if value is None or bool(value) != (steps > 0) else value
    if spec.type == "enum":
        return _next_option(spec.options, value, steps)
    if spec.type not in ("int", "float"):
        return None
    number = number_of(value)
    if number is None:
        number = parameter.minimum if parameter.minimum is not None else 0.0
    special = _special_below(parameter)
    if special is not None and number <= special:
        return _typed(parameter, special if steps < 0 else parameter.minimum)
    stops = stops_of(parameter)
    moved = _ladder_step(stops, number, steps) if stops else _even_step(parameter, number, steps)
    low, high = parameter.minimum, parameter.maximum
    if low is not None and moved < low:
        moved = special if special is not None and number <= low else low
    if high is not None and moved > high:
        moved = max(high, number) if steps < 0 else high
    return _typed(parameter, moved)


def _next_option(options: tuple[str, ...], value: ParameterValue | None, steps: int) -> str | None:
    if not options:
        return None
    place = options.index(str(value)) if str(value) in options else -1 if steps > 0 else 0
    return options[(place + (1 if steps > 0 else -1)) % len(options)]


def _special_below(parameter: EffectiveParameter) -> float | None:
    """A value with a meaning of its own just outside the range, such as -1 for random."""
    low = parameter.minimum
    if low is None:
        return None
    outside = [float(text) for text in parameter.special if _is_number(text) and float(text) < low]
    return max(outside) if outside else None


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def _ladder_step(stops: tuple[float, ...], number: float, steps: int) -> float:
    count = max(1, abs(steps) // 2) if abs(steps) > 1 else 1
    if steps > 0:
        place = bisect_right(stops, number) + count - 1
    else:
        place = bisect_left(stops, number) - count
    if place < 0:
        return stops[0] - 1
    return stops[min(place, len(stops) - 1)]


def _even_step(parameter: EffectiveParameter, number: float, steps: int) -> float:
    """A step on the grid of the step size, counted from 0, in decimals so that 0.1 + 0.2 is 0.3."""
    size = Decimal(str(parameter.step or (1 if parameter.spec.type == "int" else 0.05)))
    exact = Decimal(str(number)) / size
    whole = int(exact) if exact == int(exact) else int(exact.__floor__()) + (1 if steps < 0 else 0)
    return float((whole + steps) * size)


def _typed(parameter: EffectiveParameter, number: float | None) -> ParameterValue | None:
    if number is None:
        return None
    return round(number) if parameter.spec.type == "int" else round(number, 6)


def draw_slider(
    width: int, knob: float | None, tick: float | None, is_set: bool, roles: Roles, glyphs: Glyphs
) -> list[Segment]:
    """A line with a knob; `tick` marks the default of a value that is set."""
    if width < 3:
        return [Segment(" " * max(0, width), roles.text)]
    if knob is None:
        return [Segment(glyphs.track * width, roles.track)]
    at = round(knob * (width - 1))
    marked = round(tick * (width - 1)) if tick is not None and is_set else -1
    line = roles.accent if is_set else roles.track
    segments: list[Segment] = []
    for start, end, glyph, style in ((0, at, glyphs.filled, line), (at + 1, width, glyphs.track, roles.track)):
        if not is_set and start == 0:
            glyph = glyphs.track
        if start <= marked < end:
            segments += [
                Segment(glyph * (marked - start), style),
                Segment(glyphs.tick, roles.muted),
                Segment(glyph * (end - marked - 1), style),
            ]
        else:
            segments.append(Segment(glyph * (end - start), style))
        if start == 0:
            segments.append(Segment(glyphs.knob, roles.accent if is_set else roles.muted))
    return [segment for segment in segments if segment.text]


def draw_switch(on: bool | None, is_set: bool, roles: Roles, glyphs: Glyphs) -> list[Segment]:
    """A short line with the knob at its left (off) or right (on)."""
    if on is None:
        return []
    knob = Segment(glyphs.knob, roles.accent if is_set else roles.muted)
    if on:
        return [
            Segment(glyphs.filled * 2 if is_set else glyphs.track * 2, roles.accent if is_set else roles.track),
            knob,
        ]
    return [knob, Segment(glyphs.track * 2, roles.track)]
