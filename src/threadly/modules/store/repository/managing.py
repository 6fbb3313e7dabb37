"""What the owner's pages sum up and look up."""

from datetime import datetime

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = ["COUNT_TO_SEND", "FIND_ORDER_BY_NUMBER", "LIST_NAMES", "LIST_TO_SEND", "SALES_BY_DAY"]


class SalesRow(msgspec.Struct, frozen=True):
    """The orders that were paid on one day (UTC); `kept_minor` is without what was given back of them."""

    day: datetime
    orders: int
    kept_minor: int


class NameRow(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    username: str


# $1 from when on, $2 the lowest id that an order paid since then can have, $3 the currency.
SALES_BY_DAY = sql(
    "store.sales_by_day",
    """
    SELECT date_trunc('day', paid_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS day, count(*)::int AS orders,
        sum(total_minor - refunded_minor)::bigint AS kept_minor
    FROM store.orders
    WHERE tenant_id = platform.tenant_id() AND placed_at IS NOT NULL AND id >= $2 AND paid_at >= $1
        AND state IN ('paid', 'fulfilled', 'partially_refunded', 'refunded') AND currency = $3
    GROUP BY 1 ORDER BY 1
    """,
    into=SalesRow,
)
# Paid, not given back as a whole, and not sent.
_TO_SEND = """
    FROM store.orders o
    WHERE o.tenant_id = platform.tenant_id() AND o.state IN ('paid', 'partially_refunded')
        AND NOT EXISTS (
            SELECT FROM store.order_history h WHERE h.order_id = o.id AND h.state = 'fulfilled'
        )
"""
# Counted up to $1 only: more is many.
COUNT_TO_SEND = sql(
    "store.count_orders_to_send",
    f"SELECT count(*)::int AS orders FROM (SELECT {_TO_SEND} LIMIT $1) each",  # noqa: S608  # a constant above
    into=int,
)
# The oldest first, as a queue is: who waits longest. $1 the id to go on above; $2 how many.
LIST_TO_SEND = sql(
    "store.list_orders_to_send",
    f"SELECT o.id {_TO_SEND} AND o.id > $1 ORDER BY o.id LIMIT $2",
    into=UUID,
)
FIND_ORDER_BY_NUMBER = sql(
    "store.find_order_by_number",
    "SELECT id FROM store.orders WHERE tenant_id = platform.tenant_id() AND number = $1",
    into=UUID,
)
LIST_NAMES = sql(
    "store.list_names",
    "SELECT id, name, username FROM identity.profiles WHERE id = ANY ($1::uuid[])",
    into=NameRow,
)
