"""Orders given back, sent, and called off.

A refund takes what the card was charged first and gift cards last: money goes back as money for as long as
there is some, and no store credit is made of it.
"""

from collections.abc import Sequence

from threadly.modules import payments
from threadly.modules.store.confirming import call_off_at_warehouse, tell_buyer
from threadly.modules.store.errors.orders import (
    AmountInvalid,
    NothingToRefund,
    OrderBeingPaid,
    OrderFulfilled,
    OrderMissing,
    OrderNotPaid,
    RefundAboveRest,
    RefundLineUnknown,
    RestockNeedsLines,
)
from threadly.modules.store.events import OrderCancelled, OrderRefunded, OrderSent
from threadly.modules.store.repository.orders import (
    ADD_REFUNDED,
    END_REFUND,
    FIND_ORDER,
    GET_REFUND,
    GIFT_CARDS_RETURNED,
    LIST_REFUNDS,
    LOCK_ORDER,
    LOCK_REFUND,
    ORDER_LINES,
    TAKE_UNITS_BACK,
    WAS_FULFILLED,
    OrderLineRow,
    OrderRow,
)
from threadly.modules.store.rules.orders import REFUNDABLE, refunded_state, units_worth
from threadly.modules.store.types.orders import Order, OrderRefund, ReturnedLine
from threadly.modules.store.verbs.coupons import return_coupons
from threadly.modules.store.verbs.giving_back import give_back
from threadly.modules.store.verbs.orders import find_visible, get_order, move_order, note_history, refund_of
from threadly.modules.store.verbs.settling import abandon, cancel_open, refund_cancelled
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.ids import UUID
from threadly.platform.money import Money
from threadly.platform.paging import Keyset, Page, id_after, page_of
from threadly.platform.work import Work

__all__ = ["cancel_order", "end_refund", "fulfil_order", "list_refunds", "refund_order"]


async def refund_order(
    work: Work,
    *,
    order_id: UUID,
    amount: Money | None = None,
    lines: Sequence[ReturnedLine] = (),
    reason: str,
    restock_units: bool = False,
) -> OrderRefund:
    """Give back `amount`, or what `lines` cost, or else all that is left; `restock_units` puts the units of
    `lines` (of a refund of everything: all of them) back on the shelf. A unit can be given back once.

    Raises SignInRequired, Denied unless the actor may `store.manage`, OrderMissing, OrderNotPaid,
    NothingToRefund, AmountInvalid, RefundAboveRest, RefundLineUnknown, RestockNeedsLines.
    """
    work.actor.require(STORE_MANAGE)
    await payments.lock_payment(work, reference=order_id)
    order = await work.one(LOCK_ORDER, order_id)
    if order is None:
        raise OrderMissing
    if order.state == "cancelled":
        return await _refund_cancelled(work, order, amount, lines, reason=reason)
    _require_refundable(order)
    bought = await work.all(ORDER_LINES, order_id)
    _require_lines(bought, lines, back=restock_units)
    wanted = _amount(order, bought, amount, lines)
    returned = _returned(order, bought, lines, wanted) if restock_units else []
    units = _units(order, bought, lines, wanted)
    refund_id = await give_back(
        work, order, wanted, reason=reason, units=units, returned=returned, bought=bought
    )
    refunded = order.refunded_minor + wanted
    fulfilled = await _was_fulfilled(work, order_id)
    state = refunded_state(total=order.total_minor, refunded=refunded, fulfilled=fulfilled)
    await move_order(work, order, state, why=f"{Money(wanted, order.currency)} given back: {reason}")
    if state == "refunded" and not fulfilled:
        await call_off_at_warehouse(work, order=order)
    work.emit(
        OrderRefunded(
            order_id=order.id, buyer_id=order.buyer_id, amount_minor=wanted, currency=order.currency
        )
    )
    await work.enqueue(tell_buyer, order_id=str(order_id), news="refunded")
    row = await work.one(GET_REFUND, refund_id)
    assert row, "it was just written"
    return refund_of(row, order.currency)


