"""Hints to the sockets of members: that something is new, which they then read for themselves.

Each member has a channel of their own, so only the processes that hold a socket of theirs hear of it.
"""

from collections.abc import Iterable

from threadly.platform.ids import UUID
from threadly.platform.pubsub import PubSub, channel_of
from threadly.platform.telemetry.tracing import current_traceparent
from threadly.platform.work import Work

__all__ = ["channel_for", "tell", "tell_now"]


def channel_for(tenant_id: int, user_id: UUID) -> str:
    return channel_of(tenant_id, _topic(user_id))


def tell(work: Work, user_ids: Iterable[UUID], what: str, **payload: object) -> None:
    """Once this Work is committed. The trace goes along, so that a message is one journey up to its
    arrival."""
    hint = {"what": what, "traceparent": current_traceparent() or "", **payload}
    for user_id in user_ids:
        work.signal(_topic(user_id), hint)


async def tell_now(
    pubsub: PubSub, tenant_id: int, user_ids: Iterable[UUID], what: str, **payload: object
) -> None:
    """For what is written nowhere: who is typing."""
    hint = {"what": what, **payload}
    await pubsub.publish_many([(channel_for(tenant_id, user_id), hint) for user_id in user_ids])


def _topic(user_id: UUID) -> str:
    return f"messages:{user_id}"
