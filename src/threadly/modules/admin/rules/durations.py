"""Durations, counted by buckets that grow by half: what percentiles are told from, within a fifth."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

__all__ = ["BOUNDS_US", "bucket_of", "no_durations", "percentile_ms"]

# 0.5 ms to 32 s; the last bucket is for what took longer.
BOUNDS_US: Final = tuple(round(500 * 1.5**step) for step in range(28))


def bucket_of(duration_us: int) -> int:
    return bisect_left(BOUNDS_US, duration_us)


def no_durations() -> list[int]:
    return [0] * (len(BOUNDS_US) + 1)


def percentile_ms(buckets: Sequence[int], share: float) -> float | None:
    """What `share` of them did not exceed, in ms, as if they lay evenly within their bucket; None of none."""
    total = sum(buckets)
    if not total:
        return None
    rank, below = share * total, 0
    for bucket, count in enumerate(buckets):
        if count and below + count >= rank:
            lower, upper = _ends_us(bucket)
            return round((lower + (upper - lower) * (rank - below) / count) / 1_000, 1)
        below += count
    raise AssertionError("a share is at most 1")


def _ends_us(bucket: int) -> tuple[int, int]:
    lower = BOUNDS_US[bucket - 1] if bucket else 0
    return lower, BOUNDS_US[bucket] if bucket < len(BOUNDS_US) else lower
