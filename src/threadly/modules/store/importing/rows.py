"""What one row says: of its product, of one variant, of a picture. Pure."""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from threadly.modules.store.importing.cells import (
    BadCell,
    description_of,
    handle_of,
    line_of,
    picture_of,
    quantity_of,
    tags_of,
    text_of,
    truth_of,
    weight_of,
)
from threadly.modules.store.rules.catalog import (
    LONGEST_ALT,
    LONGEST_BARCODE,
    LONGEST_CATEGORY,
    LONGEST_OPTION,
    LONGEST_SKU,
    LONGEST_TITLE,
    LONGEST_VENDOR,
)
from threadly.modules.store.types.catalog import ProductStatus
from threadly.platform.money import PriceUnreadable, parse_price

__all__ = ["DEFAULT_TITLE", "ProductCells", "Row", "VariantCells", "understand_row"]

Cells = Mapping[str, str]

OPTIONS = (1, 2, 3)
# What exports write for a product that has no options.
DEFAULT_TITLE = "Default Title"
STATUSES: Mapping[str, ProductStatus] = {
    "": "active", "active": "active", "draft": "draft", "unlisted": "draft", "archived": "archived",
}  # fmt: skip
# Signs that belong to one currency. A dollar sign is of many.
SIGNS = {"€": "EUR", "£": "GBP", "USD": "USD", "EUR": "EUR", "GBP": "GBP", "CHF": "CHF", "JPY": "JPY"}


class ProductCells(msgspec.Struct, frozen=True, gc=False):
    """What the row says of its product. None where the file has no such column, and what is known stays."""

    title: str
    description: str | None
    vendor: str | None
    category: str | None
    tags: list[str] | None
    status: ProductStatus | None
    options: list[str] | None


class VariantCells(msgspec.Struct, frozen=True, gc=False):
    """What the row says of a variant; None as in ProductCells, `values` of up to three options."""

    line: int
    sku: str | None
    values: list[str]
    price_minor: int
    compare_at_minor: int | None
    tracked: bool | None
    on_hand: int | None
    ships: bool | None
    taxable: bool | None
    grams: int | None
    barcode: str | None


class Row(msgspec.Struct, frozen=True, gc=False):
    """`handle` is empty on a row that goes on with the product above it.

    `product_problem` and `variant_problem` say why that part cannot go in, `notes` what goes in otherwise
    than it is written.
    """

    line: int
    handle: str
    product: ProductCells | None
    variant: VariantCells | None
    image_url: str | None
    image_alt: str
    product_problem: str | None
    variant_problem: str | None
    notes: list[str]


def understand_row(line: int, cells: Cells, *, currency: str) -> Row:
    """Never raises: what cannot be understood is said in the row."""
    notes: list[str] = []
    handle, product, product_problem = "", None, None
    try:
        handle = handle_of(cells.get("handle", ""), title=cells["title"])
        if cells["title"]:
            product = _product(cells, notes)
    except BadCell as problem:
        product_problem = str(problem)
    variant, variant_problem = None, None
    try:
        if _has_variant(cells):
            variant = _variant(line, cells, currency, notes)
    except BadCell as problem:
        variant_problem = str(problem)
    return Row(
        line,
        handle,
        product,
        variant,
        picture_of(cells.get("image", ""), notes),
        line_of(cells.get("image_alt", ""))[:LONGEST_ALT],
        product_problem,
        variant_problem,
        notes,
    )


def _product(cells: Cells, notes: list[str]) -> ProductCells:
    if truth_of(cells.get("gift_card", ""), "Gift Card") is True:
        raise BadCell("This is a gift card. Gift cards are not imported; issue them under gift cards.")
    return ProductCells(
        title=text_of(cells["title"], "Title", LONGEST_TITLE),
        description=description_of(cells["description"]) if "description" in cells else None,
        vendor=text_of(cells["vendor"], "Vendor", LONGEST_VENDOR) if "vendor" in cells else None,
        category=_category(cells),
        tags=tags_of(cells["tags"], notes) if "tags" in cells else None,
        status=_status(cells, notes),
        options=_options(cells),
    )


