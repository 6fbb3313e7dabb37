"""The live bell: what one browser is told as it happens.

A hint says only that something changed; what is told is read from the database above the position that was
told last, so nothing is told twice and nothing is lost, whatever becomes of hints. While none can arrive, the
stream looks by itself.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from threadly.modules.notifications.signals import topic_of
from threadly.modules.notifications.types import Notification
from threadly.modules.notifications.verbs.reading import MOST_NEWS, count_unread, get_position, list_news
from threadly.platform.actor import Actor, Tenant
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.pubsub import Marker, PubSub, Subscription, channel_of
from threadly.platform.work import Work, Works

__all__ = ["BEAT", "BELL_BEAT_S", "BellNews", "watch_bell"]

BELL_BEAT_S = 15.0
# A stream ends after so long, as an access token does, and the browser comes back by itself.
LIFETIME_S = 900.0
# From a hint to the look: what a thousand people do in a second is not a thousand looks.
GATHER_S = 0.02
# After the database could not be asked.
AGAIN_S = 1.0
# When the hints of a whole process were interrupted, its streams look one after the other.
SPREAD_S = 1.0


class BellNews(msgspec.Struct, frozen=True):
    """How many entries are unread now, and those that came since, the oldest first. `position` is the one to
    go on after; `behind`: there are more."""

    unread_count: int
    entries: list[Notification]
    position: int
    behind: bool = False


BEAT = None
"""Nothing new, but still here."""


async def watch_bell(
    pubsub: PubSub,
    works: Works,
    tenant: Tenant,
    actor: Actor,
    *,
    after: int | None,
    beat_s: float = BELL_BEAT_S,
    lifetime_s: float = LIFETIME_S,
) -> AsyncIterator[BellNews | None]:
    """News for the actor's bell: at once what came after the position `after` (None: only the present count),
    then whatever changes. BEAT at least every `beat_s`, until the process ends."""
    loop = asyncio.get_running_loop()
    ends_at, beat_at = loop.time() + lifetime_s, loop.time() + beat_s
    told: BellNews | None = None
    async with pubsub.subscribe(channel_of(tenant.id, topic_of(actor.me))) as hints:
        due = True
        while loop.time() < ends_at:
            if due:
                found = await _look(
                    works, tenant, actor, told.position if told else after, first=told is None
                )
                if found is not None and found != told:
                    yield found
                    told = msgspec.structs.replace(found, entries=[], behind=False)
                if found is not None and found.behind:
                    continue
                due = found is None
            try:
                until = min(beat_at, loop.time() + AGAIN_S) if due else beat_at
                due |= await _wait(hints, until=until)
            except StopAsyncIteration:
                return
            if loop.time() >= beat_at:
                yield BEAT
                beat_at = loop.time() + beat_s
                due |= not pubsub.connected


async def _look(
    works: Works, tenant: Tenant, actor: Actor, after: int | None, *, first: bool
) -> BellNews | None:
    """What is new after that position; None when the database cannot be asked now."""

    async def read(work: Work) -> BellNews:
        if after is None:
            return BellNews(await count_unread(work), [], await get_position(work))
        if first and after > (position := await get_position(work)):
            # Of another database, or made up: there is nothing to go on after.
            return BellNews(await count_unread(work), [], position)
        # Counted first: an entry that comes in between is told, and counted with the next.
        unread, entries = await count_unread(work), await list_news(work, above=after)
        position = entries[-1].position if entries else after
        return BellNews(unread, entries, position, len(entries) == MOST_NEWS)

    try:
        async with works.read(tenant, actor, fresh=True) as work:
            return await read(work)
    except DatabaseUnavailable:
        return None


async def _wait(hints: Subscription, *, until: float) -> bool:
    """Until something may have changed or that time of the loop; whether there is something to look for."""
    try:
        async with asyncio.timeout_at(until):
            hint = await anext(hints)
    except TimeoutError:
        return False
    await asyncio.sleep(random.uniform(0, SPREAD_S) if isinstance(hint, Marker) else GATHER_S)  # noqa: S311
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            while True:  # what came meanwhile, which a look finds too
                await anext(hints)
    return True
