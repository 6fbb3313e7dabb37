"""Beginning a checkout: everything up to the charge, in one transaction.

The order is written before its money is asked for, with all that it holds: units, coupons, gift cards. So
money never moves without an order, and whoever finds the order later knows all that must be given back.
"""

from collections.abc import Sequence

import msgspec

from threadly.modules import identity, payments
from threadly.modules.store.errors.catalog import Short, SoldOut
from threadly.modules.store.errors.orders import (
    CartChanged,
    CartEmpty,
    CheckoutKeyReused,
    CheckoutUnderWay,
    MethodMissing,
)
from threadly.modules.store.repository.cart import LIST_LINES, CartLineRow
from threadly.modules.store.repository.checkout import (
    CLAIM_CHECKOUT,
    FIND_CHECKOUT,
    INSERT_ORDER,
    JUST_PLACED,
    POINT_CHECKOUT,
    ClaimRow,
)
from threadly.modules.store.repository.orders import FIND_ORDER, OrderRow
from threadly.modules.store.rules.cart import MOST_LINES
from threadly.modules.store.rules.countries import COUNTRIES
from threadly.modules.store.rules.orders import HELD_FOR, JOINED_WITHIN, OPEN
from threadly.modules.store.rules.pricing import Quote, price
from threadly.modules.store.types.orders import CheckoutRequest
from threadly.modules.store.verbs.cart_reading import priced
from threadly.modules.store.verbs.coupons import claim_coupons, weigh_coupons
from threadly.modules.store.verbs.gift_cards import claim_gift_cards, weigh_gift_cards
from threadly.modules.store.verbs.settling import parts_of, settle_paid
from threadly.modules.store.verbs.shop import shop_of
from threadly.modules.store.verbs.stock import reserve
from threadly.platform.errors import FieldProblem, invalid_fields
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = ["Begun", "begin_checkout", "find_order_made"]


class Begun(msgspec.Struct, frozen=True):
    """The order, and the payment's first turn unless nothing is left to pay. `joined`: somebody else drives
    it."""

    order_id: UUID
    turn: payments.Turn | None
    joined: bool


async def begin_checkout(work: Work, *, request: CheckoutRequest) -> Begun:
    """An order of what is in the actor's cart, held until its payment is decided; or the order that an
    earlier or simultaneous request for the same has made.

    Raises SignInRequired, CheckoutKeyReused, CheckoutUnderWay, CartEmpty, CartChanged, SoldOut,
    MethodMissing, InvalidInput for a country that is none and for gift cards without `expected_due`, what
    coupons, gift cards and the price refuse, payments.MethodUnavailable and payments.MethodInvalid.
    Nothing is written then.
    """
    buyer_id, order_id = work.actor.me, new_id()
    claim = (buyer_id, request.key, request.request_hash, order_id, work.now)
    found = await work.one(CLAIM_CHECKOUT, *claim)
    assert found, "it always has one row"
    if not found.claimed:
        return await _repeat(work, request)
    lines = await work.all(LIST_LINES, found.cart_id, None, MOST_LINES) if found.cart_id else []
    joined = await _find_order_to_join(work, found, lines, request)
    if joined is not None:
        await work.run(POINT_CHECKOUT, buyer_id, request.key, joined)
        return Begun(joined, None, joined=True)
    if not lines:
        raise CartEmpty
    return await _begin(work, order_id, found, lines, request)


async def _repeat(work: Work, request: CheckoutRequest) -> Begun:
    """The same request once more. Raises CheckoutKeyReused when it is another."""
    known = await work.one(FIND_CHECKOUT, work.actor.me, request.key)
    assert known, "the claim found it"
    if known.request_hash != request.request_hash:
        raise CheckoutKeyReused
    return Begun(known.order_id, None, joined=True)


