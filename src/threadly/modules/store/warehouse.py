"""Telling the warehouse of an order: a webhook that it can check is ours, and may get more than once.

POST of JSON to THREADLY_WAREHOUSE_URL, signed with THREADLY_WAREHOUSE_SECRET (`platform/signing.py`). The
`id` is the same each time an order is told.
"""

from datetime import datetime

import msgspec

from threadly.modules.store.types.orders import Address, Order
from threadly.platform.signing import post_signed
from threadly.platform.telemetry.tracing import span
from threadly.settings import Settings

__all__ = ["WarehouseOrder", "post_order", "warehouse_order"]


class WarehouseLine(msgspec.Struct, frozen=True):
    sku: str
    title: str
    options: str
    quantity: int


class WarehouseOrder(msgspec.Struct, frozen=True):
    """What has to be sent, and where to."""

    id: str
    kind: str
    order_id: str
    number: int
    address: Address | None
    phone: str
    note: str
    lines: tuple[WarehouseLine, ...]
    paid_at: datetime | None


def warehouse_order(order: Order) -> WarehouseOrder:
    return WarehouseOrder(
        id=f"order.paid:{order.id}",
        kind="order.paid",
        order_id=str(order.id),
        number=order.number,
        address=order.address,
        phone=order.phone,
        note=order.note,
        lines=tuple(WarehouseLine(line.sku, line.title, line.options, line.quantity) for line in order.lines),
        paid_at=order.paid_at,
    )


async def post_order(settings: Settings, order: Order, *, at: datetime) -> None:
    """One call. Raises httpx.HTTPError when it was not taken with a 2xx, and is then to be repeated."""
    if settings.warehouse_url is None:
        return
    message = warehouse_order(order)
    with span("warehouse.post", kind="call"):
        await post_signed(settings.warehouse_url, message, secret=settings.warehouse_secret, at=at)
