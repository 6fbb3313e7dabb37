"""A journey as its page shows it: rows with places on a line in per cent, sums, and words for what was coped
with."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from threadly.modules.atlas.pages.concepts import NAMES
from threadly.modules.atlas.rules.scale import Scale, scale_of
from threadly.modules.atlas.rules.words import KEPT, counted, duration, humanized, ordinal
from threadly.modules.atlas.types import Bar, Journey, JourneySummary, LayerSum
from threadly.web.view import Moment, moment

__all__ = [
    "JourneyView",
    "LineView",
    "SumView",
    "line_of",
    "status_tone",
    "sum_views",
    "view_of",
]

# The narrowest bar that can still be seen, in per cent of the line.
NARROWEST: Final = 0.4
DEEPEST: Final = 14

WAITS: Final = frozenset({"pool", "pause", "call"})
OUTCOMES: Final = {
    "unknown": "no answer",
    "unreached": "not reached",
    "refused": "refused",
    "hit": "found",
    "made": "not found: made anew",
    "shared": "shared with others who asked",
    "rolled back": "rolled back",
}
# What has its own words, or is nothing to read.
SAID: Final = frozenset({"attempt", "outcome", "breaker", "replayed", "rows", "waited_ms", "around"})
BAD: Final = frozenset({"unknown", "unreached", "refused", "rolled back"})

Tone = Literal["plain", "good", "warn", "bad"]


class Word(msgspec.Struct, frozen=True):
    text: str
    tone: Tone


class RowView(msgspec.Struct, frozen=True):
    """`x` and `width` are per cent of the line, as text; `lead_x` and `lead` of the time before it began, in
    which it lay waiting."""

    bar: Bar
    depth: int
    place: str
    x: str
    width: str
    lead_x: str | None
    lead: str | None
    time: str
    self_time: str
    begins: str
    critical: str | None
    is_wait: bool
    words: list[Word]
    noted: list[tuple[str, str]]
    card_name: str | None


class SumView(msgspec.Struct, frozen=True):
    layer: str
    name: str
    x: str
    width: str
    time: str
    share: str


class LullView(msgspec.Struct, frozen=True):
    x: str
    width: str
    middle: str
    says: str


class Tick(msgspec.Struct, frozen=True):
    x: str
    anchor: Literal["start", "middle", "end"]
    says: str


class JourneyView(msgspec.Struct, frozen=True):
    """`awaits` is the name of a job that was asked for and is not there so far."""

    journey: Journey
    began: Moment
    took: str
    until_last: str | None
    kept: str
    tone: Tone
    sums: list[SumView]
    rows: list[RowView]
    lulls: list[LullView]
    ticks: list[Tick]
    awaits: str | None


class LineView(msgspec.Struct, frozen=True):
    """A line of a list; `width` is its share of the longest in the list, in per cent."""

    summary: JourneySummary
    at: Moment
    took: str
    kept: str
    tone: Tone
    width: str


def view_of(journey: Journey, *, places: Mapping[str, str], now: datetime) -> JourneyView:
    """`places` are the names of the plan's parts by their slugs."""
    scale = scale_of(journey.bars, journey.duration_us)
    answered_us = journey.request_us
    return JourneyView(
        journey=journey,
        began=moment(journey.started_at, now=now),
        took=duration(journey.duration_us if answered_us is None else answered_us),
        until_last=duration(journey.duration_us)
        if answered_us is not None and journey.duration_us > answered_us
        else None,
        kept=KEPT[journey.kept],
        tone=status_tone(journey.status, journey.error),
        sums=sum_views(journey.layers),
        rows=[_row(each, scale, places) for each in journey.bars],
        lulls=[
            LullView(
                _percent(lull.at), _percent(lull.width), _percent(lull.at + lull.width / 2), duration(lull.us)
            )
            for lull in scale.lulls
        ],
        ticks=_ticks(journey, scale),
        awaits=_awaited(journey.bars),
    )


def line_of(summary: JourneySummary, *, longest_us: int, now: datetime) -> LineView:
    return LineView(
        summary=summary,
        at=moment(summary.started_at, now=now),
        took=duration(summary.duration_us),
        kept=KEPT[summary.kept],
        tone=status_tone(summary.status, summary.error),
        width=_percent(max(0.01, summary.duration_us / max(1, longest_us))),
    )


