"""Live pages: what one browser is told as it happens, from the hints that reactions send.

A hint on TOPIC names the people it concerns (`owners`), or says `pulled`: then it concerns whoever follows
the author, because that author's posts are in nobody's timeline. Hints get lost; whoever may have missed one
is told to look again.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

import msgspec

from threadly.modules.feed.repository.people import FOLLOWERS_AMONG
from threadly.platform.actor import Actor, Tenant
from threadly.platform.ids import UUID
from threadly.platform.pubsub import Hint, Marker, News, PubSub, Subscription, channel_of
from threadly.platform.work import Works

__all__ = ["BEAT", "RESYNC", "TOPIC", "FeedNews", "watch_feed"]

TOPIC = "feed"
BEAT_S = 15.0
# A stream ends after so long, as an access token does, and the browser comes back by itself.
LIFETIME_S = 900.0
# How long it is remembered whom the person follows: so long may hints go on after unfollowing.
MEMORY_S = 60.0


class FeedNews(msgspec.Struct, frozen=True):
    """A new post for the home feed; without one, RESYNC (look again) or BEAT (nothing, but still here)."""

    event: str
    post_id: str | None = None


RESYNC = FeedNews("resync")
BEAT = FeedNews("beat")


async def watch_feed(
    pubsub: PubSub,
    works: Works,
    tenant: Tenant,
    actor: Actor,
    *,
    beat_s: float = BEAT_S,
    lifetime_s: float = LIFETIME_S,
) -> AsyncIterator[FeedNews]:
    """News for the actor's home feed, at least every `beat_s`, until the process ends."""
    concerns = Concerns(works, tenant, actor)
    loop = asyncio.get_running_loop()
    ends_at, beat_at = loop.time() + lifetime_s, loop.time() + beat_s
    async with pubsub.subscribe(channel_of(tenant.id, TOPIC)) as news:
        while loop.time() < ends_at:
            try:
                item = await _next(news, until=beat_at)
            except StopAsyncIteration:
                return
            if item is not None and (found := await concerns.read(item)):
                yield found
            if loop.time() >= beat_at:
                # While no hint can arrive, the page looks by itself at every beat.
                yield BEAT if pubsub.connected else RESYNC
                beat_at = loop.time() + beat_s


class Concerns:
    """Which hints concern one person."""

    def __init__(self, works: Works, tenant: Tenant, actor: Actor, *, memory_s: float = MEMORY_S) -> None:
        self._works = works
        self._tenant = tenant
        self._actor = actor
        self._memory_s = memory_s
        # Pulled authors that were asked about: one query each, until the person follows somebody.
        self._followed: dict[str, bool] = {}
        self._forget_at = 0.0

    async def read(self, item: News) -> FeedNews | None:
        if isinstance(item, Marker):
            return RESYNC
        return await self._read_hint(item)

    async def _read_hint(self, hint: Hint) -> FeedNews | None:
        payload = hint.payload
        if payload.get("pulled"):
            concerned = await self._follows(str(payload.get("author_id")))
        else:
            concerned = str(self._actor.me) in _strings(payload, "owners")
        if not concerned:
            return None
        if "post_id" in payload:
            return FeedNews("post", str(payload["post_id"]))
        # The person followed somebody, whose posts are in the feed from now on.
        self._followed.clear()
        return RESYNC

    async def _follows(self, author_id: str) -> bool:
        if author_id == str(self._actor.me):
            return True
        now = asyncio.get_running_loop().time()
        if now >= self._forget_at:
            self._followed.clear()
            self._forget_at = now + self._memory_s
        if author_id not in self._followed:
            async with self._works.read(self._tenant, self._actor) as work:
                found = await work.all(FOLLOWERS_AMONG, UUID(author_id), [self._actor.me])
            self._followed[author_id] = bool(found)
        return self._followed[author_id]


async def _next(news: Subscription, *, until: float) -> News | None:
    """The next item, None when there was none until that time of the loop."""
    try:
        async with asyncio.timeout_at(until):
            return await anext(news)
    except TimeoutError:
        return None


def _strings(payload: Mapping[str, object], name: str) -> list[object]:
    found = payload.get(name)
    return found if isinstance(found, list) else []
