"""Stock: what is on hand, what of it is reserved for whom, and why it is so.

Statements that touch several variants lock them in the order of their ids first, so that of two orders of the
same things one waits for the other, and neither for ever.
"""

from threadly.modules.store.repository.catalog_rows import MovedRow, ReservedRow
from threadly.modules.store.types.catalog import StockMovement, VariantStock
from threadly.platform.db import sql

# $2 units of $1, unless fewer than are reserved.
SET_STOCK = sql(
    "store.set_stock",
    """
    WITH old AS (
        SELECT id, on_hand, reserved FROM store.variants WHERE id = $1 FOR NO KEY UPDATE
    ), moved AS (
        INSERT INTO store.stock_movements (id, variant_id, quantity, reason, actor_id, at)
        SELECT $3, id, $2 - on_hand, 'count', $4, $5 FROM old WHERE on_hand <> $2 AND reserved <= $2
    )
    UPDATE store.variants v SET on_hand = $2,
        updated_at = CASE WHEN old.on_hand <> $2 THEN $5 ELSE v.updated_at END
    FROM old, store.products p WHERE v.id = old.id AND old.reserved <= $2 AND p.id = v.product_id
    RETURNING v.id AS variant_id, v.product_id, p.handle,
        NOT v.tracked OR old.on_hand > old.reserved AS was_available,
        NOT v.tracked OR v.on_hand > v.reserved AS is_available
    """,
    into=MovedRow,
)
# All lines or none: where one is short, nothing is taken.
RESERVE = sql(
    "store.reserve",
    """
    WITH wanted AS (
        SELECT * FROM unnest($2::uuid[], $3::int[]) AS w (variant_id, quantity)
    ), locked AS (
        SELECT id, product_id, option_values, tracked, on_hand - reserved AS units FROM store.variants
        WHERE id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
    ), judged AS (
        SELECT w.variant_id, w.quantity, l.product_id, l.option_values, l.tracked, l.units,
            l.id IS NULL OR (l.tracked AND l.units < w.quantity) AS short
        FROM wanted w LEFT JOIN locked l ON l.id = w.variant_id
    ), taken AS (
        UPDATE store.variants v SET reserved = v.reserved + j.quantity FROM judged j
        WHERE v.id = j.variant_id AND NOT EXISTS (SELECT FROM judged WHERE short)
    ), kept AS (
        INSERT INTO store.reservations (order_id, variant_id, quantity, expires_at)
        SELECT $1, variant_id, quantity, $4 FROM judged WHERE NOT EXISTS (SELECT FROM judged WHERE short)
    )
    SELECT j.variant_id, j.product_id, coalesce(p.handle, '') AS handle, coalesce(p.title, '') AS title,
        coalesce(j.option_values, '{}') AS option_values, j.quantity AS wanted,
        greatest(coalesce(j.units, 0), 0) AS left, j.short,
        coalesce(NOT j.tracked OR j.units > 0, false) AS was_available,
        coalesce(NOT j.tracked OR j.units > j.quantity, false) AS is_available
    FROM judged j LEFT JOIN store.products p ON p.id = j.product_id
    ORDER BY j.variant_id
    """,
    into=ReservedRow,
)
RELEASE = sql(
    "store.release",
    """
    WITH dropped AS (
        DELETE FROM store.reservations WHERE order_id = $1 RETURNING variant_id, quantity
    ), locked AS (
        SELECT id FROM store.variants WHERE id IN (SELECT variant_id FROM dropped)
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE store.variants v SET reserved = v.reserved - d.quantity
    FROM locked l, dropped d, store.products p
    WHERE v.id = l.id AND d.variant_id = l.id AND p.id = v.product_id
    RETURNING v.id AS variant_id, v.product_id, p.handle,
        NOT v.tracked OR v.on_hand > v.reserved + d.quantity AS was_available,
        NOT v.tracked OR v.on_hand > v.reserved AS is_available
    """,
    into=MovedRow,
)
# What is sold was reserved, so what others can buy stays as it is.
CONSUME = sql(
    "store.consume",
    """
    WITH dropped AS (
        DELETE FROM store.reservations WHERE order_id = $1 RETURNING variant_id, quantity
    ), locked AS (
        SELECT id FROM store.variants WHERE id IN (SELECT variant_id FROM dropped)
        ORDER BY id FOR NO KEY UPDATE
    ), sold AS (
        UPDATE store.variants v SET reserved = v.reserved - d.quantity,
            on_hand = v.on_hand - CASE WHEN v.tracked THEN d.quantity ELSE 0 END
        FROM locked l JOIN dropped d ON d.variant_id = l.id WHERE v.id = l.id
        RETURNING v.id, v.product_id, v.tracked, v.on_hand, v.reserved, d.quantity
    ), moved AS (
        INSERT INTO store.stock_movements (id, variant_id, quantity, reason, order_id, actor_id, at)
        SELECT store.new_id($3), id, -quantity, 'sale', $1, $2, $3 FROM sold WHERE tracked
    )
    SELECT s.id AS variant_id, s.product_id, p.handle,
        NOT s.tracked OR s.on_hand > s.reserved AS was_available,
        NOT s.tracked OR s.on_hand > s.reserved AS is_available
    FROM sold s JOIN store.products p ON p.id = s.product_id
    """,
    into=MovedRow,
)
# No more than the order took: what was not counted when it was sold was never taken off.
RESTOCK = sql(
    "store.restock",
    """
    WITH locked AS (
        SELECT id FROM store.variants WHERE id = ANY ($2::uuid[]) AND tracked ORDER BY id FOR NO KEY UPDATE
    ), taken AS (
        SELECT m.variant_id, -sum(m.quantity)::int AS quantity
        FROM store.stock_movements m WHERE m.order_id = $1 GROUP BY m.variant_id
    ), back AS (
        SELECT b.variant_id, least(b.quantity, t.quantity) AS quantity
        FROM unnest($2::uuid[], $3::int[]) AS b (variant_id, quantity) JOIN taken t USING (variant_id)
        WHERE t.quantity > 0
    ), stocked AS (
        UPDATE store.variants v SET on_hand = v.on_hand + b.quantity
        FROM locked l JOIN back b ON b.variant_id = l.id WHERE v.id = l.id
        RETURNING v.id, v.product_id, v.on_hand, v.reserved, b.quantity
    ), moved AS (
        INSERT INTO store.stock_movements (id, variant_id, quantity, reason, order_id, actor_id, at)
        SELECT store.new_id($5), id, quantity, 'restock', $1, $4, $5 FROM stocked
    )
    SELECT s.id AS variant_id, s.product_id, p.handle, s.on_hand - s.quantity > s.reserved AS was_available,
        s.on_hand > s.reserved AS is_available
    FROM stocked s JOIN store.products p ON p.id = s.product_id
    """,
    into=MovedRow,
)
MOVEMENTS = sql(
    "store.movements",
    """
    SELECT id, variant_id, quantity, reason, order_id, actor_id, at
    FROM store.stock_movements WHERE variant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
    """,
    into=StockMovement,
)
# Of what is not archived, at most $1 left, the fewest first.
LOW_STOCK = sql(
    "store.low_stock",
    """
    SELECT v.id AS variant_id, v.product_id, p.handle, p.title, v.option_values, v.sku, v.on_hand, v.reserved,
        v.on_hand - v.reserved AS left
    FROM store.variants v JOIN store.products p ON p.id = v.product_id
    WHERE v.tracked AND p.status <> 'archived' AND v.on_hand - v.reserved <= $1
      AND (v.on_hand - v.reserved, v.id) > ($2::int, $3::uuid)
    ORDER BY v.on_hand - v.reserved, v.id LIMIT $4
    """,
    into=VariantStock,
)
