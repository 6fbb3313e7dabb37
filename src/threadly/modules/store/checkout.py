"""The checkout from beginning to answer: begin, collect, and say what became of it.

It runs where the buyer waits. The saga's state is in the order's and the payment's own rows, so whatever dies
in between, a worker takes over (docs/decisions/0011-the-checkout-saga.md).
"""

import asyncio
from collections.abc import Awaitable, Callable

from threadly.modules import payments
from threadly.modules.payments import Cashier, Payment
from threadly.modules.store.errors.orders import OrderCancelledAlready
from threadly.modules.store.repository.orders import FIND_ORDER
from threadly.modules.store.types.orders import CheckedOut, CheckoutRequest, Order
from threadly.modules.store.verbs.checkout import begin_checkout
from threadly.modules.store.verbs.orders import find_order, find_order_state, get_order
from threadly.modules.store.verbs.settling import receive_order, settle
from threadly.platform.actor import Actor, Tenant
from threadly.platform.errors import Refusal
from threadly.platform.ids import UUID
from threadly.platform.work import Work, Works

__all__ = ["Keep", "check_out"]

# A second request for one order waits for the first one's outcome, about as long as the cashier may take.
JOINED_WAIT_S = 10.0
POLL_S = (0.02, 0.25)
# The states that a buyer is told of at once.
PLACED = ("paid", "payment_pending")

Keep = Callable[[Work, Order], Awaitable[None]]


async def check_out(
    works: Works,
    cashier: Cashier,
    tenant: Tenant,
    actor: Actor,
    *,
    request: CheckoutRequest,
    keep: Keep | None = None,
) -> CheckedOut:
    """The order of the actor's cart: paid, or received and to be confirmed.

    `keep(work, order)` runs in the Work that makes it so, if this call drives it, and again should that Work
    have to. Raises what `begin_checkout` raises, what a declined payment is (payments.CardDeclined and its
    like), and OrderCancelledAlready; the cart is then as it was.
    """
    placed: list[Order] = []

    async def settle_and_keep(work: Work, payment: Payment) -> None:
        await settle(work, payment)
        order = await find_order(work, order_id=payment.reference)
        placed[:] = [order] if order is not None and order.state in PLACED else []
        if placed and keep is not None:
            await keep(work, placed[0])

    begun = await works.attempt(tenant, actor, lambda work: begin_checkout(work, request=request))
    if begun.turn is not None:
        await cashier.collect(tenant, begun.turn.payment.id, settle_and_keep, first=begun.turn)
    elif begun.joined:
        await _wait_until_decided(works, tenant, actor, begun.order_id)
    if placed:
        return CheckedOut(placed[0], joined=False, kept=keep is not None)
    async with works.read(tenant, actor, fresh=True) as work:
        order = await get_order(work, order_id=begun.order_id)
        if order.state == "cancelled" and order.placed_at is None:
            raise await _why_not(work, begun.order_id)
    return CheckedOut(order, joined=begun.joined)


async def _wait_until_decided(works: Works, tenant: Tenant, actor: Actor, order_id: UUID) -> None:
    """Until the order is not under way any more. Whoever drives it may be gone: then the buyer is told that
    it is received, and a worker goes on with it."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + JOINED_WAIT_S, POLL_S[0]
    while loop.time() < until:
        async with works.read(tenant, actor, fresh=True) as work:
            if await find_order_state(work, order_id=order_id) != "pending":
                return
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, POLL_S[1])
    await works.attempt(tenant, actor, lambda work: receive_order(work, order_id=order_id))


async def _why_not(work: Work, order_id: UUID) -> Refusal:
    """What to tell a buyer whose order came to nothing."""
    row = await work.one(FIND_ORDER, order_id)
    if row is not None and row.reason == "payment_declined":
        payment = await payments.find_payment(work, reference=order_id)
        return payments.declined(payment.decline_code if payment else None)
    return OrderCancelledAlready()
