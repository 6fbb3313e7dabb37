"""What the Map's scripts talk to: the stream of one's own journeys, and the browser's own measurements."""

from collections.abc import AsyncIterator

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from threadly.modules.atlas.errors import NotFollowing
from threadly.modules.atlas.live import BEAT, RESYNC, Beat, Sighting, watch_journeys
from threadly.modules.atlas.timings import MOST_BYTES, Timings, part_of
from threadly.platform.http.edge import Edge
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.following import OFF, UNFOLLOWED, Tickets, follower_of
from threadly.platform.http.streams import STILL_HERE, followers_stream
from threadly.platform.telemetry import tracing
from threadly.platform.telemetry.parts import CHANNEL, Part

__all__ = ["follower_in", "routes"]


def follower_in(edge: Edge) -> str:
    """The key of who asks, who follows and may. Raises NotFollowing."""
    exchange = exchange_of(edge.request.scope)
    key = follower_of(exchange.headers)
    if key is None or key == OFF or not exchange.may_follow:
        raise NotFollowing
    return key


@get("/map/live", include_in_schema=False, opt={UNFOLLOWED: True})
async def tell_live(edge: NamedDependency[Edge]) -> Stream:
    """`event: spans` with a Sighting, or `event: resync`. Raises NotFollowing, Overloaded."""
    key = follower_in(edge)
    told = watch_journeys(edge.runtime.pubsub, key=key, tenant_id=edge.tenant.id)
    return followers_stream(edge, _lines(told), follower=key)


async def _lines(told: AsyncIterator[Sighting | Beat]) -> AsyncIterator[bytes]:
    async for each in told:
        if each is BEAT:
            yield STILL_HERE
        elif each is RESYNC:
            yield b"event: resync\ndata: {}\n\n"
        else:
            yield b"event: spans\ndata: %s\n\n" % msgspec.json.encode(each)


@post(
    "/map/timings",
    include_in_schema=False,
    opt={UNFOLLOWED: True, "csrf": False},  # a beacon has no headers; what it says is signed instead
    request_max_body_size=MOST_BYTES,
    status_code=204,
)
async def take_timings(edge: NamedDependency[Edge]) -> Response[None]:
    """204. What bears no ticket of the follower's own is passed over. Raises NotFollowing."""
    key, keeper = follower_in(edge), tracing.keeper()
    tickets = Tickets(edge.runtime.settings)
    for timing in _read(await edge.request.body()).timings:
        ticket = tickets.read(timing.ticket, follower=key)
        part = part_of(timing, ticket, follower=key, tenant_id=edge.tenant.id) if ticket else None
        if part is not None and keeper is not None:
            keeper.hand_in(part)
            await edge.runtime.pubsub.publish(CHANNEL, _message(part))
    return Response(None, status_code=204)


def _read(body: bytes) -> Timings:
    try:
        return msgspec.json.decode(body, type=Timings)
    except msgspec.MsgspecError as error:
        raise ClientException(f"These are no timings: {error}") from None


def _message(part: Part) -> dict[str, object]:
    """As the keeper tells its own."""
    return {
        "trace_id": part.trace_id,
        "tenant_id": part.tenant_id,
        "follower": part.follower,
        "process": part.process,
        "request": False,
        "spans": [msgspec.to_builtins(each) for each in part.spans],
    }


routes: list[ControllerRouterHandler] = [tell_live, take_timings]
