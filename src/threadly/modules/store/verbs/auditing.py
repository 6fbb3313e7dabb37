"""Whether orders, payments, refunds, stock, coupons and gift cards agree. They cannot disagree: this
looks."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from threadly.modules import payments
from threadly.modules.payments import Payment
from threadly.modules.store.repository.auditing import (
    AUDITED_ORDERS,
    CHARGED_ORDERS,
    COUPONS_OFF,
    GIFT_CARDS_OFF,
    HELD_FOR_NOTHING,
    RESERVED_OFF,
    STOCK_OFF,
    AuditedRow,
)
from threadly.modules.store.rules.orders import OPEN, PAID
from threadly.modules.store.types.orders import OrderDiscrepancy
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.ids import FIRST_ID, UUID
from threadly.platform.paging import Keyset
from threadly.platform.work import Work

__all__ = ["list_order_discrepancies"]

LOOKED_BACK = timedelta(days=31)
MOST = 500
PAGE = 500
DAY = timedelta(days=1)

STANDING = (
    (STOCK_OFF, "stock_off", "What is on hand is not the sum of the stock’s movements."),
    (RESERVED_OFF, "reserved_off", "What is reserved is not the sum of the reservations."),
    (HELD_FOR_NOTHING, "held_for_nothing", "An order that is decided still holds units."),
    (COUPONS_OFF, "coupon_uses_off", "The coupon counts other uses than there are."),
    (GIFT_CARDS_OFF, "gift_cards_off", "Gift cards paid something else for the order than it says."),
)


async def list_order_discrepancies(
    work: Work, *, since: datetime | None = None, until: datetime | None = None, standing: bool = True
) -> list[OrderDiscrepancy]:
    """All that does not agree, MOST at most of each kind: none, unless rows were changed by hand or there is
    a bug. Orders and payments of `since` (31 days ago) to `until` (now), the rest as it stands; that reads
    much, and is left out if not `standing`.

    A payment that a worker has just collected settles its order with the next batch of events; look again
    then. Raises SignInRequired, Denied unless the actor may `store.manage`.
    """
    work.actor.require(STORE_MANAGE)
    start, end = since or work.now - LOOKED_BACK, until or work.now + DAY
    found: list[OrderDiscrepancy] = []
    while start < end and len(found) < MOST:
        found += await _compare(work, start, min(start + DAY, end))
        start += DAY
    for statement, kind, explanation in STANDING if standing else ():
        rows = await work.all(statement, MOST)
        found += [OrderDiscrepancy(kind, row.id, explanation, row.expected, row.found) for row in rows]
    return found


async def _compare(work: Work, start: datetime, end: datetime) -> list[OrderDiscrepancy]:
    """The payments of that time with their orders, and the paid orders with their payments. Both are written
    in one transaction, at one time."""
    found: list[OrderDiscrepancy] = []
    paid: set[UUID] = set()
    after: Keyset | None = None
    while True:
        page = await payments.list_succeeded(work, since=start, until=end, after=after, limit=PAGE)
        rows = await work.all(AUDITED_ORDERS, [each.reference for each in page.items])
        found += _differences(page.items, {row.id: row for row in rows})
        paid |= {each.reference for each in page.items}
        after = page.after
        if after is None:
            break
    return found + [
        OrderDiscrepancy("payment_missing", order_id, "The order is paid, but no payment succeeded.")
        for order_id in await _charged(work, start, end)
        if order_id not in paid
    ]


async def _charged(work: Work, start: datetime, end: datetime) -> list[UUID]:
    found: list[UUID] = []
    while True:
        page = await work.all(CHARGED_ORDERS, start, end, found[-1] if found else FIRST_ID, PAGE)
        found += page
        if len(page) < PAGE:
            return found


def _differences(paid: Sequence[Payment], orders: dict[UUID, AuditedRow]) -> Iterator[OrderDiscrepancy]:
    for payment in paid:
        order = orders.get(payment.reference)
        if order is None:
            explanation = "The payment succeeded, but there is no such order."
            yield OrderDiscrepancy("order_missing", payment.id, explanation)
            continue
        yield from _differences_of(payment, order)


def _differences_of(payment: Payment, order: AuditedRow) -> Iterator[OrderDiscrepancy]:
    amount, refunded = payment.amount.amount_minor, payment.refunded.amount_minor
    if order.state in OPEN:
        explanation = f"The payment succeeded, but the order is {order.state}."
        yield OrderDiscrepancy("order_not_paid", order.id, explanation)
    elif order.state not in PAID and order.refunded_minor < amount:
        explanation = "The order is cancelled, but not all that was paid is given back."
        yield OrderDiscrepancy("not_given_back", order.id, explanation, amount, order.refunded_minor)
    if (amount, payment.amount.currency) != (order.due_minor, order.currency):
        explanation = "Another amount was paid than the order asks for."
        yield OrderDiscrepancy("amount_differs", order.id, explanation, order.due_minor, amount)
    if refunded != order.card_refunded_minor:
        explanation = "The provider gave back another amount than the order’s refunds say."
        yield OrderDiscrepancy("refund_differs", order.id, explanation, order.card_refunded_minor, refunded)
    if order.promised_minor != order.refunded_minor:
        explanation = "The order counts another amount as given back than its refunds say."
        yield OrderDiscrepancy(
            "refunds_off", order.id, explanation, order.promised_minor, order.refunded_minor
        )