async def find_order_made(work: Work, *, key: str, expected_total: Money) -> UUID | None:
    """The order that the actor's key has made, while it is paid or just after: what a second click means that
    brings another token for the same card. None for another total, and for one that came to nothing."""
    known = await work.one(FIND_CHECKOUT, work.actor.me, key)
    if known is None:
        return None
    order = await work.one(FIND_ORDER, known.order_id)
    if order is None or Money(order.total_minor, order.currency) != expected_total:
        return None
    is_fresh = order.created_at > work.now - JOINED_WITHIN
    return order.id if order.state in OPEN or (order.state == "paid" and is_fresh) else None


async def _find_order_to_join(
    work: Work, found: ClaimRow, lines: Sequence[CartLineRow], request: CheckoutRequest
) -> UUID | None:
    """The order that another tab has made of this cart, while it is paid or just after.

    Raises CheckoutUnderWay when that is for another total: then it is not what this tab means.
    """
    if found.order_id is not None:
        order = await work.one(FIND_ORDER, found.order_id)
        if order is not None and order.state in OPEN:
            if Money(order.total_minor, order.currency) != request.expected_total:
                raise CheckoutUnderWay
            return order.id
    if lines:
        return None
    total = request.expected_total
    since = work.now - JOINED_WITHIN
    return await work.one(JUST_PLACED, work.actor.me, since, total.amount_minor, total.currency)


async def _begin(
    work: Work, order_id: UUID, found: ClaimRow, lines: Sequence[CartLineRow], request: CheckoutRequest
) -> Begun:
    _require_due(request)
    _require_as_seen(lines)
    _require_left(lines)
    _require_country(request)
    quote = await _price(work, found, lines, request)
    _require_total(quote, request)
    if quote.due_minor and not request.methods:
        raise MethodMissing
    order = await _write_order(work, order_id, found, lines, quote, request)
    await _claim(work, order, quote, request)
    turn = await _begin_payment(work, order, request)
    # Last, because from here on everybody who wants the same waits for this transaction's end.
    await _reserve(work, order, lines)
    if turn is None:
        await settle_paid(work, order, paid_with="", why="Nothing was left to pay.")
    return Begun(order_id, turn, joined=False)


def _require_due(request: CheckoutRequest) -> None:
    """Raises InvalidInput: what gift cards leave to pay changes with whoever else uses them, and nobody pays
    what they were not shown."""
    if request.gift_cards and request.expected_due is None:
        message = "Say what the gift cards leave to pay, as the buyer was shown it."
        raise invalid_fields([FieldProblem("expected_due", "input.required", message)])


def _require_as_seen(lines: Sequence[CartLineRow]) -> None:
    """Raises CartChanged, naming each line that costs something else than the buyer saw, or is gone."""
    problems = [problem for line in lines if (problem := _problem_of(line))]
    if problems:
        raise CartChanged(details=problems)


def _problem_of(line: CartLineRow) -> FieldProblem | None:
    field = f"lines.{line.variant_id}"
    if not line.for_sale:
        return FieldProblem(field, "store.line_gone", f"“{line.title}” is not for sale any more.")
    if line.price_minor != line.seen_minor:
        return FieldProblem(field, "store.price_changed", f"The price of “{line.title}” has changed.")
    return None


def _require_left(lines: Sequence[CartLineRow]) -> None:
    """Refuses early what the reservation would: most who come too late write nothing."""
    short = [
        Short(line.variant_id, line.title, line.quantity, max(line.units_left, 0))
        for line in lines
        if line.units_left is not None and line.units_left < line.quantity
    ]
    if short:
        raise SoldOut(short)


def _require_country(request: CheckoutRequest) -> None:
    """Raises InvalidInput for a country that is none: no parcel arrives there."""
    if request.address.country not in COUNTRIES:
        message = "Write the country as its ISO 3166 code, US for example."
        raise invalid_fields([FieldProblem("address.country", "input.choice", message)])