async def list_refunds(
    work: Work, *, order_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[OrderRefund]:
    """What was given back of the order, oldest first.

    Raises SignInRequired, OrderMissing unless it is the actor's or theirs to manage.
    """
    order = await find_visible(work, order_id, FIND_ORDER)
    rows = await work.all(LIST_REFUNDS, order_id, id_after(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([refund_of(row, order.currency) for row in page.items], page.after)


async def cancel_order(work: Work, *, order_id: UUID, reason: str = "") -> Order:
    """Call the order off before it is sent: everything paid goes back, every unit to the shelf, and its
    coupons can be used again. Twice is the same.

    Raises SignInRequired, OrderMissing unless it is the actor's or theirs to manage, OrderBeingPaid,
    OrderFulfilled, OrderNotPaid.
    """
    await payments.lock_payment(work, reference=order_id)
    order = await find_visible(work, order_id, LOCK_ORDER)
    by_buyer = order.buyer_id == work.actor.user_id
    why = reason or ("The buyer cancelled it." if by_buyer else "The shop cancelled it.")
    told = "cancelled_by_buyer" if by_buyer else "cancelled_by_shop"
    if order.state == "pending":
        raise OrderBeingPaid
    if order.state == "payment_pending":
        await cancel_open(work, order, reason=told, why=why)
        await abandon(work, order)
    elif order.state != "cancelled":
        await _call_off(work, order, told=told, why=why)
    return await get_order(work, order_id=order_id)


async def fulfil_order(work: Work, *, order_id: UUID) -> Order:
    """The order was sent. Twice is the same.

    Raises SignInRequired, Denied unless the actor may `store.manage`, OrderMissing, OrderNotPaid.
    """
    work.actor.require(STORE_MANAGE)
    order = await find_visible(work, order_id, LOCK_ORDER)
    if await _was_fulfilled(work, order_id):
        return await get_order(work, order_id=order_id)
    if order.state not in ("paid", "partially_refunded"):
        raise OrderNotPaid
    await move_order(work, order, "fulfilled", why="It was sent.")
    work.emit(OrderSent(order_id=order.id, buyer_id=order.buyer_id))
    await work.enqueue(tell_buyer, order_id=str(order_id), news="sent")
    return await get_order(work, order_id=order_id)


async def end_refund(work: Work, *, payment_refund_id: UUID, succeeded: bool) -> None:
    """What the provider said to a refund. One that it refuses is taken back, so that it can be made anew; it
    may refuse later what it had taken first."""
    refund = await work.one(LOCK_REFUND, payment_refund_id)
    if refund is None or refund.state == "failed" or (succeeded and refund.state == "succeeded"):
        return
    order = await work.one(LOCK_ORDER, refund.order_id)
    assert order, "a refund refers to its order"
    await work.run(END_REFUND, refund.id, "succeeded" if succeeded else "failed", work.now)
    if succeeded:
        await note_history(work, order, why="The provider has given the money back.")
        return
    left = order.refunded_minor - (refund.amount_minor - refund.gift_card_minor)
    await work.run(ADD_REFUNDED, order.id, left - order.refunded_minor)
    await work.run(TAKE_UNITS_BACK, refund.id)
    why = "The provider refused to give the money back."
    if order.state == "cancelled":
        await note_history(work, order, why=why)
        return
    fulfilled = await _was_fulfilled(work, order.id)
    state = refunded_state(total=order.total_minor, refunded=left, fulfilled=fulfilled)
    await move_order(work, order, state, why=why)


async def _refund_cancelled(
    work: Work, order: OrderRow, amount: Money | None, lines: Sequence[ReturnedLine], *, reason: str
) -> OrderRefund:
    """What was paid for an order that is no more, and was not given back because the provider refused to."""
    payment = await payments.find_payment(work, reference=order.id)
    if payment is None or payment.state != "succeeded" or lines:
        raise OrderNotPaid
    # The gift cards of an order that came to nothing got theirs back without a refund.
    by_card = await work.one(GIFT_CARDS_RETURNED, order.id) or 0 if order.paid_at else 0
    left = order.due_minor - (order.refunded_minor - by_card)
    if not left:
        raise NothingToRefund
    wanted = left if amount is None else _checked(amount, left, order.currency)
    refund_id = await refund_cancelled(work, order, payment, wanted, reason=reason)
    row = await work.one(GET_REFUND, refund_id)
    assert row, "it was just written"
    return refund_of(row, order.currency)


async def _call_off(work: Work, order: OrderRow, *, told: str, why: str) -> None:
    if await _was_fulfilled(work, order.id):
        raise OrderFulfilled
    if order.state not in ("paid", "partially_refunded"):
        raise OrderNotPaid
    bought = await work.all(ORDER_LINES, order.id)
    left = order.total_minor - order.refunded_minor
    await return_coupons(work, order_id=order.id)  # before the stock, as every checkout takes them
    units, returned = _not_given_back(bought), _not_restocked(bought)
    await give_back(work, order, left, reason=why, units=units, returned=returned, bought=bought)
    await move_order(work, order, "cancelled", why=why, reason=told)
    await call_off_at_warehouse(work, order=order)
    work.emit(OrderCancelled(order_id=order.id, buyer_id=order.buyer_id))
    await work.enqueue(tell_buyer, order_id=str(order.id), news="cancelled")


async def _was_fulfilled(work: Work, order_id: UUID) -> bool:
    return await work.one(WAS_FULFILLED, order_id) is True


def _require_refundable(order: OrderRow) -> None:
    if order.state == "refunded":
        raise NothingToRefund
    if order.state not in REFUNDABLE:
        raise OrderNotPaid


def _require_lines(bought: Sequence[OrderLineRow], lines: Sequence[ReturnedLine], *, back: bool) -> None:
    """Raises RefundLineUnknown for a line that is not there, or twice, or with more units than are left."""
    by_line = {each.line: each for each in bought}
    if len({each.line for each in lines}) < len(lines):
        raise RefundLineUnknown
    for each in lines:
        found = by_line.get(each.line)
        if found is None:
            raise RefundLineUnknown
        left = found.quantity - max(found.refunded_units, found.restocked if back else 0)
        if each.quantity > left:
            units = "1 unit" if left == 1 else f"{left} units"
            raise RefundLineUnknown(f"Only {units} of “{found.title}” can still be given back.")


def _amount(
    order: OrderRow, bought: Sequence[OrderLineRow], amount: Money | None, lines: Sequence[ReturnedLine]
) -> int:
    """In minor units. Raises AmountInvalid, RefundAboveRest."""
    left = order.total_minor - order.refunded_minor
    if amount is None and lines:
        by_line = {each.line: each for each in bought}
        worth = sum(_worth(by_line[each.line], each.quantity) for each in lines)
        amount = Money(worth, order.currency)
    return _checked(Money(left, order.currency) if amount is None else amount, left, order.currency)


def _worth(line: OrderLineRow, quantity: int) -> int:
    return units_worth(line.total_minor, of=line.quantity, quantity=quantity, after=line.refunded_units)


def _checked(amount: Money, left: int, currency: str) -> int:
    """In minor units. Raises AmountInvalid, RefundAboveRest."""
    if amount.currency != currency:
        raise AmountInvalid(f"This order is in {currency}.")
    if amount.amount_minor <= 0:
        raise AmountInvalid
    if amount.amount_minor > left:
        raise RefundAboveRest(f"Of this order {Money(left, currency)} can still be given back.")
    return amount.amount_minor


def _returned(
    order: OrderRow, bought: Sequence[OrderLineRow], lines: Sequence[ReturnedLine], wanted: int
) -> list[ReturnedLine]:
    """Which units come back. Raises RestockNeedsLines."""
    if lines:
        return list(lines)
    if order.refunded_minor + wanted < order.total_minor:
        raise RestockNeedsLines
    return _not_restocked(bought)


def _units(
    order: OrderRow, bought: Sequence[OrderLineRow], lines: Sequence[ReturnedLine], wanted: int
) -> Sequence[ReturnedLine]:
    """For which units the money is: none where an amount alone was named, unless it is the last of it."""
    if order.refunded_minor + wanted == order.total_minor:
        return _not_given_back(bought)
    return lines


def _not_given_back(bought: Sequence[OrderLineRow]) -> list[ReturnedLine]:
    return [ReturnedLine(each.line, each.quantity - each.refunded_units) for each in bought]


def _not_restocked(bought: Sequence[OrderLineRow]) -> list[ReturnedLine]:
    return [ReturnedLine(each.line, each.quantity - each.restocked) for each in bought]
