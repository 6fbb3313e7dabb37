"""What a checkout reads of the cart and writes of the order."""

from types import NoneType

import msgspec

from threadly.modules.store.repository.orders import ORDER_COLUMNS, OrderRow
from threadly.platform.db import sql
from threadly.platform.durable.due import Due
from threadly.platform.ids import UUID


class CheckoutRow(msgspec.Struct, frozen=True):
    request_hash: bytes
    order_id: UUID


class ClaimRow(msgspec.Struct, frozen=True):
    """`claimed` unless the request came before; the buyer's cart, and the order under way with it; and the
    shop's settings, as in ShopRow. None for what there is not."""

    claimed: bool
    cart_id: UUID | None
    coupons: list[str]
    order_id: UUID | None
    currency: str | None
    taxes: object
    shipping: object


# The request, the buyer's cart and the shop's settings in one message. A twin that arrives at the same
# instant waits here for the first one's transaction, and whoever changes the cart does too.
CLAIM_CHECKOUT = sql(
    "store.claim_checkout",
    """
    WITH claimed AS (
        INSERT INTO store.checkouts (buyer_id, key, request_hash, order_id, created_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, buyer_id, key) DO NOTHING RETURNING key
    ), cart AS (
        SELECT id, coupons, order_id FROM store.carts WHERE user_id = $1 FOR UPDATE
    )
    SELECT EXISTS (SELECT FROM claimed) AS claimed, c.id AS cart_id, coalesce(c.coupons, '{}') AS coupons,
        c.order_id, s.currency, s.taxes, s.shipping
    FROM (VALUES (1)) AS one LEFT JOIN cart c ON true LEFT JOIN store.shops s ON true
    """,
    into=ClaimRow,
)
FIND_CHECKOUT = sql(
    "store.find_checkout",
    "SELECT request_hash, order_id FROM store.checkouts WHERE buyer_id = $1 AND key = $2",
    into=CheckoutRow,
)
POINT_CHECKOUT = sql(
    "store.point_checkout",
    "UPDATE store.checkouts SET order_id = $3 WHERE buyer_id = $1 AND key = $2",
    into=NoneType,
)
FORGET_CHECKOUTS = sql(
    "store.forget_checkouts",
    """
    DELETE FROM store.checkouts WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM store.checkouts
        WHERE tenant_id = platform.tenant_id() AND created_at < $1 LIMIT $2
    ))
    """,
    into=NoneType,
)
# The order, its lines, the first step of its history, and the cart's bond to it, in one message. $1 to $15
# are the order's, $16 to $29 columns of its lines, then the history's id and the cart.
INSERT_ORDER = sql(
    "store.insert_order",
    f"""
    WITH made AS (
        INSERT INTO store.orders (id, buyer_id, state, currency, subtotal_minor, discount_minor,
            shipping_minor, tax_minor, total_minor, gift_card_minor, due_minor, quote, address, email, phone,
            created_at, updated_at)
        VALUES ($1, $2, 'pending', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
        RETURNING {ORDER_COLUMNS}
    ), lines AS (
        INSERT INTO store.order_lines (order_id, line, product_id, variant_id, handle, title, options, sku,
            image_url, quantity, price_minor, discount_minor, tax_minor, total_minor, tracked)
        SELECT $1, * FROM unnest($16::int[], $17::uuid[], $18::uuid[], $19::text[], $20::text[], $21::text[],
            $22::text[], $23::text[], $24::int[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[],
            $29::boolean[])
    ), history AS (
        INSERT INTO store.order_history (id, order_id, was, state, actor_id, why, at)
        VALUES ($30, $1, NULL, 'pending', $2, 'The checkout began.', $15)
    ), bound AS (
        UPDATE store.carts SET order_id = $1 WHERE id = $31
    )
    SELECT {ORDER_COLUMNS} FROM made
    """,  # noqa: S608  # the columns are a constant
    into=OrderRow,
)
# The cart is free again; its lines stay, because nothing was bought.
FREE_CART = sql(
    "store.free_cart", "UPDATE store.carts SET order_id = NULL WHERE order_id = $1", into=NoneType
)
# The order came to nothing after the buyer was told that it is received: its lines go back to the cart, at
# the prices of the order, unless the buyer has put the same in since.
REFILL_CART = sql(
    "store.refill_cart",
    """
    INSERT INTO store.cart_lines (cart_id, variant_id, title, quantity, price_minor, added_at)
    SELECT c.id, l.variant_id, l.title, l.quantity, l.price_minor, $3
    FROM store.order_lines l JOIN store.variants v ON v.id = l.variant_id
    CROSS JOIN (SELECT id FROM store.carts WHERE user_id = $2) c
    WHERE l.order_id = $1
    ON CONFLICT (cart_id, variant_id) DO NOTHING
    """,
    into=NoneType,
)
# The last order of a buyer whose cart is empty: what a second tab means.
JUST_PLACED = sql(
    "store.find_order_just_placed",
    """
    SELECT id FROM store.orders
    WHERE buyer_id = $1 AND placed_at > $2 AND total_minor = $3 AND currency = $4
        AND state IN ('paid', 'payment_pending')
    ORDER BY id DESC LIMIT 1
    """,
    into=UUID,
)


# In the terms of platform/durable/due.py.
LIST_EXPIRED = sql(
    "store.list_expired",
    "SELECT tenant_id, order_id AS subject_id, 0 AS tries FROM store.list_expired($1)",
    into=Due,
)
