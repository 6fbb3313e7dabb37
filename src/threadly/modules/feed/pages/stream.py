"""/stream: server-sent events that tell an open page when its home feed has something new."""

from collections.abc import AsyncIterator

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from threadly.modules.feed.live import BEAT, FeedNews, watch_feed
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.streams import STILL_HERE, event_stream

__all__ = ["routes"]


@get("/stream", include_in_schema=False, opt={UNFOLLOWED: True})
async def stream(edge: NamedDependency[Edge]) -> Stream:
    """`event: post` with `{"post_id"}`, or `event: resync`: look again. Raises SignInRequired, Overloaded."""
    return event_stream(edge, _lines(edge))


async def _lines(edge: Edge) -> AsyncIterator[bytes]:
    runtime = edge.runtime
    async for item in watch_feed(runtime.pubsub, runtime.works, edge.tenant, edge.actor):
        yield event_of(item)


def event_of(news: FeedNews) -> bytes:
    """As it goes over the wire."""
    if news is BEAT:
        return STILL_HERE
    payload = msgspec.json.encode({"post_id": news.post_id} if news.post_id else {})
    return b"event: %s\ndata: %s\n\n" % (news.event.encode(), payload)


routes: list[ControllerRouterHandler] = [stream]
