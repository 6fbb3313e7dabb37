"""What a batch changes, written: a statement for each kind of row, however many there are."""

from collections.abc import Iterable

import msgspec

from threadly.modules.store.events import ProductChanged, ProductCreated
from threadly.modules.store.importing.known import Changes, Part
from threadly.modules.store.repository.imports import (
    ADD_CATEGORIES,
    ADD_PRODUCTS,
    ADD_VARIANTS,
    CHANGE_PRODUCTS,
    CHANGE_VARIANTS,
    RELEASE_VARIANTS,
    KnownVariant,
)
from threadly.modules.store.verbs.catalog_rows import CATEGORIES_TAG, PRODUCTS_TAG, product_tags
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["write_changes"]


class _Summary(msgspec.Struct, frozen=True, gc=False):
    """What a product tells of its variants."""

    product_id: UUID
    lowest: int
    highest: int
    available: bool


async def write_changes(work: Work, after: Part, changes: Changes) -> None:
    actor, now = work.actor.user_id, work.now
    if changes.categories:
        await work.run(ADD_CATEGORIES, changes.categories, now)
        work.forget(CATEGORIES_TAG)
    if changes.new_products:
        summaries = [_summary(each.id, after.variants[each.id].values()) for each in changes.new_products]
        await work.run(ADD_PRODUCTS, changes.new_products, actor, now, summaries)
    if changes.changed_products:
        await work.run(CHANGE_PRODUCTS, changes.changed_products, now)
    if changes.released:
        await work.run(RELEASE_VARIANTS, changes.released)
    if changes.changed_variants:
        await work.run(CHANGE_VARIANTS, changes.changed_variants, now, actor)
    if changes.new_variants:
        await work.run(ADD_VARIANTS, changes.new_variants, now, actor)
    _tell(work, after, changes)


def _summary(product_id: UUID, variants: Iterable[KnownVariant]) -> _Summary:
    prices, available = [], False
    for each in variants:
        prices.append(each.price_minor)
        available = available or not each.tracked or each.on_hand > each.reserved
    return _Summary(product_id, min(prices), max(prices), available)


def _tell(work: Work, after: Part, changes: Changes) -> None:
    """Each product that is new or otherwise, or whose variants are, is told of once."""
    new = {each.id for each in changes.new_products}
    of_variants = {each.product_id for each in (*changes.new_variants, *changes.changed_variants)}
    changed = {each.id for each in changes.changed_products} | of_variants - new
    if not new and not changed:
        return
    work.forget(PRODUCTS_TAG)
    for product in after.products.values():
        if product.id in new:
            work.emit(ProductCreated(product_id=product.id, status=product.status))
        elif product.id in changed:
            work.emit(ProductChanged(product_id=product.id, status=product.status))
            work.forget(*product_tags(product.id, product.handle))
