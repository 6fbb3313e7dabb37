"""/stream: server-sent events that tell an open page when its home feed has something new."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from threadly.modules import identity
from threadly.modules.feed.live import BEAT, FeedNews, watch_feed
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.http.csrf import SESSION_COOKIE
from threadly.platform.http.edge import Edge
from threadly.platform.http.refusals import Overloaded
from threadly.platform.ids import UUID

__all__ = ["routes"]

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# Sent at once, so that the browser knows that it is connected; `retry` is in milliseconds.
WELCOME = b"retry: 2000\n: welcome\n\n"
STILL_HERE = b": still here\n\n"
# Open streams of one process; they are not among its requests in flight.
MOST_STREAMS = 4_096
MOST_STREAMS_PER_MEMBER = 12
RETRY_AFTER_S = 5


class _OpenStreams:
    def __init__(self) -> None:
        self._count = 0
        self._of: Counter[UUID] = Counter()

    def have_room(self, member: UUID) -> bool:
        return self._count < MOST_STREAMS and self._of[member] < MOST_STREAMS_PER_MEMBER

    @contextmanager
    def one_more(self, member: UUID) -> Iterator[None]:
        self._count += 1
        self._of[member] += 1
        try:
            yield
        finally:
            self._count -= 1
            self._of[member] -= 1
            if not self._of[member]:
                del self._of[member]


_open = _OpenStreams()


@get("/stream", include_in_schema=False)
async def stream(edge: NamedDependency[Edge]) -> Stream:
    """`event: post` with `{"post_id"}`, or `event: resync`: look again. Raises SignInRequired, Overloaded."""
    if not _open.have_room(edge.actor.me):
        raise Overloaded(
            "Too many live pages are open. Close some, or try again shortly.", retry_after_s=RETRY_AFTER_S
        )
    return Stream(_lines(edge), media_type="text/event-stream", headers=HEADERS)


async def _lines(edge: Edge) -> AsyncIterator[bytes]:
    yield WELCOME
    # Counted only now, since an answer that is never sent would not give its place back. Whoever came in
    # between finds the stream over, and the browser asks again.
    if not _open.have_room(edge.actor.me):
        return
    with _open.one_more(edge.actor.me):
        async for item in _news(edge):
            yield event_of(item)


def _news(edge: Edge) -> AsyncIterator[FeedNews]:
    runtime = edge.runtime
    return watch_feed(
        runtime.pubsub, runtime.works, edge.tenant, edge.actor, still_welcome=lambda: _still_welcome(edge)
    )


def event_of(news: FeedNews) -> bytes:
    """As it goes over the wire."""
    if news is BEAT:
        return STILL_HERE
    payload = msgspec.json.encode({"post_id": news.post_id} if news.post_id else {})
    return b"event: %s\ndata: %s\n\n" % (news.event.encode(), payload)


async def _still_welcome(edge: Edge) -> bool:
    """Whether the session that opened the stream still stands (a token's end comes with the stream's own)."""
    session = edge.request.cookies.get(SESSION_COOKIE)
    if session is None:
        return True
    try:
        actor = await identity.authenticate(edge.runtime.works, edge.tenant, bearer=None, session=session)
    except DatabaseUnavailable:
        return True
    return actor.user_id == edge.actor.user_id


routes: list[ControllerRouterHandler] = [stream]
