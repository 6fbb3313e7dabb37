"""An order as it leaves the store, and what a buyer asks for at the checkout."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from threadly.modules.payments import Method
from threadly.platform.ids import UUID
from threadly.platform.mail import ADDRESS
from threadly.platform.money import Money

__all__ = [
    "Address",
    "CheckedOut",
    "CheckoutRequest",
    "Email",
    "Note",
    "Order",
    "OrderDiscrepancy",
    "OrderLine",
    "OrderRefund",
    "OrderState",
    "OrderStep",
    "OrderSummary",
    "Phone",
    "Reason",
    "ReturnedLine",
]

OrderState = Literal[
    "pending", "payment_pending", "paid", "fulfilled", "cancelled", "refunded", "partially_refunded"
]
# Nothing that cannot be printed on a label or a receipt. (A `$` alone would let a line break follow.)
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$(?!\n)"
Label = Annotated[str, Meta(pattern=_PRINTABLE, max_length=200)]
NamedLabel = Annotated[str, Meta(pattern=_PRINTABLE, min_length=1, max_length=200)]
Email = Annotated[str, Meta(pattern=rf"^(?=[^@]{{1,64}}@){ADDRESS}$(?!\n)", max_length=254)]
Phone = Annotated[str, Meta(pattern=r"^([+]?[0-9 ()./-]{5,30})?$(?!\n)", max_length=30)]
Note = Annotated[str, Meta(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$", max_length=1_000)]
Reason = Annotated[str, Meta(pattern=_PRINTABLE, min_length=1, max_length=500)]


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an order goes. `country` is ISO 3166-1 alpha-2, `region` the state or province if there is one.
    `other_region`: it is none of those for which the shop has taxes of their own."""

    name: NamedLabel
    line1: NamedLabel
    city: NamedLabel
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)")]
    line2: Label = ""
    postal_code: Annotated[str, Meta(pattern=_PRINTABLE, max_length=20)] = ""
    region: Label = ""
    other_region: bool = False


class CheckoutRequest(msgspec.Struct, frozen=True):
    """What a buyer agrees to: the total that was shown, and how to pay it, in order of preference.

    `expected_due` is what gift cards leave to pay; with gift cards it must be there. `key` is or stands for
    the request's Idempotency-Key, and `request_hash` for all the rest of it.
    """

    key: str
    request_hash: bytes
    address: Address
    methods: Sequence[Method]
    expected_total: Money
    expected_due: Money | None = None
    email: str | None = None
    phone: str = ""
    gift_cards: Sequence[str] = ()
    note: str = ""


class OrderLine(msgspec.Struct, frozen=True):
    """`price` is of one unit; `total` is what the line costs with its discount and tax. `restocked` of
    `quantity` units went back to the shelf, and for `refunded_units` money was given back."""

    line: int
    product_id: UUID
    variant_id: UUID
    handle: str
    title: str
    options: str
    sku: str
    image_url: str | None
    quantity: int
    price: Money
    discount: Money
    tax: Money
    total: Money
    restocked: int
    refunded_units: int


class OrderStep(msgspec.Struct, frozen=True):
    """A change of state. `actor_id` is None where the system did it."""

    was: OrderState | None
    state: OrderState
    actor_id: UUID | None
    why: str
    at: datetime


class OrderRefund(msgspec.Struct, frozen=True):
    """`gift_card` of `amount` went back to gift cards at once; the rest goes back to the card."""

    id: UUID
    order_id: UUID
    amount: Money
    gift_card: Money
    reason: str
    state: Literal["requested", "succeeded", "failed"]
    created_at: datetime
    ended_at: datetime | None


class OrderSummary(msgspec.Struct, frozen=True):
    """An order in a list. `title` is of its first line, and `item_count` counts units."""

    id: UUID
    number: int
    buyer_id: UUID
    state: OrderState
    total: Money
    refunded: Money
    title: str
    image_url: str | None
    item_count: int
    placed_at: datetime
    paid_at: datetime | None


class Order(msgspec.Struct, frozen=True):
    """`total` = `subtotal` - `discount` + `shipping` + `tax` = `gift_card` + `due`, and `quote` says how it
    came about. `reason` is why it was cancelled, `paid_with` what the provider calls the card."""

    id: UUID
    number: int
    buyer_id: UUID
    state: OrderState
    reason: str | None
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    gift_card: Money
    due: Money
    refunded: Money
    quote: Any
    address: Address | None
    email: str
    phone: str
    note: str
    paid_with: str
    lines: tuple[OrderLine, ...]
    history: tuple[OrderStep, ...]
    refunds: tuple[OrderRefund, ...]
    created_at: datetime
    placed_at: datetime | None
    paid_at: datetime | None


class ReturnedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of a line of an order."""

    line: Annotated[int, Meta(ge=1)]
    quantity: Annotated[int, Meta(ge=1)]


class CheckedOut(msgspec.Struct, frozen=True):
    """What became of a checkout: paid, or received and to be confirmed (`order.state` tells).

    `joined`: another request had made the order. `kept`: what was to be kept with it is.
    """

    order: Order
    joined: bool
    kept: bool = False


class OrderDiscrepancy(msgspec.Struct, frozen=True):
    """Something that must never be. `subject` is the id of the order, payment or variant."""

    kind: str
    subject: UUID
    explanation: str
    expected_minor: int | None = None
    found_minor: int | None = None