def sum_views(layers: Sequence[LayerSum]) -> list[SumView]:
    views, at = [], 0.0
    for each in layers:
        share = "under 1%" if each.share < 0.01 else f"{each.share:.0%}"
        views.append(
            SumView(each.layer, each.name, _percent(at), _percent(each.share), duration(each.us), share)
        )
        at += each.share
    return views


def status_tone(status: int | None, error: str | None) -> Tone:
    if status is not None and status >= 400:
        return "bad" if status >= 500 else "warn"
    if error:
        return "warn"
    return "good" if status is not None else "plain"


def _row(bar: Bar, scale: Scale, places: Mapping[str, str]) -> RowView:
    start = scale.place(bar.start_us)
    end = 1.0 if bar.duration_us is None else scale.place(bar.start_us + bar.duration_us)
    width = max(NARROWEST / 100, end - start)
    lay_from = scale.place(max(0, bar.start_us - _waited_us(bar)))
    return RowView(
        bar=bar,
        depth=min(bar.depth, DEEPEST),
        place=places.get(bar.place, bar.place.capitalize()),
        x=_percent(min(start, 1 - width)),
        width=_percent(width),
        lead_x=_percent(lay_from) if lay_from < start else None,
        lead=_percent(start - lay_from) if lay_from < start else None,
        time="runs" if bar.duration_us is None else duration(bar.duration_us),
        self_time=duration(bar.self_us),
        begins=duration(bar.start_us),
        critical=duration(bar.critical_us) if bar.critical_us else None,
        is_wait=bar.kind in WAITS,
        words=words_of(bar),
        noted=[(key, str(value)) for key, value in bar.attributes.items() if key not in SAID],
        card_name=NAMES.get(bar.card or ""),
    )


def words_of(bar: Bar) -> list[Word]:
    """What happened to it, besides that it took time."""
    noted = bar.attributes
    words = [Word(f"× {bar.count:,}", "plain")] if bar.count > 1 else []
    words += _troubles(bar)
    if noted.get("replayed") is True:
        words.append(Word("answered before", "good"))
    if waited_us := _waited_us(bar):
        words.append(Word(f"waited {duration(waited_us)}", "plain"))
    if isinstance(rows := noted.get("rows"), int) and bar.count == 1:
        words.append(Word(counted(rows, "row"), "plain"))
    return words


def _waited_us(bar: Bar) -> int:
    """How long a reaction lay before a worker took it up."""
    waited = bar.attributes.get("waited_ms")
    return round(waited * 1_000) if isinstance(waited, int | float) else 0


def _troubles(bar: Bar) -> list[Word]:
    noted, words = bar.attributes, list[Word]()
    if isinstance(attempt := noted.get("attempt"), int) and attempt > 1:
        words.append(Word(f"{ordinal(attempt)} attempt", "warn"))
    outcome = str(noted.get("outcome", ""))
    if noted.get("breaker") == "open":
        words.append(Word("breaker open", "bad"))
    elif outcome in OUTCOMES:
        words.append(Word(OUTCOMES[outcome], "bad" if outcome in BAD else "good"))
    elif bar.error:
        words.append(Word("failed", "bad"))
    if bar.refused:
        words.append(Word(humanized(bar.refused), "warn"))
    if bar.duration_us is None:
        words.append(Word("has not ended", "warn"))
    return words


def _awaited(bars: Sequence[Bar]) -> str | None:
    ran = {each.parent for each in bars}
    asked = (each for each in bars if each.kind == "event" and "queue" in each.attributes)
    return next((each.name for each in asked if each.id not in ran and each.count == 1), None)


def _ticks(journey: Journey, scale: Scale) -> list[Tick]:
    ticks = [Tick("0%", "start", "0")]
    answered = journey.request_us
    if answered is not None and journey.duration_us > answered:
        place = scale.place(answered)
        if 0.1 < place < 0.8:
            ticks.append(Tick(_percent(place), "middle", f"answered, {duration(answered)}"))
    return [*ticks, Tick("100%", "end", duration(journey.duration_us))]


def _percent(share: float) -> str:
    return f"{share * 100:.3f}".rstrip("0").rstrip(".") + "%"
