"""What templates show of the stock."""

import msgspec

from threadly.modules.store.types.catalog import VariantStock

__all__ = ["StockRow", "name_of_values", "stock_row"]


class StockRow(msgspec.Struct, frozen=True):
    """A variant that is counted; `kind` is what the stylesheet colours by."""

    id: str
    product_id: str
    title: str
    options: str
    sku: str
    on_hand: int
    reserved: int
    left: int
    kind: str


def stock_row(row: VariantStock) -> StockRow:
    return StockRow(
        id=str(row.variant_id),
        product_id=str(row.product_id),
        title=row.title,
        options=name_of_values(row.option_values),
        sku=row.sku or "",
        on_hand=row.on_hand,
        reserved=row.reserved,
        left=row.left,
        kind="out" if row.left <= 0 else "few",
    )


def name_of_values(values: list[str]) -> str:
    """What shops export for a product without options says nothing to anybody."""
    return " / ".join(value for value in values if value != "Default Title")
