"""Small drawings, in units of their own; the stylesheet gives them size and colour."""

from collections.abc import Sequence
from typing import Final

import msgspec

__all__ = ["HEIGHT", "WIDTH", "Bar", "Line", "bars", "line"]

WIDTH: Final = 120.0
HEIGHT: Final = 32.0
# The pen is not cut off at the top and the bottom.
INSET: Final = 2.0


class Line(msgspec.Struct, frozen=True):
    """`points` for a polyline, `area` for what is below it, `end` where it ends."""

    points: str
    area: str
    end: tuple[float, float]


class Bar(msgspec.Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float
    kind: str
    said: str


def line(values: Sequence[float], *, width: float = WIDTH, height: float = HEIGHT, most: float = 0.0) -> Line:
    """One line from left to right; its top is the largest value, or `most` if that is larger."""
    values = values if len(values) > 1 else [*values, *values] or [0.0, 0.0]
    top = max(most, *values) or 1.0
    step = width / (len(values) - 1)
    dots = [
        (round(place * step, 1), round(height - INSET - max(0.0, value) / top * (height - 2 * INSET), 1))
        for place, value in enumerate(values)
    ]
    points = " ".join(f"{x},{y}" for x, y in dots)
    return Line(points, f"0,{height} {points} {width},{height}", dots[-1])


def bars(
    values: Sequence[float],
    *,
    kinds: Sequence[str],
    said: Sequence[str],
    most: float,
    width: float,
    height: float,
) -> list[Bar]:
    """One bar for each value; what is above `most` ends at the top. Zero has none, but its place."""
    step = width / max(1, len(values))
    found = []
    for place, (value, kind, sentence) in enumerate(zip(values, kinds, said, strict=True)):
        tall = min(1.0, value / most) * height if value > 0 else 0.0
        tall = max(1.5, tall) if tall else 0.0
        found.append(
            Bar(
                round(place * step, 2),
                round(height - tall, 2),
                round(step * 0.8, 2),
                round(tall, 2),
                kind,
                sentence,
            )
        )
    return found
