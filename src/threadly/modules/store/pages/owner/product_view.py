"""What templates show of products to who manages them."""

from datetime import datetime
from typing import Final

import msgspec

from threadly.modules.store.pages.owner.stock_view import name_of_values
from threadly.modules.store.pages.view import Picture, picture_of
from threadly.modules.store.types.catalog import (
    Product,
    ProductStatus,
    ProductSummary,
    StockMovement,
    StockReason,
    Variant,
)
from threadly.modules.store.verbs.managing import Person
from threadly.platform.ids import UUID
from threadly.web import Moment, moment

__all__ = [
    "MovementView",
    "OwnerCard",
    "OwnerProduct",
    "OwnerVariant",
    "StatusView",
    "movement_view",
    "owner_card",
    "owner_product",
    "owner_variant",
]


class StatusView(msgspec.Struct, frozen=True):
    """`kind` is what the stylesheet colours by: good, wait, or over."""

    name: str
    kind: str


STATUSES: Final[dict[ProductStatus, StatusView]] = {
    "active": StatusView("For sale", "good"),
    "draft": StatusView("Draft", "wait"),
    "archived": StatusView("Archived", "over"),
}
_WHY: Final[dict[StockReason, str]] = {
    "count": "Counted",
    "import": "Imported",
    "sale": "Sold",
    "restock": "Came back",
}


class OwnerCard(msgspec.Struct, frozen=True):
    id: str
    title: str
    about: str
    picture: Picture
    price: str
    status: StatusView
    sold_out: bool


class OwnerVariant(msgspec.Struct, frozen=True):
    """`stock` says how many there are, in words; `kind` colours it."""

    id: str
    name: str
    sku: str
    price: str
    stock: str
    kind: str
    on_hand: int
    reserved: int
    tracked: bool


class OwnerProduct(msgspec.Struct, frozen=True):
    id: str
    handle: str
    title: str
    status: ProductStatus
    label: StatusView
    options: list[str]
    variants: list[OwnerVariant]
    picture: Picture


class MovementView(msgspec.Struct, frozen=True):
    """`quantity` with its sign."""

    quantity: str
    plus: bool
    why: str
    who: Person | None
    order_id: str | None
    time: Moment


def owner_card(product: ProductSummary, *, host: str) -> OwnerCard:
    price = str(product.price)
    if product.price != product.highest_price:
        price = f"{price} to {product.highest_price}"
    about = [product.category.name if product.category else "", product.vendor]
    return OwnerCard(
        id=str(product.id),
        title=product.title,
        about=" · ".join(each for each in about if each),
        picture=picture_of(product.title, product.image_url, product.image_alt, host=host),
        price=price,
        status=STATUSES[product.status],
        sold_out=not product.available,
    )


def owner_product(product: Product, *, host: str) -> OwnerProduct:
    return OwnerProduct(
        id=str(product.id),
        handle=product.handle,
        title=product.title,
        status=product.status,
        label=STATUSES[product.status],
        options=product.options,
        variants=[owner_variant(each) for each in product.variants],
        picture=picture_of(product.title, product.image_url, product.image_alt, host=host),
    )


def owner_variant(variant: Variant) -> OwnerVariant:
    on_hand, reserved = variant.on_hand or 0, variant.reserved or 0
    left = on_hand - reserved
    kind = "in" if not variant.tracked or left > 5 else "few" if left > 0 else "out"
    return OwnerVariant(
        id=str(variant.id),
        name=name_of_values(variant.option_values) or "One kind only",
        sku=variant.sku or "",
        price=str(variant.price),
        stock=_stock(left, reserved) if variant.tracked else "Not counted",
        kind=kind,
        on_hand=on_hand,
        reserved=reserved,
        tracked=variant.tracked,
    )


def movement_view(step: StockMovement, people: dict[UUID, Person], *, now: datetime) -> MovementView:
    return MovementView(
        quantity=f"{step.quantity:+,}".replace("-", "−"),
        plus=step.quantity > 0,
        why=_WHY[step.reason],
        who=people.get(step.actor_id) if step.actor_id else None,
        order_id=str(step.order_id) if step.order_id else None,
        time=moment(step.at, now=now),
    )


def _stock(left: int, reserved: int) -> str:
    held = f", {reserved:,} being bought" if reserved else ""
    return f"{left:,} left{held}" if left > 0 else f"Sold out{held}"
