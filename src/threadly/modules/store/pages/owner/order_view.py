"""What templates show of an order to who manages the store."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from threadly.modules.payments import Attempt, Payment
from threadly.modules.store.pages.order_view import OrderView, order_view
from threadly.modules.store.pages.owner.forms import amount_text
from threadly.modules.store.rules.orders import REFUNDABLE
from threadly.modules.store.types.orders import Order
from threadly.modules.store.verbs.managing import Person
from threadly.platform.ids import UUID
from threadly.platform.money import Money
from threadly.web import Moment, moment

__all__ = ["AttemptView", "OwnerLine", "OwnerOrder", "OwnerStep", "owner_order"]

_ATTEMPTS: Final[dict[str, tuple[str, str]]] = {
    "calling": ("Being asked", "wait"),
    "unknown": ("No answer yet", "wait"),
    "unreached": ("Not reached", "over"),
    "succeeded": ("Charged", "good"),
    "declined": ("Declined", "over"),
    "cancelled": ("Cancelled", "over"),
    "duplicate": ("Charged twice, given back", "over"),
}
_PROVIDERS: Final = {"sandbox": "Sandbox", "stripe": "Stripe", "paypal": "PayPal"}


class OwnerLine(msgspec.Struct, frozen=True):
    """For `left` of its units money can still be given back."""

    line: int
    product_id: str
    title: str
    options: str
    sku: str
    quantity: int
    restocked: int
    refunded: int
    left: int
    price: str
    total: str


class OwnerStep(msgspec.Struct, frozen=True):
    """`who` is empty where the system did it."""

    text: str
    who: str
    time: Moment


class AttemptView(msgspec.Struct, frozen=True):
    """`kind` is what the stylesheet colours by; `reference` is the provider's own."""

    provider: str
    state: str
    kind: str
    why: str
    reference: str
    fee: str
    time: Moment


class OwnerOrder(msgspec.Struct, frozen=True):
    """`shown` is as its buyer sees it. `waits`: something of it is about to change by itself."""

    shown: OrderView
    buyer: Person | None
    lines: list[OwnerLine]
    steps: list[OwnerStep]
    attempts: list[AttemptView]
    left: str
    left_typed: str
    currency: str
    refunded_minor: int
    may_refund: bool
    may_send: bool
    may_cancel: bool
    waits: bool


def owner_order(
    order: Order,
    *,
    payment: Payment | None,
    attempts: Sequence[Attempt],
    people: Mapping[UUID, Person],
    now: datetime,
    host: str,
) -> OwnerOrder:
    left = order.total - order.refunded
    sent = any(step.state == "fulfilled" for step in order.history)
    waits = order.state in ("pending", "payment_pending")
    return OwnerOrder(
        shown=order_view(order, now=now, host=host),
        buyer=people.get(order.buyer_id),
        lines=_lines(order),
        steps=_steps(order, people, now=now),
        attempts=[_attempt(each, payment, now=now) for each in attempts],
        left=str(left),
        left_typed=amount_text(left),
        currency=order.total.currency,
        refunded_minor=order.refunded.amount_minor,
        may_refund=order.state in REFUNDABLE and left.amount_minor > 0,
        may_send=order.state in ("paid", "partially_refunded") and not sent,
        may_cancel=order.state in ("payment_pending", "paid", "partially_refunded") and not sent,
        waits=waits or any(each.state == "requested" for each in order.refunds),
    )


def _lines(order: Order) -> list[OwnerLine]:
    return [
        OwnerLine(
            line=each.line,
            product_id=str(each.product_id),
            title=each.title,
            options="" if each.options == "Default Title" else each.options,
            sku=each.sku,
            quantity=each.quantity,
            restocked=each.restocked,
            refunded=each.refunded_units,
            left=each.quantity - each.refunded_units,
            price=str(each.price),
            total=str(each.price * each.quantity),
        )
        for each in order.lines
    ]


def _steps(order: Order, people: Mapping[UUID, Person], *, now: datetime) -> list[OwnerStep]:
    """The newest first."""
    return [
        OwnerStep(step.why, _name(people, step.actor_id, order.buyer_id), moment(step.at, now=now))
        for step in reversed(order.history)
    ]


def _name(people: Mapping[UUID, Person], actor_id: UUID | None, buyer_id: UUID) -> str:
    if actor_id is None:
        return ""
    person = people.get(actor_id)
    if actor_id == buyer_id:
        return f"{person.name}, who bought it" if person else "The buyer"
    return person.name if person else "Somebody who has left"


def _attempt(attempt: Attempt, payment: Payment | None, *, now: datetime) -> AttemptView:
    state, kind = _ATTEMPTS[attempt.state]
    fee = Money(attempt.fee_minor, payment.amount.currency) if payment and attempt.fee_minor else None
    return AttemptView(
        provider=_PROVIDERS[attempt.provider],
        state=state,
        kind=kind,
        why=(attempt.decline_code or "").replace("_", " "),
        reference=attempt.provider_ref or "",
        fee=str(fee) if fee else "",
        time=moment(attempt.started_at, now=now),
    )
