"""The live Map: what one follower is told of their own clicks, as it happens.

All processes tell all followed spans on one channel. A request names its follower; what it caused in other
processes names nobody, but belongs to a trace that is known from the request. Such a message may come first,
so what is unknown is held back for a moment.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from threadly.modules.atlas.placing import place_of
from threadly.platform.pubsub import Hint, PubSub, Subscription
from threadly.platform.telemetry.parts import CHANNEL, SpanRecord

__all__ = ["BEAT", "RESYNC", "Followed", "LiveSpan", "Sighting", "watch_journeys"]

BEAT_S: Final = 15.0
# A stream ends after so long, and the browser comes back by itself: then it is asked anew who may follow.
LIFETIME_S: Final = 900.0
HELD_S: Final = 2.0
MOST_HELD: Final = 500
# Traces of one follower that are remembered: reactions and jobs of older ones are no longer told.
MOST_TRACES: Final = 200

Told: TypeAlias = Mapping[str, Any]
"""One message of the channel, as the keeper writes it."""


class LiveSpan(SpanRecord, frozen=True, omit_defaults=True):
    """A span, and where it belongs on the Map. Without `duration_us` it is still running."""

    place: str = ""
    layer: str = ""
    card: str | None = None


class Sighting(msgspec.Struct, frozen=True):
    """Some spans of one part of a trace; `request` says that the part is the request itself."""

    trace_id: str
    process: str
    request: bool
    spans: list[LiveSpan]


class Beat(msgspec.Struct, frozen=True):
    """`name` is "beat" (nothing, but still here) or "resync" (something may have been missed)."""

    name: str


BEAT: Final = Beat("beat")
RESYNC: Final = Beat("resync")


class Followed:
    """Which messages concern the follower with this key, in this tenant. Times are a clock's seconds."""

    def __init__(self, key: str, tenant_id: int) -> None:
        self._key = key
        self._tenant_id = tenant_id
        self._traces: OrderedDict[str, None] = OrderedDict()
        self._held: deque[tuple[float, Told]] = deque(maxlen=MOST_HELD)

    def hear(self, told: Told, *, now_s: float) -> list[Told]:
        """What is to be passed on now: nothing, the message, or it with what was held back for it."""
        if told.get("tenant_id") not in (self._tenant_id, None):
            return []
        follower, trace_id = told.get("follower"), told["trace_id"]
        if follower == self._key:
            return [*self._release(trace_id, now_s=now_s), told]
        if trace_id in self._traces:
            return [told] if follower is None else []
        if follower is None:
            self._held.append((now_s, told))
        return []

    def _release(self, trace_id: str, *, now_s: float) -> list[Told]:
        if trace_id in self._traces:
            return []
        self._traces[trace_id] = None
        if len(self._traces) > MOST_TRACES:
            self._traces.popitem(last=False)
        fresh = [told for at, told in self._held if at >= now_s - HELD_S and told["trace_id"] == trace_id]
        kept = [each for each in self._held if each[0] >= now_s - HELD_S and each[1]["trace_id"] != trace_id]
        self._held = deque(kept, maxlen=MOST_HELD)
        return fresh


async def watch_journeys(
    pubsub: PubSub, *, key: str, tenant_id: int, beat_s: float = BEAT_S, lifetime_s: float = LIFETIME_S
) -> AsyncIterator[Sighting | Beat]:
    """What the follower's clicks cause, in all processes; something at least every `beat_s`."""
    followed = Followed(key, tenant_id)
    loop = asyncio.get_running_loop()
    ends_at, beat_at = loop.time() + lifetime_s, loop.time() + beat_s
    async with pubsub.subscribe(CHANNEL) as news:
        yield RESYNC  # from here on nothing is missed
        while loop.time() < ends_at:
            try:
                item = await _next(news, until=beat_at)
            except StopAsyncIteration:
                return
            if isinstance(item, Hint):
                for told in followed.hear(item.payload, now_s=loop.time()):
                    yield _placed(told)
            elif item is not None:
                yield RESYNC
            if loop.time() >= beat_at:
                yield BEAT
                beat_at = loop.time() + beat_s


def _placed(told: Told) -> Sighting:
    return Sighting(
        trace_id=told["trace_id"],
        process=told["process"],
        request=told["request"],
        spans=[_place(each, told["process"]) for each in told["spans"]],
    )


def _place(span: Mapping[str, Any], process: str) -> LiveSpan:
    placed = place_of(span["kind"], span["name"], process, span.get("attributes", {}))
    return msgspec.convert(
        {**span, "place": placed.place, "layer": placed.layer, "card": placed.card}, LiveSpan
    )


async def _next(news: Subscription, *, until: float) -> Any:
    """The next item, None when there was none until that time of the loop."""
    try:
        async with asyncio.timeout_at(until):
            return await anext(news)
    except TimeoutError:
        return None
