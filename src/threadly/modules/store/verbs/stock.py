"""Stock: counted, reserved for an order, given back, sold, put back; and what is running low."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from threadly.modules.store.errors.catalog import Short, SoldOut, StockReserved
from threadly.modules.store.events import StockChanged
from threadly.modules.store.repository.catalog_rows import MovedRow, ReservedRow
from threadly.modules.store.repository.stock import (
    CONSUME,
    LOW_STOCK,
    MOVEMENTS,
    RELEASE,
    RESERVE,
    RESTOCK,
    SET_STOCK,
)
from threadly.modules.store.rules.catalog import check_units
from threadly.modules.store.types.catalog import StockMovement, Variant, VariantStock
from threadly.modules.store.verbs.catalog_rows import PRODUCTS_TAG, product_tags
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.modules.store.verbs.variants import get_variant
from threadly.platform.ids import FIRST_ID, UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

LOW = 5
# Below every number of units that can be left.
NO_UNITS = -(1 << 31)


async def set_stock(work: Work, *, variant_id: UUID, on_hand: int) -> Variant:
    """The variant was counted: so many units are on hand, those included that are reserved.

    Raises SignInRequired or Denied without `store.manage`, VariantMissing, InvalidInput, StockReserved for
    fewer than orders under way hold.
    """
    work.actor.require(STORE_MANAGE)
    check_units(on_hand)
    await get_variant(work, variant_id=variant_id)
    moved = await work.one(SET_STOCK, variant_id, on_hand, new_id(), work.actor.user_id, work.now)
    if moved is None:
        raise StockReserved
    _tell(work, [moved], counted=True)
    return await get_variant(work, variant_id=variant_id)


async def reserve(work: Work, *, order_id: UUID, lines: Mapping[UUID, int], expires_at: datetime) -> None:
    """So many units of each variant belong to the order until `expires_at`: all of them, or none.

    What is not counted is always there. Raises SoldOut, which says of what there is too little.
    """
    rows = await work.all(RESERVE, order_id, list(lines), list(lines.values()), expires_at)
    short = [Short(row.variant_id, _name_of(row), row.wanted, row.left) for row in rows if row.short]
    if short:
        raise SoldOut(short)
    moved = [
        MovedRow(row.variant_id, row.product_id, row.handle, row.was_available, row.is_available)
        for row in rows
        if row.product_id
    ]
    _tell(work, moved)


async def release(work: Work, *, order_id: UUID) -> bool:
    """The order's reservation is given back; says whether there was one. Twice is the same."""
    rows = await work.all(RELEASE, order_id)
    _tell(work, rows)
    return bool(rows)


async def consume(work: Work, *, order_id: UUID) -> bool:
    """What is reserved for the order is sold; says whether there was anything. Twice is the same."""
    rows = await work.all(CONSUME, order_id, work.actor.user_id, work.now)
    _tell(work, rows)
    return bool(rows)


async def restock(work: Work, *, order_id: UUID, lines: Mapping[UUID, int], actor: UUID | None) -> None:
    """So many units of the order's variants are back on hand, where they are counted and still exist, and no
    more than the order took off.

    Every call puts them back: whoever calls knows what was put back before.
    """
    back = {variant_id: quantity for variant_id, quantity in lines.items() if quantity > 0}
    rows = await work.all(RESTOCK, order_id, list(back), list(back.values()), actor, work.now)
    _tell(work, rows)


async def list_stock_movements(
    work: Work, *, variant_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[StockMovement]:
    """Why the variant's stock is what it is, newest first. Raises SignInRequired, Denied, VariantMissing."""
    work.actor.require(STORE_MANAGE)
    await get_variant(work, variant_id=variant_id)
    rows = await work.all(MOVEMENTS, variant_id, id_before(after), limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (str(row.id),))


async def list_low_stock(
    work: Work, *, at_most: int = LOW, after: Keyset | None = None, limit: int = 20
) -> Page[VariantStock]:
    """The counted variants of which at most so many are left, the fewest first.

    Raises SignInRequired or Denied without `store.manage`.
    """
    work.actor.require(STORE_MANAGE)
    left, variant_id = (int(after[0]), UUID(after[1])) if after else (NO_UNITS, FIRST_ID)
    rows = await work.all(LOW_STOCK, at_most, left, variant_id, limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (str(row.left), str(row.variant_id)))


def _tell(work: Work, moved: Sequence[MovedRow], *, counted: bool = False) -> None:
    """Pages of the products say how many are left; lists only whether there are any."""
    for row in moved:
        work.forget(*product_tags(row.product_id, row.handle))
        if row.was_available != row.is_available:
            work.forget(PRODUCTS_TAG)
        if counted or row.was_available != row.is_available:
            work.emit(
                StockChanged(product_id=row.product_id, variant_id=row.variant_id, available=row.is_available)
            )


def _name_of(row: ReservedRow) -> str:
    """As the buyer knows it."""
    return " / ".join([row.title or "This product", *row.option_values])
