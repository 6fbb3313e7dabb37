"""Where a buyer's orders went."""

from typing import Any

import msgspec

from threadly.platform.db import sql

__all__ = ["LAST_DELIVERY", "DeliveryRow"]


class DeliveryRow(msgspec.Struct, frozen=True):
    address: Any
    email: str
    phone: str


LAST_DELIVERY = sql(
    "store.last_delivery",
    """
    SELECT address, email, phone FROM store.orders WHERE buyer_id = $1 AND placed_at IS NOT NULL
    ORDER BY id DESC LIMIT 1
    """,
    into=DeliveryRow,
)
