"""What happened in the store."""

from threadly.modules.store.types.catalog import ProductStatus
from threadly.platform.events import Event
from threadly.platform.ids import UUID

__all__ = [
    "EVENTS",
    "OrderCancelled",
    "OrderPaid",
    "OrderRefunded",
    "OrderSent",
    "ProductArchived",
    "ProductChanged",
    "ProductCreated",
    "StockChanged",
]


class ProductCreated(Event, frozen=True, tag="store.product_created"):
    product_id: UUID
    status: ProductStatus


class ProductChanged(Event, frozen=True, tag="store.product_changed"):
    """The product or one of its variants says or costs something else, or is for sale or not."""

    product_id: UUID
    status: ProductStatus


class ProductArchived(Event, frozen=True, tag="store.product_archived"):
    product_id: UUID


class StockChanged(Event, frozen=True, tag="store.stock_changed"):
    """A variant was counted, or has just sold out or become available again."""

    product_id: UUID
    variant_id: UUID
    available: bool


class OrderPaid(Event, frozen=True, tag="store.order_paid"):
    """`amount_minor` is what the order came to; without a currency the event is of an older version."""

    order_id: UUID
    buyer_id: UUID
    amount_minor: int = 0
    currency: str = ""


class OrderCancelled(Event, frozen=True, tag="store.order_cancelled"):
    """It came to nothing, or was called off before it was sent."""

    order_id: UUID
    buyer_id: UUID


class OrderSent(Event, frozen=True, tag="store.order_sent"):
    order_id: UUID
    buyer_id: UUID


class OrderRefunded(Event, frozen=True, tag="store.order_refunded"):
    """`amount_minor` of what was paid is given back, in the order's currency."""

    order_id: UUID
    buyer_id: UUID
    amount_minor: int
    currency: str = ""


EVENTS = (
    ProductCreated,
    ProductChanged,
    ProductArchived,
    StockChanged,
    OrderPaid,
    OrderCancelled,
    OrderSent,
    OrderRefunded,
)
