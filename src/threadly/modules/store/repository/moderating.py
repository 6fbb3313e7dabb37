"""Products that moderators take out of the shop, and put back."""

from types import NoneType

from threadly.platform.db import sql

# One that is not for sale now is marked all the same, and does not come back by itself.
WITHHOLD = sql(
    "store.withhold_product",
    """
    INSERT INTO store.withheld_products (product_id, was_active, withheld_at)
    SELECT id, status = 'active', $2 FROM store.products WHERE id = $1 ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
TAKE_DOWN = sql(
    "store.take_down_product",
    """
    UPDATE store.products SET status = 'draft', updated_at = $2 WHERE id = $1 AND status = 'active'
    RETURNING handle
    """,
    into=str,
)
FREE = sql(
    "store.free_product",
    "DELETE FROM store.withheld_products WHERE product_id = $1 RETURNING was_active",
    into=bool,
)
# Unless its seller has archived it in the meantime.
PUT_BACK = sql(
    "store.put_back_product",
    """
    UPDATE store.products SET status = 'active', updated_at = $2 WHERE id = $1 AND status = 'draft'
    RETURNING handle
    """,
    into=str,
)
RESTRICT_PICTURES = sql(
    "store.restrict_pictures",
    """
    UPDATE store.products SET media = (
        SELECT jsonb_agg(image || jsonb_build_object('private', $2::boolean) ORDER BY place)
        FROM jsonb_array_elements(media) WITH ORDINALITY each (image, place)
    )
    WHERE id = $1 AND jsonb_array_length(media) > 0
    """,
    into=NoneType,
)
IS_WITHHELD = sql(
    "store.is_withheld",
    "SELECT EXISTS (SELECT FROM store.withheld_products WHERE product_id = $1) AS withheld",
    into=bool,
)
