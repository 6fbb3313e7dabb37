"""The part of the shop that a batch is about, and what the batch makes of it. Pure."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from threadly.modules.store.repository.imports import KnownCategory, KnownProduct, KnownVariant, SkuHolder
from threadly.modules.store.types.imports import ImportCounts
from threadly.platform.ids import UUID

__all__ = ["Changes", "Part", "difference"]

Row = TypeVar("Row", KnownProduct, KnownVariant)


class Part(msgspec.Struct):
    """Products by handle, variants by their id and their product's, who holds a SKU, categories by slug."""

    products: dict[str, KnownProduct]
    variants: dict[UUID, dict[UUID, KnownVariant]]
    skus: dict[str, SkuHolder]
    categories: dict[str, KnownCategory]

    @classmethod
    def of(
        cls,
        products: Iterable[KnownProduct],
        variants: Iterable[KnownVariant],
        skus: Iterable[SkuHolder],
        categories: Iterable[KnownCategory],
    ) -> "Part":
        by_handle = {each.handle: each for each in products}
        by_product: dict[UUID, dict[UUID, KnownVariant]] = {each.id: {} for each in by_handle.values()}
        for variant in variants:
            by_product[variant.product_id][variant.id] = variant
        return cls(
            by_handle, by_product, {each.sku: each for each in skus}, {each.slug: each for each in categories}
        )

    def copy(self) -> "Part":
        return Part(
            dict(self.products),
            {product: dict(variants) for product, variants in self.variants.items()},
            dict(self.skus),
            dict(self.categories),
        )


class Changes(msgspec.Struct, frozen=True):
    """What is to be written. `released` are variants whose SKU or options pass to another in between."""

    categories: list[KnownCategory]
    new_products: list[KnownProduct]
    changed_products: list[KnownProduct]
    new_variants: list[KnownVariant]
    changed_variants: list[KnownVariant]
    released: list[UUID]
    counts: ImportCounts


def difference(
    before: Part, after: Part, *, touched_products: set[UUID], touched_variants: set[UUID]
) -> Changes:
    """What makes `after` of `before`; what the file touched and did not change is counted only."""
    new_products, changed_products = _compare(before.products.values(), after.products.values())
    old_variants = {key: each for one in before.variants.values() for key, each in one.items()}
    new_variants, changed_variants = _compare(
        old_variants.values(), (each for one in after.variants.values() for each in one.values())
    )
    return Changes(
        [category for slug, category in after.categories.items() if slug not in before.categories],
        new_products,
        changed_products,
        new_variants,
        changed_variants,
        [each.id for each in changed_variants if _is_named_anew(old_variants[each.id], each)],
        ImportCounts(
            products_created=len(new_products),
            products_updated=len(changed_products),
            products_unchanged=len(touched_products) - len(new_products) - len(changed_products),
            variants_created=len(new_variants),
            variants_updated=len(changed_variants),
            variants_unchanged=len(touched_variants) - len(new_variants) - len(changed_variants),
        ),
    )


def _compare(before: Iterable[Row], after: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Those that are new, and those that are otherwise than before."""
    old = {each.id: each for each in before}
    new, changed = [], []
    for each in after:
        known = old.get(each.id)
        if known is None:
            new.append(each)
        elif known != each:
            changed.append(each)
    return new, changed


def _is_named_anew(old: KnownVariant, new: KnownVariant) -> bool:
    return old.option_values != new.option_values or (old.sku is not None and old.sku != new.sku)