async def _price(
    work: Work, found: ClaimRow, lines: Sequence[CartLineRow], request: CheckoutRequest
) -> Quote:
    """Raises NotShippedThere, RegionUnknown, and what gift cards refuse. Coupons that do not count give
    nothing: the total then tells the buyer."""
    shop = shop_of(found.currency, found.taxes, found.shipping)
    subtotal = Money(sum(line.price_minor * line.quantity for line in lines), shop.currency)
    terms, _ = await weigh_coupons(work, codes=found.coupons, subtotal=subtotal)
    cards = await weigh_gift_cards(work, codes=request.gift_cards, currency=shop.currency)
    return price(
        [priced(line) for line in lines], coupons=terms, gift_cards=cards, shop=shop, address=request.address
    )


def _require_total(quote: Quote, request: CheckoutRequest) -> None:
    """Raises CartChanged unless the buyer agreed to pay just that."""
    asked = (
        ("expected_total", "The total", quote.total_minor, request.expected_total),
        ("expected_due", "What is left to pay", quote.due_minor, request.expected_due),
    )
    for field, what, found, expected in asked:
        now = Money(found, quote.currency)
        if expected is not None and now != expected:
            sentence = f"{what} is {now} now, not {expected}. Look at it again, then pay."
            raise CartChanged(
                sentence, details=[FieldProblem(field, "store.total_changed", sentence)], field=field
            )


async def _write_order(
    work: Work,
    order_id: UUID,
    found: ClaimRow,
    lines: Sequence[CartLineRow],
    quote: Quote,
    request: CheckoutRequest,
) -> OrderRow:
    email = request.email or (await identity.get_account(work)).email
    shown = msgspec.to_builtins(quote) | ({"note": request.note} if request.note else {})
    del shown["lines"]  # the order has them
    row = await work.one(
        INSERT_ORDER,
        *(order_id, work.actor.me, quote.currency, quote.subtotal_minor, quote.discount_minor),
        *(quote.shipping_minor, quote.tax_minor, quote.total_minor, quote.gift_card_minor, quote.due_minor),
        *(shown, msgspec.to_builtins(request.address), email, request.phone, work.now),
        *_columns(lines, quote),
        *(new_id(), found.cart_id),
    )
    assert row, "it was just written"
    return row


def _columns(lines: Sequence[CartLineRow], quote: Quote) -> list[list[object]]:
    """The order's lines as INSERT_ORDER takes them."""
    rows = [
        (
            *(number, line.product_id, line.variant_id, line.handle, line.title),
            *(" / ".join(line.option_values), line.sku or "", line.image_url, line.quantity),
            *(line.price_minor, priced.discount_minor, priced.tax_minor, priced.total_minor),
            line.units_left is not None,
        )
        for number, (line, priced) in enumerate(zip(lines, quote.lines, strict=True), 1)
    ]
    return [list(column) for column in zip(*rows, strict=True)]


async def _begin_payment(work: Work, order: OrderRow, request: CheckoutRequest) -> payments.Turn | None:
    """None when nothing is left to pay."""
    if not order.due_minor:
        return None
    _, paid = parts_of(order)
    return await payments.begin_payment(
        work,
        reference=order.id,
        payer_id=order.buyer_id,
        amount=Money(order.due_minor, order.currency),
        methods=request.methods,
        split=paid.accounts(),
        description=f"{work.tenant.name}: order {order.number}",
        expires_at=work.now + HELD_FOR,
    )


async def _claim(work: Work, order: OrderRow, quote: Quote, request: CheckoutRequest) -> None:
    """Raises CouponSpent, CouponUsed, GiftCardShort: somebody else was faster."""
    codes = [each.code for each in quote.discounts]
    await claim_coupons(work, order_id=order.id, buyer_id=order.buyer_id, codes=codes)
    await claim_gift_cards(
        work,
        order_id=order.id,
        codes=request.gift_cards,
        amount_minor=order.gift_card_minor,
        currency=order.currency,
    )


async def _reserve(work: Work, order: OrderRow, lines: Sequence[CartLineRow]) -> None:
    wanted = {line.variant_id: line.quantity for line in lines}
    await reserve(work, order_id=order.id, lines=wanted, expires_at=work.now + HELD_FOR)
