"""Products, their variants and categories, as they leave the store."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from threadly.modules.media import Media
from threadly.platform.ids import UUID
from threadly.platform.money import Money

__all__ = [
    "MOST_UNITS",
    "AttributeKind",
    "AttributeSpec",
    "AttributeValue",
    "Category",
    "CategoryChange",
    "CategoryLabel",
    "NewCategory",
    "NewProduct",
    "NewVariant",
    "Product",
    "ProductChange",
    "ProductFilter",
    "ProductSort",
    "ProductStatus",
    "ProductSummary",
    "StockMovement",
    "StockReason",
    "Units",
    "Variant",
    "VariantChange",
    "VariantStock",
]

ProductStatus = Literal["draft", "active", "archived"]
# `relevance` is for a search: the best match first.
ProductSort = Literal["-created_at", "price", "-price", "title", "relevance"]
StockReason = Literal["count", "import", "sale", "restock"]
AttributeKind = Literal["text", "number", "boolean", "choice"]
AttributeValue = str | int | float | bool

MOST_GRAMS = 1_000_000_000
MOST_UNITS = 1_000_000_000
Grams = Annotated[int, Meta(ge=0, le=MOST_GRAMS)]
Units = Annotated[int, Meta(ge=0, le=MOST_UNITS)]


class AttributeSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one attribute of a category's products may be; `choices` are those of a `choice`."""

    type: AttributeKind
    required: bool = False
    choices: list[str] = []
    unit: str = ""


class Category(msgspec.Struct, frozen=True):
    """`attributes` by name; a category without any leaves its products free in theirs."""

    id: UUID
    slug: str
    name: str
    position: int
    attributes: dict[str, AttributeSpec]
    created_at: datetime
    updated_at: datetime


class CategoryLabel(msgspec.Struct, frozen=True, gc=False):
    """A category as its products name it."""

    id: UUID
    slug: str
    name: str


class Variant(msgspec.Struct, frozen=True, gc=False):
    """One thing that can be bought. `left` is how many can be had now, None where nobody counts them.

    `on_hand` and `reserved` are None for those who do not manage the store.
    """

    id: UUID
    product_id: UUID
    sku: str | None
    option_values: list[str]
    position: int
    price: Money
    compare_at: Money | None
    tracked: bool
    available: bool
    left: int | None
    on_hand: int | None
    reserved: int | None
    ships: bool
    taxable: bool
    grams: int
    barcode: str
    created_at: datetime
    updated_at: datetime


class ProductSummary(msgspec.Struct, frozen=True, gc=False):
    """A product in a list; its variants cost from `price` to `highest_price`."""

    id: UUID
    handle: str
    title: str
    vendor: str
    category: CategoryLabel | None
    tags: list[str]
    status: ProductStatus
    image_url: str | None
    image_alt: str
    price: Money
    highest_price: Money
    available: bool
    created_at: datetime
    updated_at: datetime


class Product(msgspec.Struct, frozen=True):
    """A product with all its variants. `description` is HTML that was cleaned, safe to show as it is. Of
    several pictures in `media` the first is the one of `image_url`."""

    id: UUID
    handle: str
    title: str
    description: str
    vendor: str
    category: CategoryLabel | None
    tags: list[str]
    attributes: dict[str, AttributeValue]
    options: list[str]
    status: ProductStatus
    image_url: str | None
    image_alt: str
    media: list[Media]
    seller_id: UUID | None
    price: Money
    highest_price: Money
    available: bool
    variants: list[Variant]
    created_at: datetime
    updated_at: datetime


class ProductFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which products a list has; prices in minor units of the shop's currency, `category` by slug."""

    status: ProductStatus = "active"
    category: str | None = None
    tag: str | None = None
    vendor: str | None = None
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    available: bool | None = None
    q: str | None = None


class NewVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`option_values` are one per option of the product, in their order."""

    price: Money
    sku: str | None = None
    option_values: list[str] = []
    compare_at: Money | None = None
    tracked: bool = True
    on_hand: Units = 0
    ships: bool = True
    taxable: bool = True
    grams: Grams = 0
    barcode: str = ""


class VariantChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is given changes; null removes. The stock is counted with its own verb."""

    price: Money | UnsetType = UNSET
    sku: str | UnsetType | None = UNSET
    option_values: list[str] | UnsetType = UNSET
    compare_at: Money | UnsetType | None = UNSET
    tracked: bool | UnsetType = UNSET
    ships: bool | UnsetType = UNSET
    taxable: bool | UnsetType = UNSET
    grams: Grams | UnsetType = UNSET
    barcode: str | UnsetType = UNSET
    position: Annotated[int, Meta(ge=0, le=9_999)] | UnsetType = UNSET


class NewProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a `handle` the title makes one. `category` is an id or a slug."""

    title: str
    handle: str | None = None
    description: str = ""
    vendor: str = ""
    category: str | None = None
    tags: list[str] = []
    attributes: dict[str, AttributeValue] = {}
    options: list[str] = []
    status: ProductStatus = "draft"
    image_url: str | None = None
    image_alt: str = ""
    variants: list[NewVariant] = []


class ProductChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is given changes; null removes."""

    title: str | UnsetType = UNSET
    handle: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    vendor: str | UnsetType = UNSET
    category: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    attributes: dict[str, AttributeValue] | UnsetType = UNSET
    options: list[str] | UnsetType = UNSET
    status: ProductStatus | UnsetType = UNSET
    image_url: str | UnsetType | None = UNSET
    image_alt: str | UnsetType = UNSET


class NewCategory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    slug: str | None = None
    position: Annotated[int, Meta(ge=0, le=9_999)] = 0
    attributes: dict[str, AttributeSpec] = {}


class CategoryChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    position: Annotated[int, Meta(ge=0, le=9_999)] | UnsetType = UNSET
    attributes: dict[str, AttributeSpec] | UnsetType = UNSET


class StockMovement(msgspec.Struct, frozen=True):
    """Why a variant's stock is what it is: the sum of all movements."""

    id: UUID
    variant_id: UUID
    quantity: int
    reason: StockReason
    order_id: UUID | None
    actor_id: UUID | None
    at: datetime


class VariantStock(msgspec.Struct, frozen=True):
    """A variant in the owner's list of stock; `left` is what is neither sold nor reserved."""

    variant_id: UUID
    product_id: UUID
    handle: str
    title: str
    option_values: list[str]
    sku: str | None
    on_hand: int
    reserved: int
    left: int
