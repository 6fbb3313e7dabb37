"""Two journeys side by side, as their page shows it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from threadly.modules.atlas.pages.journey_view import Tone
from threadly.modules.atlas.rules.comparison import Change, Difference, LayerPair, Sum
from threadly.modules.atlas.rules.words import duration

__all__ = ["DifferenceView", "LayerView", "difference_views", "layer_views"]

TONES: Final[dict[Change, Tone]] = {
    "new": "warn",
    "slower": "warn",
    "more": "warn",
    "gone": "good",
    "faster": "good",
    "fewer": "good",
    "same": "plain",
}
# Less than that is chance.
LEAST_US: Final = 500


class LayerView(msgspec.Struct, frozen=True):
    layer: str
    name: str
    before: str
    after: str
    difference: str
    tone: Tone


class DifferenceView(msgspec.Struct, frozen=True):
    name: str
    kind: str
    change: str
    before: str
    after: str
    difference: str
    tone: Tone


def layer_views(pairs: Sequence[LayerPair]) -> list[LayerView]:
    return [
        LayerView(
            each.layer,
            each.name,
            duration(each.before_us) if each.before_us else "–",
            duration(each.after_us) if each.after_us else "–",
            _signed(each.after_us - each.before_us),
            _tone(each.after_us - each.before_us),
        )
        for each in pairs
    ]


def difference_views(differences: Sequence[Difference]) -> list[DifferenceView]:
    return [
        DifferenceView(
            each.name,
            each.kind,
            each.change,
            _sum(each.before),
            _sum(each.after),
            _signed(each.after.us - each.before.us),
            TONES[each.change],
        )
        for each in differences
    ]


def _sum(of: Sum) -> str:
    if not of.count:
        return "–"
    return duration(of.us) if of.count == 1 else f"{of.count:,} × {duration(of.us // of.count)}"


def _signed(us: int) -> str:
    if abs(us) < LEAST_US:
        return "±0"
    return f"{'+' if us > 0 else '−'}{duration(abs(us))}"


def _tone(us: int) -> Tone:
    if abs(us) < LEAST_US:
        return "plain"
    return "warn" if us > 0 else "good"
