"""Orders: read, listed, and moved from state to state."""

from datetime import datetime
from types import NoneType
from typing import Any, Literal

import msgspec

from threadly.modules.store.types.orders import OrderState
from threadly.platform.db import sql
from threadly.platform.ids import UUID


class OrderRow(msgspec.Struct, frozen=True):
    id: UUID
    number: int
    buyer_id: UUID
    state: OrderState
    reason: str | None
    currency: str
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    gift_card_minor: int
    due_minor: int
    refunded_minor: int
    quote: Any
    address: Any
    email: str
    phone: str
    paid_with: str
    created_at: datetime
    placed_at: datetime | None
    paid_at: datetime | None


class OrderLineRow(msgspec.Struct, frozen=True):
    line: int
    product_id: UUID
    variant_id: UUID
    handle: str
    title: str
    options: str
    sku: str
    image_url: str | None
    quantity: int
    price_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    tracked: bool
    restocked: int
    refunded_units: int


class RefundRow(msgspec.Struct, frozen=True):
    id: UUID
    order_id: UUID
    amount_minor: int
    gift_card_minor: int
    reason: str
    state: Literal["requested", "succeeded", "failed"]
    created_at: datetime
    ended_at: datetime | None


class WholeOrderRow(OrderRow, frozen=True):
    """The last three are OrderLineRow, OrderStep and RefundRow as plain values, None for an empty list."""

    lines: Any
    history: Any
    refunds: Any


class SummaryRow(msgspec.Struct, frozen=True):
    id: UUID
    number: int
    buyer_id: UUID
    state: OrderState
    currency: str
    total_minor: int
    refunded_minor: int
    title: str
    image_url: str | None
    item_count: int
    placed_at: datetime
    paid_at: datetime | None


ORDER_COLUMNS = """
    id, number, buyer_id, state, reason, currency, subtotal_minor, discount_minor, shipping_minor, tax_minor,
    total_minor, gift_card_minor, due_minor, refunded_minor, quote, address, email, phone, paid_with,
    created_at, placed_at, paid_at
"""
REFUND_COLUMNS = "id, order_id, amount_minor, gift_card_minor, reason, state, created_at, ended_at"

# The columns are constants above, so nothing of anybody's gets into these texts (S608).
FIND_ORDER = sql("store.find_order", f"SELECT {ORDER_COLUMNS} FROM store.orders WHERE id = $1", into=OrderRow)  # noqa: S608
# Everything that changes an order takes this first; after its payment, where that changes too.
LOCK_ORDER = sql(
    "store.lock_order",
    f"SELECT {ORDER_COLUMNS} FROM store.orders WHERE id = $1 FOR NO KEY UPDATE",  # noqa: S608
    into=OrderRow,
)
ORDER_STATE = sql("store.order_state", "SELECT state FROM store.orders WHERE id = $1", into=str)
ORDER_LINES = sql(
    "store.order_lines",
    """
    SELECT line, product_id, variant_id, handle, title, options, sku, image_url, quantity, price_minor,
        discount_minor, tax_minor, total_minor, tracked, restocked,
        refunded_units
    FROM store.order_lines WHERE order_id = $1 ORDER BY line
    """,
    into=OrderLineRow,
)
# With the rows that belong to it, in one message.
WHOLE_ORDER = sql(
    "store.get_whole_order",
    f"""
    SELECT {ORDER_COLUMNS},
        (SELECT jsonb_agg(l ORDER BY line) FROM store.order_lines l WHERE order_id = $1) AS lines,
        (SELECT jsonb_agg(h ORDER BY id) FROM (
            SELECT * FROM store.order_history WHERE order_id = $1 ORDER BY id LIMIT 200) h) AS history,
        (SELECT jsonb_agg(r ORDER BY id) FROM (
            SELECT {REFUND_COLUMNS} FROM store.refunds WHERE order_id = $1
            ORDER BY id LIMIT 200) r) AS refunds
    FROM store.orders WHERE id = $1
    """,  # noqa: S608
    into=WholeOrderRow,
)
LIST_REFUNDS = sql(
    "store.list_refunds",
    f"SELECT {REFUND_COLUMNS} FROM store.refunds WHERE order_id = $1 AND id > $2 ORDER BY id LIMIT $3",  # noqa: S608
    into=RefundRow,
)
WAS_FULFILLED = sql(
    "store.was_order_fulfilled",
    "SELECT EXISTS (SELECT FROM store.order_history WHERE order_id = $1 AND state = 'fulfilled')",
    into=bool,
)

