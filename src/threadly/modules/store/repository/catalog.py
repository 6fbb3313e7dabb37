"""Products and categories."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from types import NoneType

from threadly.modules.store.repository.catalog_rows import (
    CategoryRow,
    ProductRow,
    SummaryRow,
)
from threadly.platform.db import Statement, sql
from threadly.platform.ids import UUID

# How many of the best matches a search looks at.
MOST_FOUND = 1_000
DEFAULT_CURRENCY = "USD"

CATEGORY_LABEL = "p.category_id, c.slug AS category_slug, c.name AS category_name"
SUMMARY = f"""
    p.id, p.handle, p.title, p.vendor, {CATEGORY_LABEL}, p.tags, p.status, p.image_url, p.image_alt,
    p.currency, p.price_minor, p.highest_price_minor, p.available, p.created_at, p.updated_at
"""
PRODUCT = f"""
    p.id, p.handle, p.title, p.description, p.vendor, {CATEGORY_LABEL}, p.tags, p.attributes, p.options,
    p.status, p.image_url, p.image_alt, p.media, p.seller_id, p.currency, p.price_minor,
    p.highest_price_minor, p.available, p.created_at, p.updated_at
"""
# $1 to $8: a ProductFilter in the order of its fields; null asks for nothing.
FILTERED = """
    p.status = $1 AND ($2::text IS NULL OR c.slug = $2) AND ($3::text IS NULL OR $3 = ANY (p.tags))
    AND ($4::text IS NULL OR p.vendor = $4) AND ($5::bigint IS NULL OR p.price_minor >= $5)
    AND ($6::bigint IS NULL OR p.price_minor <= $6) AND ($7::boolean IS NULL OR p.available = $7)
"""
FOUND = f"($8::text IS NULL OR p.id IN (SELECT f.product_id FROM store.find_products($8, {MOST_FOUND}) f))"


def _list(name: str, *, after: str, order: str) -> Statement[SummaryRow]:
    """A page in that `order`, which goes on `after` $9 and the id $10; $11 rows."""
    return sql(
        name,
        f"""
        SELECT {SUMMARY}, 0::real AS rank
        FROM store.products p LEFT JOIN store.categories c ON c.id = p.category_id
        WHERE {FILTERED} AND {FOUND} AND {after}
        ORDER BY {order} LIMIT $11
        """,
        into=SummaryRow,
    )


# $9 is unused where the id alone is the order, and there so that all take the same arguments.
LIST_NEWEST = _list("store.list_newest", after="($9::text IS NULL) AND p.id < $10", order="p.id DESC")
LIST_CHEAPEST = _list(
    "store.list_cheapest",
    after="(p.price_minor, p.id) > ($9::bigint, $10::uuid)",
    order="p.price_minor, p.id",
)
LIST_DEAREST = _list(
    "store.list_dearest",
    after="(p.price_minor, p.id) < ($9::bigint, $10::uuid)",
    order="p.price_minor DESC, p.id DESC",
)
LIST_BY_TITLE = _list(
    "store.list_by_title", after="(p.title, p.id) > ($9::text, $10::uuid)", order="p.title, p.id"
)
LIST_RELEVANT = sql(
    "store.list_relevant",
    f"""
    SELECT {SUMMARY}, f.rank
    FROM store.find_products($8, {MOST_FOUND}) f JOIN store.products p ON p.id = f.product_id
    LEFT JOIN store.categories c ON c.id = p.category_id
    WHERE {FILTERED} AND (f.rank, p.id) < ($9::real, $10::uuid)
    ORDER BY f.rank DESC, p.id DESC LIMIT $11
    """,
    into=SummaryRow,
)

# $2: whether drafts and archived products are shown too.
FIND_PRODUCT = sql(
    "store.find_product",
    f"""
    SELECT {PRODUCT} FROM store.products p LEFT JOIN store.categories c ON c.id = p.category_id
    WHERE p.id = $1 AND (p.status = 'active' OR $2)
    """,
    into=ProductRow,
)
FIND_PRODUCT_BY_HANDLE = sql(
    "store.find_product_by_handle",
    f"""
    SELECT {PRODUCT} FROM store.products p LEFT JOIN store.categories c ON c.id = p.category_id
    WHERE p.handle = $1 AND (p.status = 'active' OR $2)
    """,
    into=ProductRow,
)
# Whoever changes a product or its variants locks it first: they go one after the other.
LOCK_PRODUCT = sql(
    "store.lock_product", "SELECT id FROM store.products WHERE id = $1 FOR NO KEY UPDATE", into=UUID
)
IS_HANDLE_TAKEN = sql(
    "store.is_handle_taken", "SELECT EXISTS (SELECT FROM store.products WHERE handle = $1)", into=bool
)
INSERT_PRODUCT = sql(
    "store.insert_product",
    """
    INSERT INTO store.products (id, handle, title, description, vendor, category_id, tags, attributes,
        options, status, image_url, image_alt, seller_id, currency, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
    """,
    into=NoneType,
)
UPDATE_PRODUCT = sql(
    "store.update_product",
    """
    UPDATE store.products SET handle = $2, title = $3, description = $4, vendor = $5, category_id = $6,
        tags = $7, attributes = $8, options = $9, status = $10, image_url = $11, image_alt = $12,
        updated_at = $13
    WHERE id = $1
    """,
    into=NoneType,
)
SET_PICTURES = sql(
    "store.set_pictures",
    "UPDATE store.products SET media = $2, image_url = $3, image_alt = $4, updated_at = $5 WHERE id = $1",
    into=NoneType,
)
ARCHIVE_PRODUCT = sql(
    "store.archive_product",
    "UPDATE store.products SET status = 'archived', updated_at = $2 WHERE id = $1",
    into=NoneType,
)
CURRENCY = sql(
    "store.currency",
    f"SELECT coalesce((SELECT currency FROM store.shops), '{DEFAULT_CURRENCY}') AS currency",
    into=str,
)

CATEGORY = "c.id, c.slug, c.name, c.position, c.attributes, c.created_at, c.updated_at"
LIST_CATEGORIES = sql(
    "store.list_categories",
    f"SELECT {CATEGORY} FROM store.categories c ORDER BY c.position, c.name, c.id LIMIT $1",
    into=CategoryRow,
)
FIND_CATEGORY = sql(
    "store.find_category", f"SELECT {CATEGORY} FROM store.categories c WHERE c.id = $1", into=CategoryRow
)
FIND_CATEGORY_BY_SLUG = sql(
    "store.find_category_by_slug",
    f"SELECT {CATEGORY} FROM store.categories c WHERE c.slug = $1",
    into=CategoryRow,
)
LOCK_CATEGORY = sql(
    "store.lock_category", "SELECT id FROM store.categories WHERE id = $1 FOR NO KEY UPDATE", into=UUID
)
COUNT_CATEGORIES = sql(
    "store.count_categories", "SELECT count(*)::int AS categories FROM store.categories", into=int
)
INSERT_CATEGORY = sql(
    "store.insert_category",
    """
    INSERT INTO store.categories (id, slug, name, position, attributes, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    """,
    into=NoneType,
)
UPDATE_CATEGORY = sql(
    "store.update_category",
    """
    UPDATE store.categories SET slug = $2, name = $3, position = $4, attributes = $5, updated_at = $6
    WHERE id = $1
    """,
    into=NoneType,
)
DELETE_CATEGORY = sql("store.delete_category", "DELETE FROM store.categories WHERE id = $1", into=NoneType)
