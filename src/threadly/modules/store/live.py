"""Live orders: the state of one order, told to an open page as it changes.

A hint says only that something changed; what is told is read from the database, so nothing stale is. Hints
get lost: at every beat the page is told anew what the state is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from threadly.platform.actor import Tenant
from threadly.platform.ids import UUID
from threadly.platform.pubsub import PubSub, Subscription, channel_of

__all__ = ["topic_of", "watch_order"]

BEAT_S = 15.0
# A stream ends after so long, and the browser comes back by itself, if it is still signed in.
LIFETIME_S = 300.0


def topic_of(order_id: UUID) -> str:
    return f"order:{order_id}"


async def watch_order(
    pubsub: PubSub,
    tenant: Tenant,
    order_id: UUID,
    *,
    read_state: Callable[[], Awaitable[str | None]],
    beat_s: float = BEAT_S,
    lifetime_s: float = LIFETIME_S,
) -> AsyncIterator[str | None]:
    """The order's state, at once and whenever it changed; None at every beat without a change.

    It ends when `read_state` finds no order for whoever looks, after `lifetime_s`, or with the process.
    """
    loop = asyncio.get_running_loop()
    ends_at, told = loop.time() + lifetime_s, ""
    async with pubsub.subscribe(channel_of(tenant.id, topic_of(order_id))) as news:
        while loop.time() < ends_at:
            state = await read_state()
            if state is None:
                return
            yield state if state != told else None
            told = state
            if not await _wait(news, until=loop.time() + beat_s):
                return


async def _wait(news: Subscription, *, until: float) -> bool:
    """Until something may have changed or that time of the loop; whether there can be more."""
    try:
        async with asyncio.timeout_at(until):
            await anext(news)
    except TimeoutError:
        return True
    except StopAsyncIteration:
        return False
    return True