_SUMMARY = """
    SELECT o.id, o.number, o.buyer_id, o.state, o.currency, o.total_minor, o.refunded_minor,
        coalesce(l.title, '') AS title, l.image_url, coalesce(l.item_count, 0)::int AS item_count,
        o.placed_at, o.paid_at
    FROM page o LEFT JOIN (
        SELECT order_id, min(title) FILTER (WHERE line = 1) AS title,
            min(image_url) FILTER (WHERE line = 1) AS image_url, sum(quantity) AS item_count
        FROM store.order_lines WHERE order_id IN (SELECT id FROM page) GROUP BY order_id
    ) l ON l.order_id = o.id
    ORDER BY o.id DESC
"""
SUMMARIES_OF = sql(
    "store.list_summaries_of",
    f"""
    WITH page AS MATERIALIZED (SELECT * FROM store.orders WHERE id = ANY ($1::uuid[]))
    {_SUMMARY.replace("DESC", "ASC")}
    """,  # noqa: S608
    into=SummaryRow,
)
# $1 the buyer; $2 a state, or null for all; $3 the id to go on below; $4 how many.
ORDERS_OF = sql(
    "store.list_orders_of",
    f"""
    WITH page AS MATERIALIZED (
        SELECT * FROM store.orders
        WHERE buyer_id = $1 AND placed_at IS NOT NULL AND ($2::text IS NULL OR state = $2) AND id < $3
        ORDER BY id DESC LIMIT $4
    ) {_SUMMARY}
    """,  # noqa: S608
    into=SummaryRow,
)
# $1 a state, or null for all; $2 the id to go on below; $3 how many.
ORDERS_OF_SHOP = sql(
    "store.list_orders_of_shop",
    f"""
    WITH page AS MATERIALIZED (
        SELECT * FROM store.orders
        WHERE tenant_id = platform.tenant_id() AND placed_at IS NOT NULL AND ($1::text IS NULL OR state = $1)
            AND id < $2
        ORDER BY id DESC LIMIT $3
    ) {_SUMMARY}
    """,  # noqa: S608
    into=SummaryRow,
)

