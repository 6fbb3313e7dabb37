"""A cart as its buyer sees it: what is in it, what it costs now, and what is not as it was."""

from collections.abc import Mapping, Sequence

from threadly.modules.store.repository.cart import (
    COUNT_UNITS,
    FIND_GUEST_CART,
    FIND_MEMBER_CART,
    LIST_LINES,
    CartLineRow,
    CartRow,
)
from threadly.modules.store.rules.cart import MOST_LINES, notices_of
from threadly.modules.store.rules.guests import hash_of_token
from threadly.modules.store.rules.pricing import PricedLine, Quote, QuoteLine, price
from threadly.modules.store.rules.totals import totals_of
from threadly.modules.store.types.cart import Cart, CartCoupon, CartLine
from threadly.modules.store.types.shop import Place, Shop
from threadly.modules.store.verbs.coupons import weigh_coupons
from threadly.modules.store.verbs.gift_cards import weigh_gift_cards
from threadly.modules.store.verbs.shop import get_shop
from threadly.platform.errors import Refusal
from threadly.platform.ids import UUID
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = ["count_units", "find_cart", "get_cart", "priced", "show_cart"]


async def get_cart(
    work: Work, *, guest: str | None = None, address: Place | None = None, gift_cards: Sequence[str] = ()
) -> Cart:
    """The actor's cart, or the guest's whose browser holds the secret `guest`; empty when there is none.

    With an `address` the totals are final. Raises NotShippedThere, RegionUnknown, and what `weigh_gift_cards`
    raises.
    """
    found = await find_cart(work, guest=guest)
    return await show_cart(work, found, address=address, gift_cards=gift_cards)


async def count_units(work: Work, *, guest: str | None = None) -> int:
    """How many units are in the cart of `get_cart`; one statement, for what every page shows."""
    member = work.actor.user_id
    if member is None and guest is None:
        return 0
    token_hash = hash_of_token(guest) if guest and member is None else None
    return await work.one(COUNT_UNITS, member, token_hash) or 0


async def find_cart(work: Work, *, guest: str | None) -> CartRow | None:
    if work.actor.user_id:
        return await work.one(FIND_MEMBER_CART, work.actor.user_id)
    if guest is None:
        return None
    return await work.one(FIND_GUEST_CART, hash_of_token(guest))


async def show_cart(
    work: Work, cart: CartRow | None, *, address: Place | None = None, gift_cards: Sequence[str] = ()
) -> Cart:
    shop = await get_shop(work)
    rows = await work.all(LIST_LINES, cart.id, cart.order_id, MOST_LINES) if cart else []
    lines = [priced(row) for row in rows if row.for_sale]
    subtotal = Money(sum(line.subtotal_minor for line in lines), shop.currency)
    codes, order_id = (cart.coupons, cart.order_id) if cart else ([], None)
    coupons, problems = await weigh_coupons(work, codes=codes, subtotal=subtotal, order_id=order_id)
    cards = await weigh_gift_cards(work, codes=gift_cards, currency=shop.currency)
    quote = price(lines, coupons=coupons, gift_cards=cards, shop=shop, address=address)
    return _cart(rows, quote, codes=codes, problems=problems, shop=shop, order_id=order_id)


def _cart(
    rows: Sequence[CartLineRow],
    quote: Quote,
    *,
    codes: Sequence[str],
    problems: Mapping[str, Refusal],
    shop: Shop,
    order_id: UUID | None,
) -> Cart:
    quoted = {line.variant_id: line for line in quote.lines}
    lines = [_line(row, quoted.get(row.variant_id), shop.currency) for row in rows]
    amounts = {discount.code: discount.amount_minor for discount in quote.discounts}
    coupons = [
        CartCoupon(
            code,
            Money(amounts.get(code, 0), shop.currency),
            problems[code].message if code in problems else None,
        )
        for code in codes
    ]
    return Cart(
        lines=lines,
        coupons=coupons,
        totals=totals_of(quote),
        item_count=sum(line.quantity for line in lines),
        changed=any(line.notices for line in lines),
        order_id=order_id,
    )


def priced(row: CartLineRow) -> PricedLine:
    return PricedLine(row.variant_id, row.quantity, row.price_minor, ships=row.ships, taxable=row.taxable)


def _line(row: CartLineRow, quoted: QuoteLine | None, currency: str) -> CartLine:
    """`quoted` is None for a line that is not for sale any more."""
    current, seen = Money(row.price_minor, currency), Money(row.seen_minor, currency)
    return CartLine(
        row.variant_id,
        row.product_id,
        row.handle,
        row.title,
        row.option_values,
        row.sku,
        row.image_url,
        row.image_alt,
        row.quantity,
        price=current,
        seen_price=seen,
        subtotal=Money(quoted.subtotal_minor if quoted else 0, currency),
        discount=Money(quoted.discount_minor if quoted else 0, currency),
        tax=Money(quoted.tax_minor if quoted else 0, currency),
        total=Money(quoted.total_minor if quoted else 0, currency),
        left=row.units_left,
        notices=notices_of(
            quantity=row.quantity, left=row.units_left, for_sale=row.for_sale, seen=seen, price=current
        ),
    )
