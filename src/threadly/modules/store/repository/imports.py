"""Imports, and what they read and write of the catalog, a batch of products at a time."""

# ruff: noqa: S608  # only this file's own constants are put into SQL

from types import NoneType

import msgspec

from threadly.modules.store.types.catalog import ProductStatus
from threadly.modules.store.types.imports import ImportSummary
from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "ADD_CATEGORIES",
    "ADD_PRODUCTS",
    "ADD_VARIANTS",
    "BEGIN_IMPORT",
    "BEGIN_REHEARSAL",
    "CHANGE_PRODUCTS",
    "CHANGE_VARIANTS",
    "CREATE_IMPORT",
    "END_IMPORT",
    "FAIL_IMPORT",
    "FIND_IMPORT",
    "LIST_IMPORTS",
    "LIST_KNOWN_CATEGORIES",
    "LIST_PRODUCTS_OF",
    "LIST_SKU_HOLDERS",
    "LIST_VARIANTS_OF",
    "LOCK_IMPORTS",
    "PLAN_ANEW",
    "READ_CONTENT",
    "RELEASE_VARIANTS",
    "SAVE_PROGRESS",
    "ImportRow",
    "KnownCategory",
    "KnownProduct",
    "KnownVariant",
    "SkuHolder",
    "StartedRow",
]


