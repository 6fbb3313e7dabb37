"""From a journey's time to a place on a line, with the lulls shortened in which nothing ran."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from threadly.modules.atlas.types import Bar

__all__ = ["Lull", "Scale", "scale_of"]

# A lull that is longer than this share of the time in which something ran is shortened; then it is so wide.
LONG: Final = 0.25
WIDTH: Final = 0.06


class Lull(msgspec.Struct, frozen=True):
    """From `at` on, 0 to 1, `width` of the line stand for so many µs in which nothing ran."""

    at: float
    width: float
    us: int


class Scale(msgspec.Struct, frozen=True):
    """`points` are pairs of µs and place (0 to 1), both rising; in between it is linear."""

    points: list[tuple[int, float]]
    lulls: list[Lull]

    def place(self, us: int) -> float:
        for (left_us, left), (right_us, right) in pairwise(self.points):
            if us <= right_us:
                if right_us == left_us:
                    return left
                share = max(0, us - left_us) / (right_us - left_us)
                return left + share * (right - left)
        return 1.0


def scale_of(bars: Sequence[Bar], total_us: int) -> Scale:
    """Over the time from 0 to `total_us`."""
    busy = _busy(bars, total_us)
    ran_us = sum(end - start for start, end in busy) or 1
    gaps = [(left[1], right[0]) for left, right in pairwise(busy)]
    long = [gap for gap in gaps if gap[1] - gap[0] > LONG * ran_us]
    plain_us = max(1, total_us - sum(end - start for start, end in long))
    per_us = (1 - WIDTH * len(long)) / plain_us
    points, lulls, at_us, at = [(0, 0.0)], [], 0, 0.0
    for start, end in long:
        at += (start - at_us) * per_us
        points += [(start, at), (end, at + WIDTH)]
        lulls.append(Lull(at, WIDTH, end - start))
        at_us, at = end, at + WIDTH
    return Scale([*points, (max(total_us, at_us), 1.0)], lulls)


def _busy(bars: Sequence[Bar], total_us: int) -> list[tuple[int, int]]:
    """When anything ran, as intervals that do not touch."""
    found: list[tuple[int, int]] = []
    for start, end in sorted((each.start_us, _end(each, total_us)) for each in bars):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _end(bar: Bar, total_us: int) -> int:
    return total_us if bar.duration_us is None else bar.start_us + bar.duration_us
