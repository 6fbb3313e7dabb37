"""What templates show of a cart and its price."""

import msgspec

from threadly.modules.store.pages.view import Picture, picture_of
from threadly.modules.store.types.cart import Cart, CartLine, Notice, Totals
from threadly.platform.money import Money

__all__ = [
    "CartView",
    "CouponView",
    "LineView",
    "NoticeView",
    "SumView",
    "TotalsView",
    "cart_view",
    "totals_view",
]

MOST_UNITS = 99


class NoticeView(msgspec.Struct, frozen=True):
    """`old` and `new` are prices, where the price has changed."""

    code: str
    message: str
    old: str | None
    new: str | None


class LineView(msgspec.Struct, frozen=True):
    """`total` is without tax and discount. A line that is `gone` costs nothing and cannot be changed."""

    variant_id: str
    href: str | None
    title: str
    options: str
    picture: Picture
    quantity: int
    most: int
    price: str
    total: str
    gone: bool
    notices: list[NoticeView]


class CouponView(msgspec.Struct, frozen=True):
    code: str
    amount: str | None
    problem: str | None


class SumView(msgspec.Struct, frozen=True):
    """One line of the calculation; `minus` for what is taken off."""

    name: str
    amount: str
    minus: bool = False


class TotalsView(msgspec.Struct, frozen=True):
    """`sums` come before the `total`, `gift_cards` after it; what they leave is `due`. Amounts in minor units
    are what a form sends back, so that the shop knows what its buyer agreed to."""

    sums: list[SumView]
    total: str
    gift_cards: list[SumView]
    due: str
    free: bool
    final: bool
    total_minor: int
    due_minor: int
    currency: str


class CartView(msgspec.Struct, frozen=True):
    """`under_way` is the order that is being paid with it."""

    lines: list[LineView]
    coupons: list[CouponView]
    totals: TotalsView
    item_count: int
    changed: bool
    under_way: str | None


def cart_view(cart: Cart, *, host: str) -> CartView:
    return CartView(
        lines=[_line(line, host=host) for line in cart.lines],
        coupons=[
            CouponView(each.code, str(each.amount) if each.amount.amount_minor else None, each.problem)
            for each in cart.coupons
        ],
        totals=totals_view(cart.totals),
        item_count=cart.item_count,
        changed=cart.changed,
        under_way=str(cart.order_id) if cart.order_id else None,
    )


def totals_view(totals: Totals) -> TotalsView:
    return TotalsView(
        sums=_sums(totals),
        total=str(totals.total),
        gift_cards=[
            SumView(f"Gift card ••{each.last_four}", str(each.amount), minus=True)
            for each in totals.gift_cards
        ],
        due=str(totals.due),
        free=totals.due.amount_minor == 0,
        final=totals.final,
        total_minor=totals.total.amount_minor,
        due_minor=totals.due.amount_minor,
        currency=totals.total.currency,
    )


def _sums(totals: Totals) -> list[SumView]:
    sums = [SumView("Subtotal", str(totals.subtotal))]
    sums += [SumView(f"Coupon {each.code}", str(each.amount), minus=True) for each in totals.discounts]
    if not totals.final:
        return sums
    sums.append(SumView("Shipping", str(totals.shipping) if totals.shipping.amount_minor else "Free"))
    sums += [SumView(f"{each.name} {percent(each.basis_points)}", str(each.amount)) for each in totals.taxes]
    return sums


def percent(basis_points: int) -> str:
    """825 as "8.25 %"."""
    return f"{basis_points / 100:g} %"


def _line(line: CartLine, *, host: str) -> LineView:
    gone = any(notice.code == "gone" for notice in line.notices)
    left = MOST_UNITS if line.left is None else min(line.left, MOST_UNITS)
    return LineView(
        variant_id=str(line.variant_id),
        href=f"/shop/{line.handle}?variant={line.variant_id}" if line.handle and not gone else None,
        title=line.title,
        options=_options(line.option_values),
        picture=picture_of(line.title, line.image_url, line.image_alt, host=host),
        quantity=line.quantity,
        most=max(left, line.quantity),
        price=str(line.price),
        total=str(Money(0 if gone else line.price.amount_minor * line.quantity, line.price.currency)),
        gone=gone,
        notices=[_notice(each) for each in line.notices],
    )


def _notice(notice: Notice) -> NoticeView:
    return NoticeView(
        notice.code,
        notice.message,
        old=str(notice.old_price) if notice.old_price else None,
        new=str(notice.new_price) if notice.new_price else None,
    )


def _options(values: list[str]) -> str:
    """What shops export for a product without options says nothing to a buyer."""
    return " / ".join(value for value in values if value != "Default Title")
