"""Rankings become one by reciprocal rank (Cormack, Clarke and Buettcher, 2009): how good a place is does not
depend on scores, which words and meanings do not have in common."""

from collections.abc import Hashable, Sequence
from typing import Final, TypeVar

__all__ = ["fuse"]

T = TypeVar("T", bound=Hashable)

# The authors' own constant: of the first places none is worth twice the next.
SMOOTHING: Final = 60


def fuse(*rankings: Sequence[tuple[T, float]]) -> list[T]:
    """All items of the rankings, each once: the better its places, and the heavier they weigh, the sooner.
    Between equals the earlier ranking decides."""
    scores: dict[T, float] = {}
    for ranking in rankings:
        for place, (item, weight) in enumerate(ranking, start=1):
            scores[item] = scores.get(item, 0.0) + weight / (SMOOTHING + place)
    return sorted(scores, key=lambda item: -scores[item])
