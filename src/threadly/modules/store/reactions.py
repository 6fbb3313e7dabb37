"""What the store does when something happened. Each runs in the transaction that marks its event done, may
see an event again (replay) and does not rely on the order of two events."""

from threadly.modules import identity, moderation, payments
from threadly.modules.payments import (
    PaymentAbandoned,
    PaymentDeclined,
    PaymentSaved,
    PaymentSucceeded,
    RefundFailed,
    RefundSucceeded,
)
from threadly.modules.store.repository.cart import DELETE_CART_OF
from threadly.modules.store.repository.orders import BLANK_ORDERS
from threadly.modules.store.rules.orders import PAID
from threadly.modules.store.verbs.moderating import put_back, remove, withhold
from threadly.modules.store.verbs.orders import find_order_state, orders_tag
from threadly.modules.store.verbs.refunds import end_refund
from threadly.modules.store.verbs.settling import settle
from threadly.platform.events import Reactions
from threadly.platform.work import Work

__all__ = ["wire"]

Decided = PaymentSucceeded | PaymentDeclined | PaymentSaved | PaymentAbandoned


def wire(reactions: Reactions) -> None:
    reactions.on(PaymentSucceeded, settle_order, name="store.settle_order")
    reactions.on(PaymentDeclined, settle_order, name="store.settle_order")
    reactions.on(PaymentSaved, settle_order, name="store.settle_order")
    reactions.on(PaymentAbandoned, settle_order, name="store.settle_order")
    reactions.on(RefundSucceeded, end_refund_well, name="store.end_refund")
    reactions.on(RefundFailed, end_refund_badly, name="store.end_refund")
    reactions.on(moderation.ContentHidden, withhold_product, name="store.withhold_product")
    reactions.on(moderation.ContentReleased, put_product_back, name="store.put_product_back")
    reactions.on(moderation.ContentRemoved, remove_product, name="store.remove_product")
    reactions.on(identity.AccountDeleted, erase_buyer, name="store.erase_buyer")


async def settle_order(work: Work, event: Decided) -> None:
    """Whoever drove the payment has settled the order with it, unless it was a worker. By the payment's
    present state: an older event says nothing new."""
    if isinstance(event, PaymentSucceeded) and await find_order_state(work, order_id=event.reference) in PAID:
        return  # the common case, without a lock
    payment = await payments.lock_payment(work, reference=event.reference)
    if payment is not None:
        await settle(work, payment)


async def end_refund_well(work: Work, event: RefundSucceeded) -> None:
    await end_refund(work, payment_refund_id=event.refund_id, succeeded=True)


async def end_refund_badly(work: Work, event: RefundFailed) -> None:
    await end_refund(work, payment_refund_id=event.refund_id, succeeded=False)


async def withhold_product(work: Work, event: moderation.ContentHidden) -> None:
    if event.kind == "product":
        await withhold(work, product_id=event.subject_id)


async def put_product_back(work: Work, event: moderation.ContentReleased) -> None:
    if event.kind == "product":
        await put_back(work, product_id=event.subject_id)


async def remove_product(work: Work, event: moderation.ContentRemoved) -> None:
    if event.kind == "product":
        await remove(work, product_id=event.subject_id)


async def erase_buyer(work: Work, event: identity.AccountDeleted) -> None:
    """The cart goes. Orders stay for the books, without the person where they are over; those that still
    have to be sent keep their address until then (the daily job looks again)."""
    await work.run(DELETE_CART_OF, event.user_id)
    await work.run(BLANK_ORDERS, event.user_id)
    work.forget(orders_tag(event.user_id))
