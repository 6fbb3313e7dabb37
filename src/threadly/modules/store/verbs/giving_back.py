"""Money and units of an order, back where they came from: what refunds and cancellations are made of."""

from collections.abc import Sequence

import msgspec

from threadly.modules import payments
from threadly.modules.store.repository.orders import (
    ADD_REFUNDED,
    GIFT_CARDS_RETURNED,
    INSERT_REFUND,
    REFUND_UNITS,
    RETURN_LINES,
    OrderLineRow,
    OrderRow,
)
from threadly.modules.store.rules.orders import refund_split
from threadly.modules.store.types.orders import ReturnedLine
from threadly.modules.store.verbs.gift_cards import return_gift_cards
from threadly.modules.store.verbs.settling import parts_of
from threadly.modules.store.verbs.stock import restock
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = ["give_back"]


async def give_back(
    work: Work,
    order: OrderRow,
    amount: int,
    *,
    reason: str,
    units: Sequence[ReturnedLine],
    returned: Sequence[ReturnedLine],
    bought: Sequence[OrderLineRow],
) -> UUID | None:
    """Money and units of the locked order, back: to the card first, to gift cards last. The money is for
    `units`, if it is for any; `returned` ones go back to the shelf.

    Returns the refund's id, None when nothing was paid.
    """
    units = [each for each in units if each.quantity]
    returned = [each for each in returned if each.quantity]
    await _put_back(work, order, returned, bought)
    if not amount:
        return None
    by_card_before = await work.one(GIFT_CARDS_RETURNED, order.id) or 0
    paid_before = order.refunded_minor - by_card_before
    to_payment = min(amount, order.due_minor - paid_before)
    to_cards = amount - to_payment
    refund_id = new_id()
    payment_refund_id = await _refund_payment(work, order, to_payment, before=paid_before, reason=reason)
    if to_cards:
        await _refund_cards(work, order, to_cards, before=by_card_before, refund_id=refund_id)
    await work.run(ADD_REFUNDED, order.id, amount)
    await work.run(REFUND_UNITS, order.id, [each.line for each in units], [each.quantity for each in units])
    await work.run(
        INSERT_REFUND,
        *(refund_id, order.id, amount, to_cards, payment_refund_id, reason),
        *(msgspec.to_builtins(returned), msgspec.to_builtins(units)),
        *("requested" if payment_refund_id else "succeeded", work.actor.user_id, work.now),
    )
    return refund_id


async def _put_back(
    work: Work, order: OrderRow, returned: Sequence[ReturnedLine], bought: Sequence[OrderLineRow]
) -> None:
    if not returned:
        return
    by_line = {each.line: each for each in bought}
    quantities = [each.quantity for each in returned]
    await work.run(RETURN_LINES, order.id, [each.line for each in returned], quantities)
    units: dict[UUID, int] = {}
    for each in returned:
        variant_id = by_line[each.line].variant_id
        units[variant_id] = units.get(variant_id, 0) + each.quantity
    await restock(work, order_id=order.id, lines=units, actor=work.actor.user_id)


async def _refund_payment(
    work: Work, order: OrderRow, amount: int, *, before: int, reason: str
) -> UUID | None:
    if not amount:
        return None
    payment = await payments.get_payment(work, reference=order.id)
    _, paid = parts_of(order)
    refund = await payments.request_refund(
        work,
        payment_id=payment.id,
        amount=Money(amount, order.currency),
        split=refund_split(paid, before=before, amount=amount),
        reason=reason,
    )
    return refund.id


async def _refund_cards(work: Work, order: OrderRow, amount: int, *, before: int, refund_id: UUID) -> None:
    await return_gift_cards(work, order_id=order.id, amount_minor=amount)
    used, _ = parts_of(order)
    await payments.post_ledger(
        work,
        kind="gift_card",
        source=f"refund:{refund_id}",
        reference=order.id,
        entries={"gift_cards": -amount, **refund_split(used, before=before, amount=amount)},
        currency=order.currency,
    )
