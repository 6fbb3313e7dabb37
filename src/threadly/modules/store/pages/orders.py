"""/orders: a buyer's orders, and one order that tells by itself what becomes of it."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.orders import OrderBeingPaid, OrderFulfilled, OrderMissing, OrderNotPaid
from threadly.modules.store.order_lists import show_orders
from threadly.modules.store.pages.order_view import OrderCard, OrderView, order_card, order_view
from threadly.modules.store.rest.orders import order_id_of, stream_order
from threadly.modules.store.types.orders import Order
from threadly.modules.store.verbs.orders import get_order
from threadly.modules.store.verbs.refunds import cancel_order
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.work import Work
from threadly.web import Flash
from threadly.web.forms import by_htmx, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PER_PAGE = 20


@get("/orders", include_in_schema=False)
async def list_orders(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    if edge.actor.user_id is None:
        return pages.redirect(edge, "/login?next=/orders")
    name = f"store.orders:{edge.actor.me}"
    after = edge.after(cursor, name=name)
    page = await show_orders(edge, buyer_id=edge.actor.me, state=None, after=after, limit=PER_PAGE)
    going_on = edge.cursor(page.after, name=name)
    more_url = f"/orders?cursor={going_on}" if going_on else None

    async def look(work: Work) -> list[OrderCard]:
        return [order_card(each, now=work.now, host=_host(edge)) for each in page.items]

    orders = await edge.read(look)
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "store/_more_orders.html", orders=orders, more_url=more_url)
    return await pages.show(edge, "store/orders.html", orders=orders, more_url=more_url)


@get("/orders/{order_id:str}", include_in_schema=False)
async def show_order(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], order_id: FromPath[str]
) -> Response[str]:
    """The page; its open copy, which was told of news, gets what has changed."""
    if edge.actor.user_id is None:
        return pages.redirect(edge, f"/login?next=/orders/{order_id}")
    found = await _order(edge, order_id_of(order_id))
    if by_htmx(edge):
        return await pages.fragment(edge, "store/_order.html", order=found)
    return await pages.show(edge, "store/order.html", order=found)


@get("/orders/{order_id:str}/receipt", include_in_schema=False)
async def show_receipt(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], order_id: FromPath[str]
) -> Response[str]:
    """For the printer."""
    found = await _order(edge, order_id_of(order_id))
    return await pages.show(edge, "store/receipt.html", order=found)


@get("/orders/{order_id:str}/stream", include_in_schema=False, opt={UNFOLLOWED: True})
async def stream(edge: NamedDependency[Edge], order_id: FromPath[str]) -> Stream:
    """`event: state` at once and whenever it changes."""
    return await stream_order(edge, order_id_of(order_id))


@post("/orders/{order_id:str}/cancel", include_in_schema=False)
async def cancel(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], order_id: FromPath[str]
) -> Response[str]:
    wanted = order_id_of(order_id)
    try:
        await edge.write(lambda work: _cancel_own(work, wanted))
    except (OrderBeingPaid, OrderFulfilled, OrderNotPaid) as refusal:
        return pages.redirect(edge, f"/orders/{wanted}", flash=Flash("error", refusal.message))
    return pages.redirect(edge, f"/orders/{wanted}", flash=Flash("success", "Your order is cancelled."))


async def _cancel_own(work: Work, order_id: UUID) -> Order:
    """Raises OrderMissing for somebody else's: who manages the store has pages of their own for that."""
    order = await get_order(work, order_id=order_id)
    if order.buyer_id != work.actor.me:
        raise OrderMissing
    return await cancel_order(work, order_id=order_id)


async def _order(edge: Edge, order_id: UUID) -> OrderView:
    async def look(work: Work) -> OrderView:
        order = await get_order(work, order_id=order_id)
        return order_view(order, now=work.now, host=_host(edge))

    return await edge.read(look, fresh=True)


def _host(edge: Edge) -> str:
    return edge.request.headers.get("host", "")


routes: list[ControllerRouterHandler] = [list_orders, show_order, show_receipt, stream, cancel]
