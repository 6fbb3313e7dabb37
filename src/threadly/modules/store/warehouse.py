"""Telling the warehouse of an order: a webhook that it can check is ours, and may get more than once.

POST of JSON to THREADLY_WAREHOUSE_URL, signed with THREADLY_WAREHOUSE_SECRET (`platform/signing.py`). The
`id` is the same each time something is told (docs/warehouse.md).
"""

from datetime import datetime

import msgspec

from threadly.modules.store.types.orders import Address, Order
from threadly.platform.actor import Tenant
from threadly.platform.signing import post_signed
from threadly.platform.telemetry.tracing import span
from threadly.settings import Settings

__all__ = ["post_cancellation", "post_order"]


class WarehouseTenant(msgspec.Struct, frozen=True):
    """Whose order it is: all communities of an installation tell one warehouse."""

    id: int
    slug: str
    name: str


class WarehouseLine(msgspec.Struct, frozen=True):
    sku: str
    title: str
    options: str
    quantity: int


class WarehouseOrder(msgspec.Struct, frozen=True):
    """What has to be sent, and where to."""

    id: str
    kind: str
    tenant: WarehouseTenant
    order_id: str
    number: int
    address: Address | None
    phone: str
    note: str
    lines: tuple[WarehouseLine, ...]
    paid_at: datetime | None


class WarehouseCancellation(msgspec.Struct, frozen=True):
    """The order that was told before is not to be sent."""

    id: str
    kind: str
    tenant: WarehouseTenant
    order_id: str
    number: int


async def post_order(settings: Settings, tenant: Tenant, order: Order, *, at: datetime) -> None:
    """One call. Raises httpx.HTTPError when it was not taken with a 2xx, and is then to be repeated."""
    await _post(settings, _order(tenant, order), at=at)


async def post_cancellation(settings: Settings, tenant: Tenant, order: Order, *, at: datetime) -> None:
    """As `post_order`: the order is called off."""
    message = WarehouseCancellation(
        id=f"order.cancelled:{order.id}",
        kind="order.cancelled",
        tenant=_tenant(tenant),
        order_id=str(order.id),
        number=order.number,
    )
    await _post(settings, message, at=at)


def _order(tenant: Tenant, order: Order) -> WarehouseOrder:
    return WarehouseOrder(
        id=f"order.paid:{order.id}",
        kind="order.paid",
        tenant=_tenant(tenant),
        order_id=str(order.id),
        number=order.number,
        address=order.address,
        phone=order.phone,
        note=order.note,
        lines=tuple(WarehouseLine(line.sku, line.title, line.options, line.quantity) for line in order.lines),
        paid_at=order.paid_at,
    )


def _tenant(tenant: Tenant) -> WarehouseTenant:
    return WarehouseTenant(tenant.id, tenant.slug, tenant.name)


async def _post(settings: Settings, message: object, *, at: datetime) -> None:
    if settings.warehouse_url is None:
        return
    with span("warehouse.post", kind="call"):
        await post_signed(settings.warehouse_url, message, secret=settings.warehouse_secret, at=at)
