"""Rows of the catalog and the stock: what a statement fills by position."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.modules.store.types.catalog import AttributeSpec, AttributeValue, ProductStatus
from threadly.platform.ids import UUID

# Above every price that there can be.
LAST_PRICE = (1 << 63) - 1


class SummaryRow(msgspec.Struct, frozen=True, gc=False):
    """`rank` is 0 unless the list is in the order of a search."""

    id: UUID
    handle: str
    title: str
    vendor: str
    category_id: UUID | None
    category_slug: str | None
    category_name: str | None
    tags: list[str]
    status: ProductStatus
    image_url: str | None
    image_alt: str
    currency: str
    price_minor: int
    highest_price_minor: int
    available: bool
    created_at: datetime
    updated_at: datetime
    rank: float


class ProductRow(msgspec.Struct, frozen=True):
    """`media` is a list of what StoredMedia is as JSON."""

    id: UUID
    handle: str
    title: str
    description: str
    vendor: str
    category_id: UUID | None
    category_slug: str | None
    category_name: str | None
    tags: list[str]
    attributes: dict[str, AttributeValue]
    options: list[str]
    status: ProductStatus
    image_url: str | None
    image_alt: str
    media: Any
    seller_id: UUID | None
    currency: str
    price_minor: int
    highest_price_minor: int
    available: bool
    created_at: datetime
    updated_at: datetime


class VariantRow(msgspec.Struct, frozen=True, gc=False):
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
    created_at: datetime
    updated_at: datetime


class CategoryRow(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    name: str
    position: int
    attributes: dict[str, dict[str, object]]
    created_at: datetime
    updated_at: datetime

    @property
    def specs(self) -> dict[str, AttributeSpec]:
        return msgspec.convert(self.attributes, dict[str, AttributeSpec])


class ReservedRow(msgspec.Struct, frozen=True):
    """What became of one line that was to be reserved; `product_id` is None where the variant is gone."""

    variant_id: UUID
    product_id: UUID | None
    handle: str
    title: str
    option_values: list[str]
    wanted: int
    left: int
    short: bool
    was_available: bool
    is_available: bool


class MovedRow(msgspec.Struct, frozen=True):
    """A variant whose stock changed, and whether it could be bought before and can be now."""

    variant_id: UUID
    product_id: UUID
    handle: str
    was_available: bool
    is_available: bool
