"""A cart, its price, coupons and gift cards, as they leave the store."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from threadly.platform.ids import UUID
from threadly.platform.money import Money

__all__ = [
    "Cart",
    "CartCoupon",
    "CartLine",
    "Coupon",
    "CouponChange",
    "CouponKind",
    "GiftCard",
    "GiftCardState",
    "IssuedGiftCard",
    "NewCoupon",
    "NewGiftCard",
    "Notice",
    "NoticeCode",
    "Totals",
    "TotalsDiscount",
    "TotalsGiftCard",
    "TotalsTax",
]

CouponKind = Literal["percent", "fixed"]
GiftCardState = Literal["active", "used", "expired"]
Instant = Annotated[datetime, Meta(tz=True)]
NoticeCode = Literal["price_changed", "only_left", "sold_out", "gone"]


class Notice(msgspec.Struct, frozen=True, gc=False):
    """What is not as the buyer last saw it; `message` says it to them. `left` is how many can be had."""

    code: NoticeCode
    message: str
    old_price: Money | None = None
    new_price: Money | None = None
    left: int | None = None


class CartLine(msgspec.Struct, frozen=True):
    """So many of one variant, at what it costs now. A line that is `gone` is not in the totals.

    `left` is how many can be had now, None where nobody counts them; `seen_price` is what the buyer saw last.
    """

    variant_id: UUID
    product_id: UUID | None
    handle: str
    title: str
    option_values: list[str]
    sku: str | None
    image_url: str | None
    image_alt: str
    quantity: int
    price: Money
    seen_price: Money
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    left: int | None
    notices: list[Notice]


class CartCoupon(msgspec.Struct, frozen=True):
    """A coupon in a cart: what it takes off, or what keeps it from doing so."""

    code: str
    amount: Money
    problem: str | None


class TotalsDiscount(msgspec.Struct, frozen=True):
    code: str
    amount: Money


class TotalsTax(msgspec.Struct, frozen=True):
    name: str
    basis_points: int
    amount: Money


class TotalsGiftCard(msgspec.Struct, frozen=True):
    last_four: str
    amount: Money


class Totals(msgspec.Struct, frozen=True):
    """`total` = `subtotal` - `discount` + `shipping` + `tax` = `gift_card` + `due`.

    While no address is known, `final` is false, and `shipping` and `tax` are not in it yet.
    """

    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    gift_card: Money
    due: Money
    discounts: list[TotalsDiscount]
    taxes: list[TotalsTax]
    gift_cards: list[TotalsGiftCard]
    final: bool


class Cart(msgspec.Struct, frozen=True):
    """`changed`: something is not as the buyer saw it, which they have to acknowledge before they pay.

    `item_count` counts units. `order_id` is the checkout that is under way with this cart.
    """

    lines: list[CartLine]
    coupons: list[CartCoupon]
    totals: Totals
    item_count: int
    changed: bool
    order_id: UUID | None


class Coupon(msgspec.Struct, frozen=True):
    """`basis_points` (hundredths of a percent) of the goods, or `amount` off; from `minimum` on."""

    id: UUID
    code: str
    kind: CouponKind
    basis_points: int | None
    amount: Money | None
    minimum: Money
    once_per_buyer: bool
    most_uses: int | None
    uses: int
    starts_at: datetime | None
    expires_at: datetime | None
    active: bool
    created_at: datetime
    updated_at: datetime


class NewCoupon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either `basis_points` or `amount`. Codes are the same in upper and lower case."""

    code: str
    basis_points: int | None = None
    amount: Money | None = None
    minimum: Money | None = None
    once_per_buyer: bool = False
    most_uses: int | None = None
    starts_at: Instant | None = None
    expires_at: Instant | None = None


class CouponChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is given changes; null removes. The code and the kind stay."""

    basis_points: int | UnsetType = UNSET
    amount: Money | UnsetType = UNSET
    minimum: Money | UnsetType | None = UNSET
    once_per_buyer: bool | UnsetType = UNSET
    most_uses: int | UnsetType | None = UNSET
    starts_at: Instant | UnsetType | None = UNSET
    expires_at: Instant | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


class GiftCard(msgspec.Struct, frozen=True):
    """A gift card without its code, which nobody can find out any more."""

    id: UUID
    last_four: str
    state: GiftCardState
    initial: Money
    balance: Money
    note: str
    expires_at: datetime | None
    created_at: datetime


class IssuedGiftCard(msgspec.Struct, frozen=True):
    """`code` is shown this once."""

    code: str
    card: GiftCard


class NewGiftCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: Money
    note: str = ""
    expires_at: Instant | None = None
