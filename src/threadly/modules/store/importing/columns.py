"""The columns of a product file by the names that shops' exports give them, the older and the newer ones."""

from collections.abc import Sequence

from threadly.modules.store.errors.imports import ImportUnreadable
from threadly.modules.store.importing.reading import Record

__all__ = ["COLUMNS", "Layout"]

# By our name: the header's names, in lower case. The first is the one that people are told.
COLUMNS: dict[str, tuple[str, ...]] = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "description": ("body (html)", "body html", "description"),
    "vendor": ("vendor",),
    "type": ("type", "product type", "custom product type"),
    "taxonomy": ("product category", "standardized product type", "standard product type"),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "option1_name": ("option1 name",),
    "option1_value": ("option1 value",),
    "option2_name": ("option2 name",),
    "option2_value": ("option2 value",),
    "option3_name": ("option3 name",),
    "option3_value": ("option3 value",),
    "sku": ("variant sku", "sku"),
    "grams": ("variant grams", "weight value (grams)", "grams"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "quantity": ("variant inventory qty", "inventory quantity"),
    "policy": ("variant inventory policy", "continue selling when out of stock", "inventory policy"),
    "price": ("variant price", "price"),
    "compare_at": ("variant compare at price", "compare-at price", "compare at price"),
    "ships": ("variant requires shipping", "requires shipping"),
    "taxable": ("variant taxable", "charge tax", "taxable"),
    "barcode": ("variant barcode", "barcode", "barcodes", "variant barcodes"),
    "image": ("image src", "product image url", "image url"),
    "image_alt": ("image alt text",),
    "gift_card": ("gift card",),
}
REQUIRED = {"title": "Title", "price": "Variant Price (or Price)"}
_BY_NAME = {name: column for column, names in COLUMNS.items() for name in names}


class Layout:
    """Which cell of a row is what."""

    def __init__(self, header: Sequence[str]) -> None:
        """Raises ImportUnreadable, naming every column that is missing."""
        self._width = len(header)
        self._places: dict[str, int] = {}
        for place, name in enumerate(header):
            column = _BY_NAME.get(" ".join(name.lower().split()))
            if column is not None:
                self._places.setdefault(column, place)
        missing = [shown for column, shown in REQUIRED.items() if column not in self._places]
        if missing:
            raise ImportUnreadable(
                f"The first line names no column {' and no column '.join(missing)}. "
                "It must be the header of a product export, such as Handle, Title, Variant Price."
            )

    def __contains__(self, column: str) -> bool:
        return column in self._places

    def cells_of(self, record: Record) -> dict[str, str] | None:
        """The cells by our names, without spaces around them; columns that the file has not are missing.
        None for a row with more filled cells than the header has."""
        cells = record.cells
        if len(cells) > self._width and any(cells[self._width :]):
            return None
        if len(cells) < self._width:
            cells = cells + [""] * (self._width - len(cells))
        return {column: cells[place].strip() for column, place in self._places.items()}
