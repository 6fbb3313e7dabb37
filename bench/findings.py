"""What was found: a target, what was measured, and the table behind it."""

import math
from collections.abc import Sequence

import msgspec

__all__ = ["Finding", "Table", "percentile"]


class Table(msgspec.Struct, frozen=True):
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Finding(msgspec.Struct, frozen=True):
    """`how` is a paragraph; `target` and `measured` are short enough for a table."""

    title: str
    target: str
    measured: str
    met: bool
    how: str
    table: Table


def percentile(numbers: Sequence[float], share: float) -> float:
    """The smallest of `numbers` that is not below `share` of them."""
    return sorted(numbers)[max(0, math.ceil(len(numbers) * share) - 1)]
