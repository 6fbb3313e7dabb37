"""Variants: added to a product, changed, removed."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict

from threadly.modules.store.errors.catalog import (
    LastVariant,
    ProductMissing,
    TooManyVariants,
    VariantMissing,
)
from threadly.modules.store.events import ProductChanged
from threadly.modules.store.repository.catalog import CURRENCY, FIND_PRODUCT, LOCK_PRODUCT
from threadly.modules.store.repository.catalog_rows import ProductRow, VariantRow
from threadly.modules.store.repository.variants import (
    DELETE_VARIANT,
    FIND_VARIANT,
    INSERT_VARIANTS,
    TOUCH_PRODUCT,
    UPDATE_VARIANT,
    VARIANTS_OF,
)
from threadly.modules.store.rules.catalog import MOST_VARIANTS, check_variant
from threadly.modules.store.rules.problems import Problems
from threadly.modules.store.types.catalog import NewVariant, Variant, VariantChange
from threadly.modules.store.verbs.catalog_rows import (
    PRODUCTS_TAG,
    product_tags,
    refusing_what_exists,
    variant_of,
)
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import Work


async def add_variant(work: Work, *, product_id: UUID, variant: NewVariant) -> Variant:
    """A new variant, the last of its product.

    Raises SignInRequired or Denied without `store.manage`, ProductMissing, InvalidInput naming each field,
    SkuTaken, OptionsTaken, TooManyVariants.
    """
    work.actor.require(STORE_MANAGE)
    product = await _locked_product(work, product_id)
    others = await work.all(VARIANTS_OF, product_id)
    if len(others) >= MOST_VARIANTS:
        raise TooManyVariants
    checked = await _checked(work, variant, product)
    position = max((other.position for other in others), default=-1) + 1
    async with refusing_what_exists():
        (variant_id,) = await insert_variants(
            work, product_id=product_id, variants=[checked], first_position=position
        )
    await work.run(TOUCH_PRODUCT, product_id, work.now)
    _tell(work, product)
    return await get_variant(work, variant_id=variant_id)


async def edit_variant(work: Work, *, variant_id: UUID, change: VariantChange) -> Variant:
    """The variant with what `change` gives.

    Raises SignInRequired or Denied without `store.manage`, VariantMissing, InvalidInput naming each field,
    SkuTaken, OptionsTaken, StockReserved when it would be counted and more are reserved than there are.
    """
    work.actor.require(STORE_MANAGE)
    product = await _locked_product(work, (await _found(work, variant_id)).product_id)
    old = await _found(work, variant_id)
    given = {name: value for name, value in asdict(change).items() if value is not UNSET}
    position = given.pop("position", old.position)
    checked = await _checked(work, msgspec.structs.replace(_as_new(old), **given), product)
    async with refusing_what_exists():
        await work.run(UPDATE_VARIANT, variant_id, *_columns(checked), position, work.now)
    await work.run(TOUCH_PRODUCT, product.id, work.now)
    _tell(work, product)
    return await get_variant(work, variant_id=variant_id)


async def remove_variant(work: Work, *, variant_id: UUID) -> None:
    """The variant is gone; carts say so to their owners, and orders keep what they say of it.

    Raises SignInRequired or Denied without `store.manage`, VariantMissing, LastVariant of an active product,
    VariantReserved while somebody pays for it.
    """
    work.actor.require(STORE_MANAGE)
    product = await _locked_product(work, (await _found(work, variant_id)).product_id)
    if product.status == "active" and len(await work.all(VARIANTS_OF, product.id)) == 1:
        raise LastVariant
    async with refusing_what_exists():
        if not await work.run(DELETE_VARIANT, variant_id):
            raise VariantMissing
    await work.run(TOUCH_PRODUCT, product.id, work.now)
    _tell(work, product)


async def get_variant(work: Work, *, variant_id: UUID) -> Variant:
    """The variant. Raises VariantMissing, also for one of a draft unless the actor may `store.manage`."""
    return variant_of(await _found(work, variant_id), manages=work.actor.may(STORE_MANAGE))


async def insert_variants(
    work: Work, *, product_id: UUID, variants: Sequence[NewVariant], first_position: int = 0
) -> list[UUID]:
    """Checked variants of a product, in their order; returns their ids."""
    if not variants:
        return []
    rows = [
        {
            "id": new_id(),
            "movement_id": new_id(),
            "position": position,
            "sku": variant.sku,
            "option_values": variant.option_values,
            "price_minor": variant.price.amount_minor,
            "compare_at_minor": variant.compare_at and variant.compare_at.amount_minor,
            "currency": variant.price.currency,
            "tracked": variant.tracked,
            "on_hand": variant.on_hand,
            "ships": variant.ships,
            "taxable": variant.taxable,
            "grams": variant.grams,
            "barcode": variant.barcode,
        }
        for position, variant in enumerate(variants, first_position)
    ]
    await work.run(INSERT_VARIANTS, product_id, work.now, rows, work.actor.user_id)
    return [UUID(str(row["id"])) for row in rows]


async def _locked_product(work: Work, product_id: UUID) -> ProductRow:
    await work.one(LOCK_PRODUCT, product_id)
    product = await work.one(FIND_PRODUCT, product_id, True)
    if product is None:
        raise ProductMissing
    return product


async def _found(work: Work, variant_id: UUID) -> VariantRow:
    row = await work.one(FIND_VARIANT, variant_id, work.actor.may(STORE_MANAGE))
    if row is None:
        raise VariantMissing
    return row


async def _checked(work: Work, variant: NewVariant, product: ProductRow) -> NewVariant:
    """Raises InvalidInput naming each field that is wrong."""
    currency = await work.one(CURRENCY)
    problems = Problems()
    checked = check_variant(variant, options=product.options, currency=currency or "", problems=problems)
    problems.refuse()
    return checked


def _as_new(row: VariantRow) -> NewVariant:
    compare_at = row.compare_at_minor
    return NewVariant(
        price=Money(row.price_minor, row.currency),
        sku=row.sku,
        option_values=row.option_values,
        compare_at=None if compare_at is None else Money(compare_at, row.currency),
        tracked=row.tracked,
        on_hand=row.on_hand,
        ships=row.ships,
        taxable=row.taxable,
        grams=row.grams,
        barcode=row.barcode,
    )


def _columns(variant: NewVariant) -> tuple[object, ...]:
    """What UPDATE_VARIANT sets, in its order."""
    return (
        variant.sku,
        variant.option_values,
        variant.price.amount_minor,
        variant.compare_at and variant.compare_at.amount_minor,
        variant.price.currency,
        variant.tracked,
        variant.ships,
        variant.taxable,
        variant.grams,
        variant.barcode,
    )


def _tell(work: Work, product: ProductRow) -> None:
    work.emit(ProductChanged(product_id=product.id, status=product.status))
    work.forget(PRODUCTS_TAG, *product_tags(product.id, product.handle))
