"""What templates show of orders: for their buyer, and for who manages the store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from threadly.modules.store.pages.cart_view import SumView, percent
from threadly.modules.store.pages.countries import COUNTRY_NAMES
from threadly.modules.store.pages.view import Picture, picture_of
from threadly.modules.store.types.orders import Address, Order, OrderLine, OrderState, OrderSummary
from threadly.platform.money import Money
from threadly.web import Moment, moment

__all__ = ["OrderCard", "OrderView", "StateView", "address_lines", "order_card", "order_view"]


class StateView(msgspec.Struct, frozen=True):
    """`kind` is what the stylesheet colours by: good, wait, or over."""

    name: str
    kind: str


STATES: Final[dict[OrderState, StateView]] = {
    "pending": StateView("Processing", "wait"),
    "payment_pending": StateView("Processing", "wait"),
    "paid": StateView("Paid", "good"),
    "fulfilled": StateView("Sent", "good"),
    "cancelled": StateView("Cancelled", "over"),
    "refunded": StateView("Refunded", "over"),
    "partially_refunded": StateView("Partly refunded", "good"),
}
# Headline and what it means, for the buyer.
_SAID: Final[dict[OrderState, tuple[str, str]]] = {
    "pending": ("Paying…", "Your payment is on its way. This page tells you as soon as it is decided."),
    "payment_pending": (
        "Order received, we will confirm your payment",
        "The payment is not confirmed yet. Your order is held, and we keep asking by ourselves: you need not "
        "do anything, and you will not pay twice.",
    ),
    "paid": ("Thank you. Your order is paid.", "We have sent you a receipt by e-mail."),
    "fulfilled": ("Your order is on its way", "It was paid and sent."),
    "cancelled": ("This order was cancelled", "Nothing is charged for it."),
    "refunded": ("Your money is on its way back", "All that you paid for this order was refunded."),
    "partially_refunded": ("Part of your money is on its way back", "The rest of the order stands."),
}
_WHY: Final[dict[str, str]] = {
    "payment_declined": "The payment was declined, so nothing was charged.",
    "payment_abandoned": "No payment provider answered in time, so nothing was charged.",
    "expired": "It was not paid within the time it was held, so nothing was charged.",
}
# No more news is expected of these.
_CODE_LAST: Final = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US", "ZA"})
_OVER: Final = frozenset[OrderState]({"cancelled", "refunded"})
_CANCELLABLE: Final = frozenset[OrderState]({"payment_pending", "paid", "partially_refunded"})


class OrderCard(msgspec.Struct, frozen=True):
    """An order in a list; `title` names what is in it."""

    id: str
    number: int
    state: StateView
    title: str
    picture: Picture
    total: str
    time: Moment


class OrderLineView(msgspec.Struct, frozen=True):
    href: str
    title: str
    options: str
    picture: Picture
    quantity: int
    price: str
    total: str


class StepView(msgspec.Struct, frozen=True):
    text: str
    time: Moment


class RefundView(msgspec.Struct, frozen=True):
    amount: str
    reason: str
    state: str
    time: Moment


class OrderView(msgspec.Struct, frozen=True):
    """`live`: something may still happen to it. `waits`: its payment is not decided."""

    id: str
    number: int
    state: str
    label: StateView
    headline: str
    meaning: str
    lines: list[OrderLineView]
    sums: list[SumView]
    total: str
    paid_parts: list[SumView]
    address: list[str]
    email: str
    phone: str
    note: str
    steps: list[StepView]
    refunds: list[RefundView]
    placed: Moment
    live: bool
    waits: bool
    may_cancel: bool


def order_card(order: OrderSummary, *, now: datetime, host: str) -> OrderCard:
    others = order.item_count - 1
    more = f" and {others} more" if others else ""
    return OrderCard(
        id=str(order.id),
        number=order.number,
        state=STATES[order.state],
        title=f"{order.title}{more}",
        picture=picture_of(order.title, order.image_url, "", host=host),
        total=str(order.total),
        time=moment(order.placed_at, now=now),
    )


def order_view(order: Order, *, now: datetime, host: str) -> OrderView:
    headline, meaning = _SAID[order.state]
    if order.state == "cancelled":
        meaning = _why_cancelled(order)
    return OrderView(
        id=str(order.id),
        number=order.number,
        state=order.state,
        label=STATES[order.state],
        headline=headline,
        meaning=meaning,
        lines=[_line(line, host=host) for line in order.lines],
        sums=_sums(order),
        total=str(order.total),
        paid_parts=_paid_parts(order),
        address=address_lines(order.address),
        email=order.email,
        phone=order.phone,
        note=order.note,
        steps=[StepView(step.why, moment(step.at, now=now)) for step in order.history],
        refunds=[
            RefundView(str(each.amount), each.reason, each.state, moment(each.created_at, now=now))
            for each in order.refunds
        ],
        placed=moment(order.placed_at or order.created_at, now=now),
        live=order.state not in _OVER,
        waits=order.state in ("pending", "payment_pending"),
        may_cancel=order.state in _CANCELLABLE and all(step.state != "fulfilled" for step in order.history),
    )


def address_lines(address: Address | None) -> list[str]:
    """As on a parcel: the postal code stands after the town where letters have it there."""
    if address is None:
        return []
    if address.country in _CODE_LAST:
        end = " ".join(part for part in (address.region, address.postal_code) if part)
        town = f"{address.city}, {end}" if end else address.city
    else:
        town = " ".join(part for part in (address.postal_code, address.city, address.region) if part)
    country = COUNTRY_NAMES.get(address.country, address.country)
    return [line for line in (address.name, address.line1, address.line2, town, country) if line]


def _why_cancelled(order: Order) -> str:
    if order.reason in _WHY:
        return _WHY[order.reason]
    paid = order.paid_at and order.total.amount_minor
    return "What you paid is on its way back to you." if paid else "Nothing was charged."


def _line(line: OrderLine, *, host: str) -> OrderLineView:
    return OrderLineView(
        href=f"/shop/{line.handle}",
        title=line.title,
        options="" if line.options == "Default Title" else line.options,
        picture=picture_of(line.title, line.image_url, "", host=host),
        quantity=line.quantity,
        price=str(line.price),
        total=str(line.price * line.quantity),
    )


def _sums(order: Order) -> list[SumView]:
    quote = order.quote if isinstance(order.quote, dict) else {}
    currency = order.total.currency
    sums = [SumView("Subtotal", str(order.subtotal))]
    sums += _named(quote.get("discounts", ()), "code", "Coupon {}", currency, minus=True)
    sums.append(SumView("Shipping", str(order.shipping) if order.shipping.amount_minor else "Free"))
    return sums + [
        SumView(f"{each['name']} {percent(each['basis_points'])}", str(Money(each["amount_minor"], currency)))
        for each in quote.get("taxes", ())
    ]


def _named(
    parts: Sequence[dict[str, int | str]], name: str, text: str, currency: str, *, minus: bool
) -> list[SumView]:
    return [
        SumView(text.format(part[name]), str(Money(int(part["amount_minor"]), currency)), minus=minus)
        for part in parts
    ]


def _paid_parts(order: Order) -> list[SumView]:
    """Who paid which part of the total, and what went back."""
    quote = order.quote if isinstance(order.quote, dict) else {}
    parts = _named(
        quote.get("gift_cards", ()), "last_four", "Gift card ••{}", order.total.currency, minus=False
    )
    if order.paid_at and order.due.amount_minor:
        parts.append(SumView(order.paid_with or "Paid", str(order.due)))
    if order.refunded.amount_minor:
        parts.append(SumView("Refunded", str(order.refunded), minus=True))
    return parts
