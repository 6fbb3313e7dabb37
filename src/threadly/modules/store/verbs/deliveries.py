"""Where a buyer's last order went, so that nobody types an address twice."""

import msgspec

from threadly.modules.store.repository.deliveries import LAST_DELIVERY
from threadly.modules.store.types.orders import Address
from threadly.platform.work import Work

__all__ = ["Delivery", "find_last_delivery"]


class Delivery(msgspec.Struct, frozen=True):
    address: Address
    email: str
    phone: str


async def find_last_delivery(work: Work) -> Delivery | None:
    """Of the actor's newest order; None for a first one. Raises SignInRequired."""
    row = await work.one(LAST_DELIVERY, work.actor.me)
    if row is None or not row.address:
        return None
    return Delivery(msgspec.convert(row.address, Address), row.email, row.phone)