# $1 the order, $2 its new state, $3 the present; $4 the reason of a cancellation; $5 the history's id, $6
# who, $7 why; $8 what paid it; $9 the state it was locked in. Null keeps `reason` and `paid_with`. The buyer
# sees the order from the first state that tells of it.
_MOVED = """
    moved AS (
        UPDATE store.orders SET state = $2, reason = coalesce($4, reason),
            placed_at = CASE WHEN $2 IN ('paid', 'payment_pending') THEN coalesce(placed_at, $3)
                ELSE placed_at END,
            paid_at = CASE WHEN $2 = 'paid' THEN coalesce(paid_at, $3) ELSE paid_at END,
            paid_with = coalesce($8, paid_with)
        WHERE id = $1
    ),
    noted AS (
        INSERT INTO store.order_history (id, order_id, was, state, actor_id, why, at)
        VALUES ($5, $1, $9, $2, $6, $7, $3)
    )
"""
MOVE_ORDER = sql("store.move_order", f"WITH {_MOVED} SELECT", into=NoneType)
# MOVE_ORDER, and the buyer is told that the order is received: what was ordered leaves the cart, and what was
# put in since the checkout began stays.
PLACE_ORDER = sql(
    "store.place_order",
    f"""
    WITH {_MOVED}, cart AS (
        UPDATE store.carts SET order_id = NULL, coupons = '{{}}', updated_at = $3
        WHERE order_id = $1 RETURNING id
    ), ordered AS (
        SELECT variant_id, sum(quantity)::int AS quantity FROM store.order_lines WHERE order_id = $1
        GROUP BY variant_id
    ), fewer AS (
        UPDATE store.cart_lines l SET quantity = l.quantity - o.quantity
        FROM cart c, ordered o
        WHERE l.cart_id = c.id AND l.variant_id = o.variant_id AND l.quantity > o.quantity
    )
    DELETE FROM store.cart_lines l USING cart c, ordered o
    WHERE l.cart_id = c.id AND l.variant_id = o.variant_id AND l.quantity <= o.quantity
    """,  # noqa: S608
    into=NoneType,
)
NOTE_HISTORY = sql(
    "store.note_order_history",
    """
    INSERT INTO store.order_history (id, order_id, was, state, actor_id, why, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    """,
    into=NoneType,
)
# The warehouse is about to hear of the order, if it is to be sent; or may have heard of it already.
TELL_WAREHOUSE = sql(
    "store.tell_order_to_warehouse",
    """
    UPDATE store.orders SET warehouse = 'telling'
    WHERE id = $1 AND (state IN ('paid', 'fulfilled', 'partially_refunded') OR warehouse = 'telling')
    RETURNING id
    """,
    into=UUID,
)
WAREHOUSE_TOLD = sql(
    "store.order_told_to_warehouse",
    "UPDATE store.orders SET warehouse = 'told' WHERE id = $1",
    into=NoneType,
)
WAREHOUSE_STATE = sql(
    "store.find_order_at_warehouse", "SELECT warehouse FROM store.orders WHERE id = $1", into=str
)
ADD_REFUNDED = sql(
    "store.add_order_refunded",
    "UPDATE store.orders SET refunded_minor = refunded_minor + $2 WHERE id = $1",
    into=NoneType,
)
INSERT_REFUND = sql(
    "store.insert_refund",
    """
    INSERT INTO store.refunds (id, order_id, amount_minor, gift_card_minor, payment_refund_id, reason,
        restock, units, state, requested_by, created_at, ended_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
        CASE WHEN $9 <> 'requested' THEN $11::timestamptz END)
    """,
    into=NoneType,
)
LOCK_REFUND = sql(
    "store.lock_refund",
    f"SELECT {REFUND_COLUMNS} FROM store.refunds WHERE payment_refund_id = $1 FOR UPDATE",  # noqa: S608
    into=RefundRow,
)
END_REFUND = sql(
    "store.end_refund",
    "UPDATE store.refunds SET state = $2, ended_at = $3 WHERE id = $1",
    into=NoneType,
)
GET_REFUND = sql(
    "store.get_refund",
    f"SELECT {REFUND_COLUMNS} FROM store.refunds WHERE id = $1",  # noqa: S608
    into=RefundRow,
)
RETURN_LINES = sql(
    "store.return_order_lines",
    """
    UPDATE store.order_lines l SET restocked = restocked + r.quantity
    FROM unnest($2::int[], $3::int[]) AS r (line, quantity)
    WHERE l.order_id = $1 AND l.line = r.line
    """,
    into=NoneType,
)
REFUND_UNITS = sql(
    "store.refund_order_units",
    """
    UPDATE store.order_lines l SET refunded_units = refunded_units + r.quantity
    FROM unnest($2::int[], $3::int[]) AS r (line, quantity)
    WHERE l.order_id = $1 AND l.line = r.line
    """,
    into=NoneType,
)
# What a refund that came to nothing has counted can be given back again.
TAKE_UNITS_BACK = sql(
    "store.take_refunded_units_back",
    """
    UPDATE store.order_lines l SET refunded_units = refunded_units - (u.value ->> 'quantity')::int
    FROM store.refunds r CROSS JOIN jsonb_array_elements(r.units) u
    WHERE r.id = $1 AND l.order_id = r.order_id AND l.line = (u.value ->> 'line')::int
    """,
    into=NoneType,
)
# In the ledger's terms: what of the gift cards went back already.
GIFT_CARDS_RETURNED = sql(
    "store.sum_returned_gift_cards",
    "SELECT coalesce(sum(returned_minor), 0)::bigint FROM store.gift_card_uses WHERE order_id = $1",
    into=int,
)
ADD_PARTITIONS = sql("store.add_order_partitions", "SELECT store.add_order_partitions($1)", into=int)

# Orders that are over stay for the books, without the person. (Others still have to reach somebody.)
_OVER = """
    (o.address <> '{}' OR o.email <> '' OR o.phone <> '' OR o.quote ? 'note')
    AND (o.state IN ('fulfilled', 'cancelled', 'refunded') OR (o.state = 'partially_refunded' AND EXISTS (
        SELECT FROM store.order_history h WHERE h.order_id = o.id AND h.state = 'fulfilled'
    )))
"""
BLANK_ORDERS = sql(
    "store.blank_orders_of",
    f"""
    UPDATE store.orders o SET address = '{{}}', email = '', phone = '', quote = quote - 'note'
    WHERE o.buyer_id = $1 AND {_OVER}
    """,  # noqa: S608
    into=NoneType,
)
# Those that were not over yet when their buyer's account was deleted.
BLANK_LEFT_ORDERS = sql(
    "store.blank_left_orders",
    f"""
    UPDATE store.orders o SET address = '{{}}', email = '', phone = '', quote = quote - 'note'
    WHERE o.tenant_id = platform.tenant_id() AND {_OVER}
        AND NOT EXISTS (SELECT FROM identity.profiles p WHERE p.id = o.buyer_id)
    """,  # noqa: S608
    into=NoneType,
)
