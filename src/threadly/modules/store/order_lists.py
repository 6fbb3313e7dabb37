"""A buyer's list of orders, from the cache: forgotten in the same moment in which a state changes."""

from threadly.modules.store.types.orders import OrderState, OrderSummary
from threadly.modules.store.verbs.orders import list_orders, orders_tag, require_orders_of
from threadly.platform.http.edge import Edge
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page

__all__ = ["show_orders"]

TTL_S = 60.0


async def show_orders(
    edge: Edge, *, buyer_id: UUID, state: OrderState | None, after: Keyset | None, limit: int
) -> Page[OrderSummary]:
    """As `list_orders`. Raises SignInRequired, Denied."""
    require_orders_of(edge.actor, buyer_id)
    return await edge.cached(
        f"store.orders:{buyer_id}:{state}:{after[0] if after else ''}:{limit}",
        lambda work: list_orders(work, buyer_id=buyer_id, state=state, after=after, limit=limit),
        into=Page[OrderSummary],
        ttl_s=TTL_S,
        tags=(orders_tag(buyer_id),),
    )
