"""Two journeys side by side: what took longer, what is new, what is gone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from threadly.modules.atlas.placing import LAYER_NAMES
from threadly.modules.atlas.types import BarLayer, Journey, LayerSum
from threadly.platform.telemetry.parts import Part

__all__ = ["Change", "Comparison", "Difference", "LayerPair", "Sum", "compare"]

# What is told one by one; what else there is follows from it.
TOLD: Final = frozenset({"sql", "valkey", "cache", "call", "pause", "render", "reaction", "job"})
# A difference counts from both on.
FACTOR: Final = 1.5
LEAST_US: Final = 1_000
MOST: Final = 50

Change = Literal["new", "gone", "slower", "faster", "more", "fewer", "same"]


class Sum(msgspec.Struct, frozen=True):
    """How often, and how long in all (µs)."""

    count: int = 0
    us: int = 0


class Difference(msgspec.Struct, frozen=True):
    """One statement, call or the like in both."""

    kind: str
    name: str
    before: Sum
    after: Sum
    change: Change


class LayerPair(msgspec.Struct, frozen=True):
    layer: BarLayer
    name: str
    before_us: int
    after_us: int


class Comparison(msgspec.Struct, frozen=True):
    """`differences` has the largest first, and no more than there is room for; `same_count` are alike."""

    layers: list[LayerPair]
    differences: list[Difference]
    same_count: int


def compare(before: tuple[Journey, Sequence[Part]], after: tuple[Journey, Sequence[Part]]) -> Comparison:
    first, second = _sums(before[1]), _sums(after[1])
    all_ = [
        _difference(kind, name, first.get((kind, name), Sum()), second.get((kind, name), Sum()))
        for kind, name in dict.fromkeys([*first, *second])
    ]
    differing = [each for each in all_ if each.change != "same"]
    differing.sort(key=lambda each: abs(each.after.us - each.before.us), reverse=True)
    layers = _layers(before[0].layers, after[0].layers)
    return Comparison(layers, differing[:MOST], len(all_) - len(differing))


def _sums(parts: Sequence[Part]) -> Mapping[tuple[str, str], Sum]:
    found: dict[tuple[str, str], Sum] = defaultdict(Sum)
    for part in parts:
        for span in part.spans:
            if span.kind in TOLD:
                so_far = found[span.kind, span.name]
                us = so_far.us + (span.duration_us or 0)
                found[span.kind, span.name] = Sum(so_far.count + 1, us)
    return found


def _difference(kind: str, name: str, before: Sum, after: Sum) -> Difference:
    return Difference(kind, name, before, after, _change(before, after))


def _change(before: Sum, after: Sum) -> Change:
    if not before.count:
        return "new"
    if not after.count:
        return "gone"
    if _is_much(before.us, after.us):
        return "slower"
    if _is_much(after.us, before.us):
        return "faster"
    if after.count != before.count:
        return "more" if after.count > before.count else "fewer"
    return "same"


def _is_much(less_us: int, more_us: int) -> bool:
    return more_us >= FACTOR * less_us and more_us - less_us >= LEAST_US


def _layers(before: Sequence[LayerSum], after: Sequence[LayerSum]) -> list[LayerPair]:
    first = {each.layer: each.us for each in before}
    second = {each.layer: each.us for each in after}
    return [
        LayerPair(layer, name, first.get(layer, 0), second.get(layer, 0))
        for layer, name in LAYER_NAMES.items()
        if layer in first or layer in second
    ]
