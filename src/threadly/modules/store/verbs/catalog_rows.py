"""From rows to what leaves the catalog, what of a search goes on where, and which cache entries end."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from threadly.modules import media
from threadly.modules.store.errors.catalog import (
    CategoryMissing,
    HandleTaken,
    OptionsTaken,
    SkuTaken,
    SlugTaken,
    StockReserved,
    VariantReserved,
)
from threadly.modules.store.repository.catalog_rows import (
    CategoryRow,
    ProductRow,
    SummaryRow,
    VariantRow,
)
from threadly.modules.store.types.catalog import Category, CategoryLabel, Product, ProductSummary, Variant
from threadly.platform.errors import Refusal
from threadly.platform.ids import UUID
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = [
    "CATEGORIES_TAG",
    "PRODUCTS_TAG",
    "category_of",
    "product_of",
    "product_tags",
    "refusing_what_exists",
    "summary_of",
    "variant_of",
]

# Tags of cache entries: every list of products, everything that names a category, and one product's page.
PRODUCTS_TAG = "store.products"
CATEGORIES_TAG = "store.categories"

_REFUSALS: dict[str, type[Refusal]] = {
    "products_tenant_id_handle_key": HandleTaken,
    "categories_tenant_id_slug_key": SlugTaken,
    "variants_tenant_id_sku_key": SkuTaken,
    "variants_product_id_option_values_key": OptionsTaken,
    "products_category_id_fkey": CategoryMissing,
    "reservations_variant_id_fkey": VariantReserved,
    "variants_not_oversold": StockReserved,
}


def product_tags(*keys: UUID | str) -> tuple[str, ...]:
    """The tags of the product's page, by its id and by each of its handles."""
    return tuple(f"store.product:{key}" for key in keys)


@asynccontextmanager
async def refusing_what_exists() -> AsyncIterator[None]:
    """Turns what a constraint of the catalog keeps out into its refusal; the Work is over then."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        refusal = _REFUSALS.get(error.constraint_name or "")
        if refusal is None:
            raise
        raise refusal from error


def summary_of(row: SummaryRow) -> ProductSummary:
    return ProductSummary(
        row.id,
        row.handle,
        row.title,
        row.vendor,
        _label_of(row),
        row.tags,
        row.status,
        row.image_url,
        row.image_alt,
        Money(row.price_minor, row.currency),
        Money(row.highest_price_minor, row.currency),
        row.available,
        row.created_at,
        row.updated_at,
    )


def product_of(work: Work, row: ProductRow, variants: Sequence[VariantRow], *, manages: bool) -> Product:
    pictures = msgspec.convert(row.media, list[media.StoredMedia])
    return Product(
        row.id,
        row.handle,
        row.title,
        row.description,
        row.vendor,
        _label_of(row),
        row.tags,
        row.attributes,
        row.options,
        row.status,
        row.image_url,
        row.image_alt,
        [media.show(each, work.settings, work.now) for each in pictures],
        row.seller_id,
        Money(row.price_minor, row.currency),
        Money(row.highest_price_minor, row.currency),
        row.available,
        [variant_of(variant, manages=manages) for variant in variants],
        row.created_at,
        row.updated_at,
    )


def variant_of(row: VariantRow, *, manages: bool) -> Variant:
    """How many there are is for those who manage the store; how many can be had, for everybody."""
    compare_at = row.compare_at_minor
    left = row.on_hand - row.reserved
    return Variant(
        row.id,
        row.product_id,
        row.sku,
        row.option_values,
        row.position,
        Money(row.price_minor, row.currency),
        None if compare_at is None else Money(compare_at, row.currency),
        row.tracked,
        not row.tracked or left > 0,
        left if row.tracked else None,
        row.on_hand if manages else None,
        row.reserved if manages else None,
        row.ships,
        row.taxable,
        row.grams,
        row.barcode,
        row.created_at,
        row.updated_at,
    )


def category_of(row: CategoryRow) -> Category:
    return Category(row.id, row.slug, row.name, row.position, row.specs, row.created_at, row.updated_at)


def _label_of(row: SummaryRow | ProductRow) -> CategoryLabel | None:
    if row.category_id is None or row.category_slug is None or row.category_name is None:
        return None
    return CategoryLabel(row.category_id, row.category_slug, row.category_name)
