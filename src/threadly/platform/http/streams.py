"""Server-sent events: what a stream begins with, how many may be open at once, and for how long."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from litestar.response import Stream

from threadly.platform.http.edge import Edge
from threadly.platform.http.refusals import Overloaded
from threadly.platform.standing import ASK_S, SETTLED_S

__all__ = [
    "MOST_STREAMS_PER_ADDRESS",
    "MOST_STREAMS_PER_FOLLOWER",
    "MOST_STREAMS_PER_MEMBER",
    "STILL_HERE",
    "event_stream",
    "followers_stream",
    "while_welcome",
]

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# Sent at once, so that the browser knows that it is connected; `retry` is in milliseconds.
WELCOME = b"retry: 2000\n: welcome\n\n"
# A sign of life, which pages do not see.
STILL_HERE = b": still here\n\n"
# Open streams of one process; they are not among its requests in flight.
MOST_STREAMS = 4_096
MOST_STREAMS_PER_MEMBER = 12
MOST_STREAMS_PER_FOLLOWER = 6
# Anybody can make up the key of a follower, but not an address.
MOST_STREAMS_PER_ADDRESS = 64
RETRY_AFTER_S = 5

# For whom a stream is open, and how many of theirs may be.
Holder = tuple[str, int]


def event_stream(edge: Edge, events: AsyncIterator[bytes]) -> Stream:
    """The answer that sends `events`, as they go over the wire, to a member: among them a sign of life every
    now and then, with which it ends if the member is signed out or suspended meanwhile.

    Raises SignInRequired, and Overloaded when too many are open.
    """
    return _stream([(f"member {edge.actor.me}", MOST_STREAMS_PER_MEMBER)], while_welcome(edge, events))


def followers_stream(edge: Edge, events: AsyncIterator[bytes], *, follower: str) -> Stream:
    """As `event_stream`, to who has the key `follower`, member or guest. Raises Overloaded."""
    holders = [
        (f"follower {follower}", MOST_STREAMS_PER_FOLLOWER),
        (f"address {edge.address}", MOST_STREAMS_PER_ADDRESS),
    ]
    return _stream(holders, events)


async def while_welcome(edge: Edge, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """`events`, until one comes when the member may have no more. Without a doubt nothing is asked."""
    standing, pubsub = edge.standing, edge.runtime.pubsub
    now = asyncio.get_running_loop().time
    ask_at, doubted_until = now() + ASK_S, 0.0
    async with pubsub.subscribe(standing.channel) as doubts:
        async for event in events:
            if doubts.drain():
                ask_at, doubted_until = now(), now() + SETTLED_S
            if now() >= ask_at or not pubsub.connected:
                if not await standing.holds():
                    return
                if now() >= doubted_until:
                    ask_at = now() + ASK_S
            yield event


def _stream(holders: Sequence[Holder], events: AsyncIterator[bytes]) -> Stream:
    if not _open.have_room(holders):
        raise Overloaded(
            "Too many live pages are open. Close some, or try again shortly.", retry_after_s=RETRY_AFTER_S
        )
    return Stream(_counted(holders, events), media_type="text/event-stream", headers=HEADERS)


class _OpenStreams:
    def __init__(self) -> None:
        self._count = 0
        self._of: Counter[str] = Counter()

    def have_room(self, holders: Sequence[Holder]) -> bool:
        return self._count < MOST_STREAMS and all(self._of[name] < most for name, most in holders)

    @contextmanager
    def one_more(self, holders: Sequence[Holder]) -> Iterator[None]:
        names = [name for name, _ in holders]
        self._count += 1
        self._of.update(names)
        try:
            yield
        finally:
            self._count -= 1
            self._of.subtract(names)
            for name in names:
                if not self._of[name]:
                    del self._of[name]


_open = _OpenStreams()


async def _counted(holders: Sequence[Holder], events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield WELCOME
    # Counted only now, since an answer that is never sent would not give its place back. Whoever came in
    # between finds the stream over, and the browser asks again.
    if not _open.have_room(holders):
        return
    with _open.one_more(holders):
        async for event in events:
            yield event
