"""What store gives to who asks for a copy of what is known of them."""

from collections.abc import AsyncIterator

from threadly.modules.store.repository.exporting import EXPORT_CART, EXPORT_ORDER_LINES, EXPORT_ORDERS
from threadly.platform.exporting import BATCH_ROWS, Record, each_row
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["export_member"]


async def export_member(work: Work, *, member_id: UUID) -> AsyncIterator[Record]:
    """A buyer's orders with what was in them, and the cart."""
    order_ids: list[UUID] = []
    async for order in each_row(work, EXPORT_ORDERS, member_id):
        order_ids.append(order.id)
        yield Record("store/orders", order)
    for start in range(0, len(order_ids), BATCH_ROWS):
        for line in await work.all(EXPORT_ORDER_LINES, order_ids[start : start + BATCH_ROWS]):
            yield Record("store/order_lines", line)
    async for in_cart in each_row(work, EXPORT_CART, member_id):
        yield Record("store/cart", in_cart)
