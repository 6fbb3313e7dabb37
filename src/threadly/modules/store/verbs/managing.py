"""What who manages the store asks for that nobody else does."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from threadly.modules import payments
from threadly.modules.store.errors.orders import OrderMissing, RefundedMeanwhile
from threadly.modules.store.repository.managing import (
    COUNT_TO_SEND,
    FIND_ORDER_BY_NUMBER,
    LIST_NAMES,
    LIST_TO_SEND,
    SALES_BY_DAY,
)
from threadly.modules.store.repository.orders import LOCK_ORDER, SUMMARIES_OF
from threadly.modules.store.types.orders import OrderRefund, OrderSummary, ReturnedLine
from threadly.modules.store.verbs.catalog import get_currency
from threadly.modules.store.verbs.orders import page_of_summaries
from threadly.modules.store.verbs.refunds import refund_order
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.ids import UUID, id_at
from threadly.platform.money import Money
from threadly.platform.paging import Keyset, Page, id_after
from threadly.platform.work import Work

__all__ = [
    "MOST_COUNTED",
    "DaySales",
    "Person",
    "count_orders_to_send",
    "find_order_by_number",
    "list_orders_to_send",
    "list_people",
    "refund_as_seen",
    "sales_by_day",
]

DAY = timedelta(days=1)
# An order may be paid so long after it was made.
HELD = timedelta(days=1)
MOST_COUNTED = 1_000
LARGEST_NUMBER = (1 << 63) - 1


class DaySales(msgspec.Struct, frozen=True):
    """What was sold on one day (UTC), less what was given back of it since."""

    day: datetime
    orders: int
    kept: Money


class Person(msgspec.Struct, frozen=True):
    name: str
    username: str


async def sales_by_day(work: Work, *, days: int = 30) -> list[DaySales]:
    """The last `days` days, today the last, each of them also where nothing was sold.

    Raises SignInRequired or Denied without `store.manage`.
    """
    work.actor.require(STORE_MANAGE)
    currency = await get_currency(work)
    first = work.now.replace(hour=0, minute=0, second=0, microsecond=0) - (days - 1) * DAY
    rows = await work.all(SALES_BY_DAY, first, id_at(first - HELD, 0), currency)
    found = {row.day: row for row in rows}
    every = [first + number * DAY for number in range(days)]
    return [
        DaySales(day, found[day].orders, Money(found[day].kept_minor, currency))
        if day in found
        else DaySales(day, 0, Money(0, currency))
        for day in every
    ]


async def count_orders_to_send(work: Work) -> int:
    """How many are paid and not sent, MOST_COUNTED at most. Raises SignInRequired, Denied."""
    work.actor.require(STORE_MANAGE)
    return await work.one(COUNT_TO_SEND, MOST_COUNTED) or 0


async def list_orders_to_send(
    work: Work, *, after: Keyset | None = None, limit: int = 20
) -> Page[OrderSummary]:
    """Who waits longest first. Raises SignInRequired, Denied unless the actor may `store.manage`."""
    work.actor.require(STORE_MANAGE)
    ids = await work.all(LIST_TO_SEND, id_after(after), limit + 1)
    return page_of_summaries(await work.all(SUMMARIES_OF, ids), limit=limit)


async def find_order_by_number(work: Work, *, number: int) -> UUID:
    """The order's id. Raises SignInRequired, Denied, OrderMissing."""
    work.actor.require(STORE_MANAGE)
    if not 0 < number <= LARGEST_NUMBER:
        raise OrderMissing
    found = await work.one(FIND_ORDER_BY_NUMBER, number)
    if found is None:
        raise OrderMissing
    return found


async def list_people(work: Work, *, ids: Iterable[UUID | None]) -> dict[UUID, Person]:
    """Who these are, but for those who have left."""
    wanted = {each for each in ids if each}
    rows = await work.all(LIST_NAMES, list(wanted)) if wanted else []
    return {row.id: Person(row.name, row.username) for row in rows}


async def refund_as_seen(
    work: Work,
    *,
    order_id: UUID,
    seen: int,
    amount: Money | None,
    lines: Sequence[ReturnedLine],
    reason: str,
    restock_units: bool,
) -> OrderRefund:
    """As `refund_order`, unless another amount than `seen` (minor units) was given back before: then somebody
    has refunded meanwhile, or this is the same form a second time. Raises RefundedMeanwhile too."""
    work.actor.require(STORE_MANAGE)
    await payments.lock_payment(work, reference=order_id)
    order = await work.one(LOCK_ORDER, order_id)
    if order is None:
        raise OrderMissing
    if order.refunded_minor != seen:
        raise RefundedMeanwhile
    return await refund_order(
        work, order_id=order_id, amount=amount, lines=lines, reason=reason, restock_units=restock_units
    )
