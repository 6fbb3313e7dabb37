"""/stream: server-sent events that tell an open page when its home feed has something new."""

from collections.abc import AsyncIterator

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from threadly.modules import identity
from threadly.modules.feed.live import BEAT, FeedNews, watch_feed
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.http.edge import SESSION_COOKIE, Edge

__all__ = ["routes"]

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# Sent at once, so that the browser knows that it is connected; `retry` is in milliseconds.
WELCOME = b"retry: 2000\n: welcome\n\n"
STILL_HERE = b": still here\n\n"


@get("/stream", include_in_schema=False)
async def stream(edge: NamedDependency[Edge]) -> Stream:
    """`event: post` with `{"post_id"}`, or `event: resync`: look again. Raises SignInRequired."""
    _ = edge.actor.me
    return Stream(_lines(edge), media_type="text/event-stream", headers=HEADERS)


async def _lines(edge: Edge) -> AsyncIterator[bytes]:
    yield WELCOME
    runtime = edge.runtime
    news = watch_feed(
        runtime.pubsub, runtime.works, edge.tenant, edge.actor, still_welcome=lambda: _still_welcome(edge)
    )
    async for item in news:
        yield event_of(item)


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
