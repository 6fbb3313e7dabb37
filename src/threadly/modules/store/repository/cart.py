"""Carts and their lines."""

from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "ACKNOWLEDGE",
    "COUNT_UNITS",
    "DELETE_CART",
    "DELETE_CART_OF",
    "DELETE_FORGOTTEN",
    "DELETE_LINE",
    "ENSURE_GUEST_CART",
    "ENSURE_MEMBER_CART",
    "FIND_GUEST_CART",
    "FIND_MEMBER_CART",
    "FIND_OFFER",
    "LIST_LINES",
    "LOCK_GUEST_CART",
    "MERGE_LINES",
    "PUT_LINE",
    "SET_COUPONS",
    "TRIM_LINES",
    "CartLineRow",
    "CartRow",
    "OfferRow",
]


class CartRow(msgspec.Struct, frozen=True):
    id: UUID
    coupons: list[str]
    order_id: UUID | None


class CartLineRow(msgspec.Struct, frozen=True):
    """`units_left` is None where nobody counts; what the cart's own checkout reserved is left."""

    variant_id: UUID
    product_id: UUID | None
    handle: str
    title: str
    option_values: list[str]
    sku: str | None
    image_url: str | None
    image_alt: str
    quantity: int
    price_minor: int
    seen_minor: int
    units_left: int | None
    ships: bool
    taxable: bool
    for_sale: bool


class OfferRow(msgspec.Struct, frozen=True):
    """A variant that can be bought, and how many of it are in the cart."""

    title: str
    price_minor: int
    units_left: int | None
    in_cart: int


