"""Deliveries that were given up: for operators, who may have them tried again."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.errors import Kind, Refusal
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = [
    "DeliveryMissing",
    "Outage",
    "UndeliverableDelivery",
    "count_undeliverable",
    "drop_delivery",
    "list_outages",
    "list_undeliverable",
    "retry_delivery",
]


class UndeliverableDelivery(msgspec.Struct, frozen=True):
    """For whom, by their username, and about what kind; of a digest `gathered` many. Addresses are nobody's
    business here."""

    id: UUID
    channel: str
    username: str | None
    kind: str
    gathered: int
    attempts: int
    error: str
    failed_at: datetime


class Outage(msgspec.Struct, frozen=True):
    """A channel that is down, and when it is tried again."""

    channel: str
    since: datetime
    failures: int
    retry_at: datetime
    error: str


LIST_UNDELIVERABLE = sql(
    "notifications.list_undeliverable",
    """
    SELECT d.id, d.channel, a.username, coalesce(n.kind, 'digest') AS kind,
           (SELECT count(*) FROM notifications.deliveries g WHERE g.digest_id = d.id)::int AS gathered,
           d.attempts, coalesce(d.error, '') AS error, d.due_at AS failed_at
    FROM notifications.deliveries d
    LEFT JOIN notifications.notifications n ON n.id = d.notification_id
    LEFT JOIN identity.profiles a ON a.id = d.user_id
    WHERE d.state = 'failed' ORDER BY d.due_at DESC LIMIT $1
    """,
    into=UndeliverableDelivery,
)
COUNT_UNDELIVERABLE = sql(
    "notifications.count_undeliverable",
    """
    SELECT count(*)::int FROM (
        SELECT FROM notifications.deliveries WHERE state = 'failed' LIMIT $1
    ) given_up
    """,
    into=int,
)
# Not 'waiting': a later one of the same notification may be that.
RETRY = sql(
    "notifications.retry_delivery",
    """
    UPDATE notifications.deliveries SET state = 'sending', attempts = 0, due_at = $2
    WHERE id = $1 AND state = 'failed'
    """,
    into=NoneType,
)
DROP = sql(
    "notifications.drop_delivery",
    "UPDATE notifications.deliveries SET state = 'dropped', due_at = $2 WHERE id = $1 AND state = 'failed'",
    into=NoneType,
)
LIST_OUTAGES = sql(
    "notifications.list_outages",
    "SELECT channel, since, failures, retry_at, error FROM notifications.outages ORDER BY channel",
    into=Outage,
)


class DeliveryMissing(Refusal):
    code = "notifications.delivery_missing"
    kind = Kind.MISSING
    message = "There is no such delivery that was given up (any more)."


async def list_undeliverable(work: Work, *, limit: int = 100) -> list[UndeliverableDelivery]:
    """The latest first. For operators: whoever calls it asks for their permission."""
    return await work.all(LIST_UNDELIVERABLE, limit)


async def count_undeliverable(work: Work, *, at_most: int) -> int:
    """For operators, as above."""
    return await work.one(COUNT_UNDELIVERABLE, at_most) or 0


async def list_outages(work: Work) -> list[Outage]:
    """For operators, as above."""
    return await work.all(LIST_OUTAGES)


async def retry_delivery(work: Work, *, delivery_id: UUID) -> None:
    """It is tried again from now on, as often as a new one. Raises DeliveryMissing."""
    if not await work.run(RETRY, delivery_id, work.now):
        raise DeliveryMissing


async def drop_delivery(work: Work, *, delivery_id: UUID) -> None:
    """Nobody tries it again. Raises DeliveryMissing."""
    if not await work.run(DROP, delivery_id, work.now):
        raise DeliveryMissing
