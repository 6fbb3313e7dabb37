"""What becomes of an order when its payment is decided: the second half of the checkout's saga.

`settle` runs in the transaction that records the payment's outcome, and again from the outcome's event; it
acts by the order's state under the order's lock, so that doing it twice is doing it once.
"""

from threadly.modules import payments
from threadly.modules.payments import Payment
from threadly.modules.store.confirming import confirm_order, tell_buyer
from threadly.modules.store.events import OrderCancelled, OrderPaid
from threadly.modules.store.repository.checkout import FREE_CART, REFILL_CART
from threadly.modules.store.repository.orders import ADD_REFUNDED, INSERT_REFUND, LOCK_ORDER, OrderRow
from threadly.modules.store.rules.orders import OPEN, Parts, refund_split, split_of
from threadly.modules.store.verbs.coupons import return_coupons
from threadly.modules.store.verbs.gift_cards import return_gift_cards
from threadly.modules.store.verbs.orders import move_order, note_history
from threadly.modules.store.verbs.stock import consume, release
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.telemetry.spans import span
from threadly.platform.work import Work

__all__ = [
    "abandon",
    "cancel_open",
    "parts_of",
    "receive_order",
    "refund_cancelled",
    "release_expired_order",
    "settle",
    "settle_paid",
]

LATE = "The payment came after the order was cancelled; it is given back automatically."


async def settle(work: Work, payment: Payment) -> None:
    """Bring the order that `payment` is for where the payment's state says. Nothing for what is no order."""
    order = await work.one(LOCK_ORDER, payment.reference)
    if order is None:
        return
    if payment.state == "succeeded":
        await _settle_succeeded(work, order, payment)
    elif order.state not in OPEN:
        return
    elif payment.state == "declined":
        await cancel_open(work, order, reason="payment_declined", why="The payment was declined.")
    elif payment.state == "abandoned":
        await cancel_open(
            work, order, reason="payment_abandoned", why="No provider could take the payment in time."
        )
    elif payment.state == "saved":
        await _receive(work, order)


async def settle_paid(work: Work, order: OrderRow, *, paid_with: str, why: str) -> None:
    """The open order is paid: what was held for it is sold."""
    await move_order(work, order, "paid", why=why, paid_with=paid_with, empties_cart=True)
    await consume(work, order_id=order.id)
    await _post_gift_cards(work, order)
    work.emit(
        OrderPaid(
            order_id=order.id,
            buyer_id=order.buyer_id,
            amount_minor=order.total_minor,
            currency=order.currency,
        )
    )
    await confirm_order(work, order=order)


async def cancel_open(work: Work, order: OrderRow, *, reason: str, why: str) -> None:
    """The open order comes to nothing: all that was held for it is given back, last taken first."""
    with span("store.compensate", reason=reason):
        await move_order(work, order, "cancelled", why=why, reason=reason)
        await return_gift_cards(work, order_id=order.id)
        await return_coupons(work, order_id=order.id)
        await release(work, order_id=order.id)
        await work.run(FREE_CART, order.id)
        work.emit(OrderCancelled(order_id=order.id, buyer_id=order.buyer_id))
        if order.placed_at is not None:  # the buyer was told that it is received, and found the cart empty
            await work.run(REFILL_CART, order.id, order.buyer_id, work.now)
            await work.enqueue(tell_buyer, order_id=str(order.id), news="cancelled")


async def release_expired_order(work: Work, *, order_id: UUID) -> None:
    """What an order held for longer than it may goes back, if it is not decided by now."""
    await payments.lock_payment(work, reference=order_id)
    order = await work.one(LOCK_ORDER, order_id)
    if order is None:
        return
    if order.state not in OPEN:
        await release(work, order_id=order_id)  # nothing, unless a person changed rows by hand
        return
    await cancel_open(work, order, reason="expired", why="It was not paid within the time it was held.")
    await abandon(work, order)


async def refund_cancelled(
    work: Work, order: OrderRow, payment: Payment, amount: int, *, reason: str
) -> UUID:
    """Give `amount` of what was paid for the cancelled order back to the card. Returns the refund's id."""
    refund_id, by = new_id(), work.actor.user_id
    _, paid = parts_of(order)
    refund = await payments.request_refund(
        work,
        payment_id=payment.id,
        amount=Money(amount, order.currency),
        split=refund_split(paid, before=order.due_minor - amount, amount=amount),
        reason=reason,
    )
    await work.run(ADD_REFUNDED, order.id, amount)
    await work.run(
        INSERT_REFUND,
        *(refund_id, order.id, amount, 0, refund.id, reason, [], [], "requested", by, work.now),
    )
    await note_history(work, order, why=reason)
    return refund_id


async def receive_order(work: Work, *, order_id: UUID) -> None:
    """Tell the buyer that the order is received, if its payment is not decided by now."""
    order = await work.one(LOCK_ORDER, order_id)
    if order is not None:
        await _receive(work, order)


def parts_of(order: OrderRow) -> tuple[Parts, Parts]:
    """What of each part of the total its gift cards pay, and what its payment pays."""
    parts = Parts(order.subtotal_minor - order.discount_minor, order.shipping_minor, order.tax_minor)
    return split_of(parts, gift_card=order.gift_card_minor)


async def _settle_succeeded(work: Work, order: OrderRow, payment: Payment) -> None:
    if order.state in OPEN:
        label = payment.label or payment.provider or ""
        await settle_paid(work, order, paid_with=label, why="The payment succeeded.")
    elif order.state == "cancelled" and order.paid_at is None and not order.refunded_minor:
        # Money for an order that is no more goes back by itself.
        await refund_cancelled(work, order, payment, payment.amount.amount_minor, reason=LATE)


async def _receive(work: Work, order: OrderRow) -> None:
    if order.state != "pending":
        return
    why = "No answer to the payment yet; it is tried again."
    await move_order(work, order, "payment_pending", why=why, empties_cart=True)
    await work.enqueue(tell_buyer, order_id=str(order.id), news="received")


async def _post_gift_cards(work: Work, order: OrderRow) -> None:
    """What a gift card owed its holder is earned now."""
    if not order.gift_card_minor:
        return
    used, _ = parts_of(order)
    earned = {account: -amount for account, amount in used.accounts().items()}
    await payments.post_ledger(
        work,
        kind="gift_card",
        source=f"order:{order.id}",
        reference=order.id,
        entries={"gift_cards": order.gift_card_minor, **earned},
        currency=order.currency,
    )


async def abandon(work: Work, order: OrderRow) -> None:
    """Its payment is not wanted any more."""
    payment = await payments.find_payment(work, reference=order.id)
    if payment is not None:
        await payments.abandon_payment(work, payment_id=payment.id)
