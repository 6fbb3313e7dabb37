"""Variants of products."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from types import NoneType

from threadly.modules.store.repository.catalog_rows import VariantRow
from threadly.platform.db import sql

VARIANT = """
    v.id, v.product_id, v.sku, v.option_values, v.position, v.price_minor, v.compare_at_minor, v.currency,
    v.tracked, v.on_hand, v.reserved, v.ships, v.taxable, v.grams, v.barcode, v.created_at, v.updated_at
"""

VARIANTS_OF = sql(
    "store.variants_of",
    f"SELECT {VARIANT} FROM store.variants v WHERE v.product_id = $1 ORDER BY v.position, v.id",
    into=VariantRow,
)
# $2: whether those of drafts and archived products are shown too.
FIND_VARIANT = sql(
    "store.find_variant",
    f"""
    SELECT {VARIANT} FROM store.variants v JOIN store.products p ON p.id = v.product_id
    WHERE v.id = $1 AND (p.status = 'active' OR $2)
    """,
    into=VariantRow,
)
# $3: the variants as a list of objects, each with a `movement_id` for what is on hand from the beginning.
INSERT_VARIANTS = sql(
    "store.insert_variants",
    """
    WITH given AS (
        SELECT * FROM jsonb_to_recordset($3::jsonb) AS g (
            id uuid, movement_id uuid, sku text, option_values text[], position int, price_minor bigint,
            compare_at_minor bigint, currency text, tracked boolean, on_hand int, ships boolean,
            taxable boolean, grams int, barcode text)
    ), counted AS (
        INSERT INTO store.stock_movements (id, variant_id, quantity, reason, actor_id, at)
        SELECT movement_id, id, on_hand, 'count', $4, $2 FROM given WHERE on_hand > 0
    )
    INSERT INTO store.variants (id, product_id, sku, option_values, position, price_minor, compare_at_minor,
        currency, tracked, on_hand, ships, taxable, grams, barcode, created_at, updated_at)
    SELECT id, $1, sku, option_values, position, price_minor, compare_at_minor, currency, tracked, on_hand,
        ships, taxable, grams, barcode, $2, $2
    FROM given
    """,
    into=NoneType,
)
UPDATE_VARIANT = sql(
    "store.update_variant",
    """
    UPDATE store.variants SET sku = $2, option_values = $3, price_minor = $4, compare_at_minor = $5,
        currency = $6, tracked = $7, ships = $8, taxable = $9, grams = $10, barcode = $11, position = $12,
        updated_at = $13
    WHERE id = $1
    """,
    into=NoneType,
)
DELETE_VARIANT = sql("store.delete_variant", "DELETE FROM store.variants WHERE id = $1", into=NoneType)
# A product is as new as the latest change of its variants.
TOUCH_PRODUCT = sql(
    "store.touch_product", "UPDATE store.products SET updated_at = $2 WHERE id = $1", into=NoneType
)