FIND_MEMBER_CART = sql(
    "store.find_member_cart",
    "SELECT id, coupons, order_id FROM store.carts WHERE user_id = $1",
    into=CartRow,
)
FIND_GUEST_CART = sql(
    "store.find_guest_cart",
    "SELECT id, coupons, order_id FROM store.carts WHERE token_hash = $1",
    into=CartRow,
)
LOCK_GUEST_CART = sql(
    "store.lock_guest_cart",
    "SELECT id, coupons, order_id FROM store.carts WHERE token_hash = $1 FOR UPDATE",
    into=CartRow,
)
# Whoever changes a cart locks its row first: of two tabs, the second goes on with what the first has made.
ENSURE_MEMBER_CART = sql(
    "store.ensure_member_cart",
    """
    INSERT INTO store.carts (id, user_id, created_at, updated_at)
    SELECT $1, id, $3, $3 FROM identity.profiles WHERE id = $2
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET updated_at = EXCLUDED.updated_at
    RETURNING id, coupons, order_id
    """,
    into=CartRow,
)
ENSURE_GUEST_CART = sql(
    "store.ensure_guest_cart",
    """
    INSERT INTO store.carts (id, token_hash, created_at, updated_at) VALUES ($1, $2, $3, $3)
    ON CONFLICT (tenant_id, token_hash) DO UPDATE SET updated_at = EXCLUDED.updated_at
    RETURNING id, coupons, order_id
    """,
    into=CartRow,
)
LIST_LINES = sql(
    "store.list_cart_lines",
    """
    SELECT l.variant_id, p.id AS product_id, coalesce(p.handle, '') AS handle,
        coalesce(p.title, l.title) AS title,
        coalesce(v.option_values, '{}') AS option_values, v.sku, p.image_url,
        coalesce(p.image_alt, '') AS image_alt, l.quantity,
        coalesce(v.price_minor, l.price_minor) AS price_minor, l.price_minor AS seen_minor,
        CASE WHEN v.tracked THEN v.on_hand - v.reserved + coalesce(r.quantity, 0) END AS units_left,
        coalesce(v.ships, false) AS ships, coalesce(v.taxable, false) AS taxable,
        coalesce(p.status = 'active', false) AS for_sale
    FROM store.cart_lines l
    LEFT JOIN store.variants v ON v.id = l.variant_id
    LEFT JOIN store.products p ON p.id = v.product_id
    LEFT JOIN store.reservations r ON r.order_id = $2 AND r.variant_id = l.variant_id
    WHERE l.cart_id = $1 ORDER BY l.added_at, l.variant_id LIMIT $3
    """,
    into=CartLineRow,
)
COUNT_UNITS = sql(
    "store.count_cart_units",
    """
    SELECT coalesce(sum(l.quantity), 0)::int FROM store.carts c JOIN store.cart_lines l ON l.cart_id = c.id
    WHERE c.user_id = $1 OR c.token_hash = $2
    """,
    into=int,
)
FIND_OFFER = sql(
    "store.find_offer",
    """
    SELECT p.title, v.price_minor,
        CASE WHEN v.tracked THEN v.on_hand - v.reserved + coalesce(r.quantity, 0) END AS units_left,
        coalesce(l.quantity, 0) AS in_cart
    FROM store.variants v JOIN store.products p ON p.id = v.product_id AND p.status = 'active'
    LEFT JOIN store.cart_lines l ON l.cart_id = $2 AND l.variant_id = v.id
    LEFT JOIN store.reservations r ON r.order_id = $3 AND r.variant_id = v.id
    WHERE v.id = $1
    """,
    into=OfferRow,
)
# No row when the cart is full.
PUT_LINE = sql(
    "store.put_cart_line",
    """
    INSERT INTO store.cart_lines AS l (cart_id, variant_id, title, quantity, price_minor, added_at)
    SELECT $1, $2, $3, $4, $5, $6
    WHERE EXISTS (SELECT FROM store.cart_lines WHERE cart_id = $1 AND variant_id = $2)
        OR (SELECT count(*) FROM store.cart_lines WHERE cart_id = $1) < $7
    ON CONFLICT (cart_id, variant_id) DO UPDATE
    SET title = EXCLUDED.title, quantity = EXCLUDED.quantity, price_minor = EXCLUDED.price_minor
    """,
    into=NoneType,
)
DELETE_LINE = sql(
    "store.delete_cart_line",
    "DELETE FROM store.cart_lines WHERE cart_id = $1 AND variant_id = $2",
    into=NoneType,
)
# Prices as they are now, quantities down to what is left, and away with what is not for sale.
ACKNOWLEDGE = sql(
    "store.acknowledge_cart",
    """
    WITH fact AS (
        SELECT l.variant_id, coalesce(p.status = 'active', false) AS for_sale, v.price_minor,
            CASE WHEN v.tracked THEN v.on_hand - v.reserved + coalesce(r.quantity, 0)
                ELSE l.quantity END AS units
        FROM store.cart_lines l
        LEFT JOIN store.variants v ON v.id = l.variant_id
        LEFT JOIN store.products p ON p.id = v.product_id
        LEFT JOIN store.reservations r ON r.order_id = $2 AND r.variant_id = l.variant_id
        WHERE l.cart_id = $1
    ), gone AS (
        DELETE FROM store.cart_lines l USING fact f
        WHERE l.cart_id = $1 AND l.variant_id = f.variant_id AND (NOT f.for_sale OR f.units <= 0)
    )
    UPDATE store.cart_lines l SET price_minor = f.price_minor, quantity = least(l.quantity, f.units)
    FROM fact f WHERE l.cart_id = $1 AND l.variant_id = f.variant_id AND f.for_sale AND f.units > 0
    """,
    into=NoneType,
)
SET_COUPONS = sql(
    "store.set_cart_coupons", "UPDATE store.carts SET coupons = $2 WHERE id = $1", into=NoneType
)
# The larger quantity of both carts, and the price that was seen last.
MERGE_LINES = sql(
    "store.merge_cart_lines",
    """
    INSERT INTO store.cart_lines AS l (cart_id, variant_id, title, quantity, price_minor, added_at)
    SELECT $2, variant_id, title, quantity, price_minor, added_at FROM store.cart_lines WHERE cart_id = $1
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = greatest(l.quantity, EXCLUDED.quantity),
        price_minor = CASE WHEN EXCLUDED.added_at > l.added_at THEN EXCLUDED.price_minor
            ELSE l.price_minor END
    """,
    into=NoneType,
)
# What was put in first goes first.
TRIM_LINES = sql(
    "store.trim_cart_lines",
    """
    DELETE FROM store.cart_lines WHERE cart_id = $1 AND variant_id IN (
        SELECT variant_id FROM store.cart_lines WHERE cart_id = $1
        ORDER BY added_at DESC, variant_id OFFSET $2
    )
    """,
    into=NoneType,
)
DELETE_CART = sql("store.delete_cart", "DELETE FROM store.carts WHERE id = $1", into=NoneType)
DELETE_CART_OF = sql("store.delete_cart_of", "DELETE FROM store.carts WHERE user_id = $1", into=NoneType)
DELETE_FORGOTTEN = sql(
    "store.delete_forgotten_carts",
    """
    DELETE FROM store.carts WHERE id IN (
        SELECT id FROM store.carts
        WHERE tenant_id = platform.tenant_id() AND user_id IS NULL AND updated_at < $1
        ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    """,
    into=NoneType,
)