def _category(cells: Cells) -> str | None:
    """The Type, else the last part of the taxonomy's path. None when the file has neither column."""
    if "type" not in cells and "taxonomy" not in cells:
        return None
    name = cells.get("type", "") or cells.get("taxonomy", "").rpartition(">")[2].strip()
    return text_of(name, "Type", LONGEST_CATEGORY)


def _status(cells: Cells, notes: list[str]) -> ProductStatus | None:
    """Unless published a product is a draft, whatever its status says, except that it is archived."""
    if "status" not in cells and "published" not in cells:
        return None
    said = cells.get("status", "").lower()
    if said not in STATUSES:
        notes.append(f"“{_short(said)}” is no Status (active, draft or archived); it is a draft now.")
    status = STATUSES.get(said, "draft")
    hidden = truth_of(cells.get("published", ""), "Published") is False
    return "draft" if hidden and status == "active" else status


def _options(cells: Cells) -> list[str] | None:
    """The names, without the one of a product that has no options. None without such columns."""
    if "option1_name" not in cells:
        return None
    names = [text_of(cells.get(f"option{n}_name", ""), f"Option{n} Name", LONGEST_OPTION) for n in OPTIONS]
    while names and not names[-1]:
        names.pop()
    if names == ["Title"] and cells.get("option1_value", "") in ("", DEFAULT_TITLE):
        return []
    if not all(names):
        raise BadCell("An option before the last one has no name.")
    if len({name.lower() for name in names}) < len(names):
        raise BadCell("Two options have the same name.")
    return names


def _has_variant(cells: Cells) -> bool:
    """Rows without these only bring another picture. A product's own row should have a variant, too."""
    return any(cells.get(each) for each in ("price", "sku", "option1_value", "title"))


def _variant(line: int, cells: Cells, currency: str, notes: list[str]) -> VariantCells:
    if not cells["price"]:
        raise BadCell("There is no price (Variant Price).")
    sku = text_of(cells.get("sku", ""), "SKU", LONGEST_SKU)
    # Spreadsheets take a SKU of digits for a number unless an apostrophe stands before it.
    sku = sku.removeprefix("'")
    return VariantCells(
        line=line,
        sku=sku or None,
        values=_values(cells),
        price_minor=_price(cells["price"], currency),
        compare_at_minor=_compare_at(cells, currency, notes),
        tracked=_tracked(cells),
        on_hand=quantity_of(cells.get("quantity", ""), notes),
        ships=truth_of(cells.get("ships", ""), "Requires Shipping"),
        taxable=truth_of(cells.get("taxable", ""), "Taxable"),
        grams=weight_of(cells.get("grams", ""), notes),
        barcode=_barcode(cells),
    )


def _values(cells: Cells) -> list[str]:
    values = [text_of(cells.get(f"option{n}_value", ""), f"Option{n} Value", LONGEST_OPTION) for n in OPTIONS]
    while values and not values[-1]:
        values.pop()
    return values


def _price(text: str, currency: str) -> int:
    minor = _minor(text, currency)
    if minor is None:
        raise BadCell(f"“{_short(text)}” is no price in {currency}. Write it like 50.99 or 50,99.")
    return minor


def _compare_at(cells: Cells, currency: str, notes: list[str]) -> int | None:
    """Exports write 0 where there is no such price."""
    text = cells.get("compare_at", "")
    if not text:
        return None
    minor = _minor(text, currency)
    if minor is None:
        notes.append(f"“{_short(text)}” is no price to compare at; it is left out.")
    return minor or None


@lru_cache(maxsize=4096)
def _minor(text: str, currency: str) -> int | None:
    if any(sign in text and code != currency for sign, code in SIGNS.items()):
        return None
    if not re.search(r"\d", text):
        return None
    try:
        return parse_price(text, currency).amount_minor
    except PriceUnreadable:
        return None


def _tracked(cells: Cells) -> bool | None:
    """Whether the stock is counted and ends the sale. Without both columns it is, if there is a quantity."""
    policy = cells.get("policy", "").lower()
    if policy in ("continue", "true", "yes", "1"):
        return False
    if "tracker" in cells:
        return bool(cells["tracker"])
    return True if cells.get("quantity") else None


def _barcode(cells: Cells) -> str | None:
    return (
        text_of(cells["barcode"].removeprefix("'"), "Barcode", LONGEST_BARCODE)
        if "barcode" in cells
        else None
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