class KnownCategory(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    slug: str
    name: str


class KnownProduct(msgspec.Struct, frozen=True, gc=False):
    """A product without what an import never changes."""

    id: UUID
    handle: str
    title: str
    description: str
    vendor: str
    category_id: UUID | None
    tags: list[str]
    options: list[str]
    status: ProductStatus
    image_url: str | None
    image_alt: str
    currency: str


class KnownVariant(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    product_id: UUID
    sku: str | None
    option_values: list[str]
    position: int
    price_minor: int
    compare_at_minor: int | None
    currency: str
    tracked: bool
    on_hand: int
    reserved: int
    ships: bool
    taxable: bool
    grams: int
    barcode: str
    # Of the units on hand as many as files have counted: what a file says moves the stock by what it differs
    # from this. None: no file has counted it yet.
    counted: int | None


class SkuHolder(msgspec.Struct, frozen=True, gc=False):
    sku: str
    variant_id: UUID
    handle: str


class ImportRow(ImportSummary, frozen=True):
    """`problems` as JSON says, a list of ImportProblem."""

    problems: object


class StartedRow(msgspec.Struct, frozen=True):
    """An import that begins or, after a crash, goes on after `row_count` rows."""

    uploaded_by: UUID
    dry_run: bool
    row_count: int
    problem_count: int


SUMMARY = """
    id, uploaded_by, filename, dry_run, state, row_count, products_created, products_updated,
    products_unchanged, variants_created, variants_updated, variants_unchanged, problem_count, created_at,
    ended_at
"""
CREATE_IMPORT = sql(
    "store.create_import",
    f"""
    INSERT INTO store.imports (id, uploaded_by, filename, dry_run, content, state, created_at)
    VALUES ($1, $2, $3, $4, $5, 'queued', $6)
    RETURNING {SUMMARY}, problems
    """,
    into=ImportRow,
)
FIND_IMPORT = sql(
    "store.find_import", f"SELECT {SUMMARY}, problems FROM store.imports WHERE id = $1", into=ImportRow
)
LIST_IMPORTS = sql(
    "store.list_imports",
    f"SELECT {SUMMARY} FROM store.imports WHERE id < $1 ORDER BY id DESC LIMIT $2",
    into=ImportSummary,
)
READ_CONTENT = sql(
    "store.read_import_content",
    "SELECT substring(content FROM $2::int FOR $3::int) FROM store.imports WHERE id = $1",
    into=bytes,
)
BEGIN_IMPORT = sql(
    "store.begin_import",
    """
    UPDATE store.imports SET state = 'running' WHERE id = $1 AND state IN ('queued', 'running')
    RETURNING uploaded_by, dry_run, row_count, problem_count
    """,
    into=StartedRow,
)
# What a rehearsal has counted is of no use to the next one: that begins with nothing.
BEGIN_REHEARSAL = sql(
    "store.begin_rehearsal",
    """
    UPDATE store.imports
    SET row_count = 0, products_created = 0, products_updated = 0, products_unchanged = 0,
        variants_created = 0, variants_updated = 0, variants_unchanged = 0, problem_count = 0, problems = '[]'
    WHERE id = $1 AND dry_run AND state = 'running'
    """,
    into=NoneType,
)
# $2: how many rows were counted before, so that no batch counts twice. $11: more problems to list.
SAVE_PROGRESS = sql(
    "store.save_import_progress",
    """
    UPDATE store.imports
    SET row_count = row_count + $3, products_created = products_created + $4,
        products_updated = products_updated + $5, products_unchanged = products_unchanged + $6,
        variants_created = variants_created + $7, variants_updated = variants_updated + $8,
        variants_unchanged = variants_unchanged + $9, problem_count = problem_count + $10,
        problems = problems || $11::jsonb
    WHERE id = $1 AND row_count = $2 AND state = 'running'
    """,
    into=NoneType,
)
END_IMPORT = sql(
    "store.end_import",
    """
    UPDATE store.imports SET state = 'done', ended_at = $2, content = NULL WHERE id = $1 AND state = 'running'
    """,
    into=NoneType,
)
# Why comes before what was wrong with the file, of which not all may be shown. $3: a list of one problem.
FAIL_IMPORT = sql(
    "store.fail_import",
    """
    UPDATE store.imports
    SET state = 'failed', ended_at = $2, content = NULL, problem_count = problem_count + 1,
        problems = $3::jsonb || problems
    WHERE id = $1 AND state IN ('queued', 'running')
    """,
    into=NoneType,
)

# Before the statements below, in their transaction: a connection keeps the plans of statements, but an import
# makes tables large that were nearly empty when it began.
PLAN_ANEW = sql(
    "store.import_plan_anew", "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)", into=NoneType
)
# One batch at a time in a community: two files about the same products take turns.
LOCK_IMPORTS = sql(
    "store.lock_imports",
    "SELECT pg_advisory_xact_lock(hashtextextended('store.import', platform.tenant_id()))",
    into=NoneType,
)
# Lateral, since the statistics may know nothing yet.
LIST_PRODUCTS_OF = sql(
    "store.import_products_of",
    """
    SELECT p.id, p.handle, p.title, p.description, p.vendor, p.category_id, p.tags, p.options, p.status,
        p.image_url, p.image_alt, p.currency
    FROM unnest($1::text[]) wanted (handle)
    CROSS JOIN LATERAL (SELECT * FROM store.products WHERE products.handle = wanted.handle OFFSET 0) p
    """,
    into=KnownProduct,
)
LIST_VARIANTS_OF = sql(
    "store.import_variants_of",
    """
    SELECT id, product_id, sku, option_values, position, price_minor, compare_at_minor, currency, tracked,
        on_hand, reserved, ships, taxable, grams, barcode, counted
    FROM store.variants WHERE product_id = ANY ($1)
    """,
    into=KnownVariant,
)
LIST_SKU_HOLDERS = sql(
    "store.import_sku_holders",
    """
    SELECT v.sku, v.id AS variant_id, p.handle
    FROM unnest($1::text[]) wanted (sku)
    CROSS JOIN LATERAL (SELECT * FROM store.variants WHERE variants.sku = wanted.sku OFFSET 0) v
    CROSS JOIN LATERAL (SELECT handle FROM store.products WHERE id = v.product_id OFFSET 0) p
    """,
    into=SkuHolder,
)
# There are few: the shop has a limit.
LIST_KNOWN_CATEGORIES = sql(
    "store.import_categories", "SELECT id, slug, name FROM store.categories", into=KnownCategory
)

# $1 of these is a list of the Structs above.
ADD_CATEGORIES = sql(
    "store.import_add_categories",
    """
    INSERT INTO store.categories (id, slug, name, created_at, updated_at)
    SELECT r.id, r.slug, r.name, $2, $2
    FROM jsonb_to_recordset($1::jsonb) r (id uuid, slug text, name text)
    """,
    into=NoneType,
)
# What the trigger of the variants would work out is in $4, so that it finds nothing left to change.
ADD_PRODUCTS = sql(
    "store.import_add_products",
    """
    INSERT INTO store.products (id, handle, title, description, vendor, category_id, tags, options, status,
        image_url, image_alt, currency, seller_id, price_minor, highest_price_minor, available,
        created_at, updated_at)
    SELECT r.id, r.handle, r.title, r.description, r.vendor, r.category_id, r.tags, r.options, r.status,
        r.image_url, r.image_alt, r.currency, $2, s.lowest, s.highest, s.available, $3, $3
    FROM jsonb_to_recordset($1::jsonb) r (id uuid, handle text, title text, description text, vendor text,
        category_id uuid, tags text[], options text[], status text, image_url text, image_alt text,
        currency text)
    JOIN jsonb_to_recordset($4::jsonb) s (product_id uuid, lowest bigint, highest bigint, available boolean)
        ON s.product_id = r.id
    """,
    into=NoneType,
)
CHANGE_PRODUCTS = sql(
    "store.import_change_products",
    """
    UPDATE store.products p
    SET title = r.title, description = r.description, vendor = r.vendor, category_id = r.category_id,
        tags = r.tags, options = r.options, status = r.status,
        -- Pictures that were uploaded for it stay its pictures.
        image_url = CASE WHEN p.media = '[]' THEN r.image_url ELSE p.image_url END,
        image_alt = CASE WHEN p.media = '[]' THEN r.image_alt ELSE p.image_alt END,
        currency = r.currency, updated_at = $2
    FROM jsonb_to_recordset($1::jsonb) r (id uuid, title text, description text, vendor text,
        category_id uuid, tags text[], options text[], status text, image_url text, image_alt text,
        currency text)
    WHERE p.id = r.id
    """,
    into=NoneType,
)
ADD_VARIANTS = sql(
    "store.import_add_variants",
    """
    WITH added AS (
        INSERT INTO store.variants (id, product_id, sku, option_values, position, price_minor,
            compare_at_minor, currency, tracked, on_hand, ships, taxable, grams, barcode, counted,
            created_at, updated_at)
        SELECT r.id, r.product_id, r.sku, r.option_values, r.position, r.price_minor, r.compare_at_minor,
            r.currency, r.tracked, r.on_hand, r.ships, r.taxable, r.grams, r.barcode, r.counted, $2, $2
        FROM jsonb_to_recordset($1::jsonb) r (id uuid, product_id uuid, sku text, option_values text[],
            position int, price_minor bigint, compare_at_minor bigint, currency text, tracked boolean,
            on_hand int, ships boolean, taxable boolean, grams int, barcode text, counted int)
        RETURNING id, on_hand
    )
    INSERT INTO store.stock_movements (id, variant_id, quantity, reason, actor_id, at)
    SELECT store.new_id($2), id, on_hand, 'import', $3, $2 FROM added WHERE on_hand <> 0
    """,
    into=NoneType,
)
# Between two variants a SKU or a value may pass only by way of nobody.
RELEASE_VARIANTS = sql(
    "store.import_release_variants",
    "UPDATE store.variants SET sku = NULL, option_values = ARRAY[id::text] WHERE id = ANY ($1)",
    into=NoneType,
)
# The stock moves by what the file says now and did not before, from rows that are locked first, in the order
# of their ids: what was sold meanwhile stays sold, what was reserved stays on hand.
CHANGE_VARIANTS = sql(
    "store.import_change_variants",
    """
    WITH known AS (
        SELECT id, on_hand, reserved, counted FROM store.variants
        WHERE id IN (SELECT id FROM jsonb_to_recordset($1::jsonb) r (id uuid))
        ORDER BY id FOR NO KEY UPDATE
    ), said AS (
        SELECT r.*, known.on_hand AS before, known.counted AS counted_before,
            greatest(CASE WHEN known.counted IS NULL THEN coalesce(r.counted, known.on_hand)
                ELSE known.on_hand + r.counted - known.counted END,
                CASE WHEN r.tracked THEN known.reserved ELSE 0 END) AS on_hand
        FROM jsonb_to_recordset($1::jsonb) r (id uuid, sku text, option_values text[], price_minor bigint,
            compare_at_minor bigint, currency text, tracked boolean, ships boolean, taxable boolean,
            grams int, barcode text, counted int)
        JOIN known ON known.id = r.id
    ), changed AS (
        UPDATE store.variants v
        SET sku = said.sku, option_values = said.option_values, price_minor = said.price_minor,
            compare_at_minor = said.compare_at_minor, currency = said.currency, tracked = said.tracked,
            on_hand = said.on_hand, ships = said.ships, taxable = said.taxable, grams = said.grams,
            barcode = said.barcode, updated_at = $2,
            counted = CASE WHEN said.counted_before IS NOT NULL
                    THEN said.counted_before + said.on_hand - said.before
                WHEN said.counted IS NOT NULL THEN said.on_hand END
        FROM said WHERE v.id = said.id
        RETURNING v.id, said.on_hand - said.before AS quantity
    )
    INSERT INTO store.stock_movements (id, variant_id, quantity, reason, actor_id, at)
    SELECT store.new_id($2), id, quantity, 'import', $3, $2 FROM changed WHERE quantity <> 0
    """,
    into=NoneType,
)
