"""What a member ordered and has in the cart, for a copy of it."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "EXPORT_CART",
    "EXPORT_ORDERS",
    "EXPORT_ORDER_LINES",
    "ExportedCartLine",
    "ExportedOrder",
    "ExportedOrderLine",
]


class ExportedOrder(msgspec.Struct, frozen=True):
    """In minor units of `currency`; what was bought is in the lines of that `id`."""

    id: UUID
    number: int
    state: str
    currency: str
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    refunded_minor: int
    address: Any
    email: str
    phone: str
    paid_with: str
    created_at: datetime
    placed_at: datetime | None
    paid_at: datetime | None


class ExportedOrderLine(msgspec.Struct, frozen=True):
    """`id` is the order's."""

    id: UUID
    line: int
    title: str
    options: str
    sku: str
    quantity: int
    price_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int


class ExportedCartLine(msgspec.Struct, frozen=True):
    """`id` is the variant's."""

    id: UUID
    title: str
    quantity: int
    price_minor: int
    added_at: datetime


EXPORT_ORDERS = sql(
    "store.export_orders",
    """
    SELECT id, number, state, currency, subtotal_minor, discount_minor, shipping_minor, tax_minor,
           total_minor, refunded_minor, address, email, phone, paid_with, created_at, placed_at, paid_at
    FROM store.orders WHERE buyer_id = $1 AND id > $2 AND placed_at IS NOT NULL ORDER BY id LIMIT $3
    """,
    into=ExportedOrder,
)
EXPORT_ORDER_LINES = sql(
    "store.export_order_lines",
    """
    SELECT l.order_id AS id, l.line, l.title, l.options, l.sku, l.quantity, l.price_minor, l.discount_minor,
           l.tax_minor, l.total_minor
    FROM store.order_lines l WHERE l.order_id = ANY($1::uuid[]) ORDER BY l.order_id, l.line
    """,
    into=ExportedOrderLine,
)
EXPORT_CART = sql(
    "store.export_cart",
    """
    SELECT l.variant_id AS id, l.title, l.quantity, l.price_minor, l.added_at
    FROM store.cart_lines l JOIN store.carts c ON c.id = l.cart_id
    WHERE c.user_id = $1 AND l.variant_id > $2 ORDER BY l.variant_id LIMIT $3
    """,
    into=ExportedCartLine,
)
