"""What leaves by the door: cards, the places that they point at, the plan of the running system, and journeys
through it."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from threadly.platform.telemetry.parts import Kept

__all__ = [
    "Band",
    "Bar",
    "BarLayer",
    "Card",
    "CardSummary",
    "Concept",
    "Fact",
    "Home",
    "JobLine",
    "Journey",
    "JourneyFilter",
    "JourneySummary",
    "Layer",
    "LayerSlug",
    "LayerSum",
    "ModulePart",
    "Part",
    "Place",
    "Placed",
    "Plan",
    "Share",
    "Told",
]

LayerSlug = Literal[
    "entry",
    "security",
    "application",
    "data",
    "cache",
    "resilience",
    "payments",
    "events",
    "observability",
]

# Where a span belongs: a layer of the cards, or what lies between the browser and us.
BarLayer = Literal["network", LayerSlug]


class Layer(msgspec.Struct, frozen=True):
    """One of the layers that a request travels through; `says` is one sentence about it."""

    slug: LayerSlug
    name: str
    says: str


class Home(msgspec.Struct, frozen=True):
    """Where a concept lives: a file under the package, and in it a qualified name (`Cache.forget`) or, for
    what is no Python, the beginning of a line's text. `says` is what happens there."""

    path: str
    symbol: str
    says: str


class Concept(msgspec.Struct, frozen=True):
    """A card as it is written. `spans` are names that traces show when it is at work; `related` are slugs."""

    slug: str
    name: str
    layer: LayerSlug
    what: str
    why: str
    homes: tuple[Home, ...]
    spans: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """A home as it was found in the source."""

    path: str
    line: int
    symbol: str
    says: str
    excerpt: str
    url: str


class CardSummary(msgspec.Struct, frozen=True):
    slug: str
    name: str
    layer: LayerSlug
    what: str


class Card(msgspec.Struct, frozen=True):
    """What a concept is, why it is here and where; `spans` are what traces call it, `related` other cards."""

    slug: str
    name: str
    layer: LayerSlug
    what: str
    why: str
    homes: list[Place]
    spans: list[str]
    related: list[CardSummary]


class Fact(msgspec.Struct, frozen=True):
    """One figure of a part, as it is set: ("Connections", "up to 10 per process")."""

    name: str
    value: str


class Part(msgspec.Struct, frozen=True):
    """One part of the running system; `cards` are slugs of concepts that are at work in it. Spans are placed
    by its `slug`; `short` is what it is in a few words or figures."""

    slug: str
    name: str
    short: str
    says: str
    facts: tuple[Fact, ...] = ()
    cards: tuple[str, ...] = ()


class Band(msgspec.Struct, frozen=True):
    """Parts at one height of the plan; `way_in` is how a request gets there from the band above."""

    slug: str
    name: str
    way_in: str
    parts: tuple[Part, ...]


class Told(msgspec.Struct, frozen=True):
    """An event, and the reactions that are told of it."""

    event: str
    reactions: tuple[str, ...]


class ModulePart(msgspec.Struct, frozen=True):
    """A module: the facts that it tells, and those of other modules that it reacts to."""

    name: str
    says: str
    tells: tuple[Told, ...]
    hears: tuple[str, ...]


class JobLine(msgspec.Struct, frozen=True):
    """A durable job. `times` say when it runs by itself; without any, somebody's act starts it."""

    name: str
    queue: str
    times: tuple[str, ...]


class Plan(msgspec.Struct, frozen=True):
    """The system as this process is configured to run in it. Nothing in it can hold a secret."""

    bands: tuple[Band, ...]
    modules: tuple[ModulePart, ...]
    jobs: tuple[JobLine, ...]


class Placed(msgspec.Struct, frozen=True):
    """Where a span belongs: a part of the plan by its slug, a layer, and the card that explains it."""

    place: str
    layer: BarLayer
    card: str | None


class Bar(msgspec.Struct, frozen=True):
    """One span of a journey, or several like it in a row (`count`).

    Times are µs, `start_us` from the journey's start. `duration_us` is None while it runs. `self_us` is what
    it spent itself, and nothing inside it; `critical_us` its share of the journey's critical path. `source`
    is "modules/feed/verbs/posts.py:42", `refused` the code of a refusal, `card` the slug of a concept.
    """

    id: str
    parent: str | None
    depth: int
    name: str
    kind: str
    layer: BarLayer
    place: str
    process: str
    start_us: int
    duration_us: int | None
    self_us: int
    critical_us: int
    source: str | None = None
    source_url: str | None = None
    error: str | None = None
    refused: str | None = None
    attributes: dict[str, Any] = {}
    card: str | None = None
    count: int = 1


class LayerSum(msgspec.Struct, frozen=True):
    """What a layer took of the time until the answer. The sums of a journey add up to that time exactly;
    `share` is 0 to 1."""

    layer: BarLayer
    name: str
    us: int
    share: float


class JourneySummary(msgspec.Struct, frozen=True):
    """A trace as lists show it. `duration_us` lasts to its last end, in whatever process that was."""

    trace_id: str
    name: str
    started_at: datetime
    duration_us: int
    status: int | None
    kept: Kept
    error: str | None
    span_count: int
    processes: list[str]
    user: str | None


class Journey(msgspec.Struct, frozen=True):
    """A trace, whole. `request_us` is the time until the answer, None if no request began it. `bars` are in
    the order of a waterfall, parents first; `dropped` counts spans that were not kept.
    """

    trace_id: str
    name: str
    started_at: datetime
    duration_us: int
    request_us: int | None
    status: int | None
    kept: Kept
    error: str | None
    user: str | None
    processes: list[str]
    sentence: str
    layers: list[LayerSum]
    bars: list[Bar]
    span_count: int
    dropped: int


class JourneyFilter(msgspec.Struct, frozen=True):
    """Which journeys: `query` occurs in the name, `status_class` is 2 for 2xx, `min_ms` is how long until the
    answer at least, `user` a username. What is None or empty lets all through."""

    kept: Kept | None = None
    status_class: int | None = None
    query: str = ""
    min_ms: int | None = None
    user: str = ""


class Share(msgspec.Struct, frozen=True):
    """A link by which anybody may see one journey, until then."""

    url: str
    expires_at: datetime
