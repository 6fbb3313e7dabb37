"""Orders over HTTP."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from collections.abc import AsyncIterator
from typing import Annotated, Literal, TypeAlias

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from threadly.modules import identity
from threadly.modules.store.errors.orders import OrderMissing
from threadly.modules.store.live import watch_order
from threadly.modules.store.order_lists import show_orders
from threadly.modules.store.rules.cart import MOST_LINES
from threadly.modules.store.types.orders import (
    Note,
    Order,
    OrderRefund,
    OrderState,
    OrderSummary,
    Reason,
    ReturnedLine,
)
from threadly.modules.store.verbs.orders import find_order_state, get_order, list_orders_of_shop
from threadly.modules.store.verbs.refunds import cancel_order, fulfil_order, list_refunds, refund_order
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter, KeyRequired
from threadly.platform.http.streams import STILL_HERE, event_stream
from threadly.platform.ids import UUID, id_of
from threadly.platform.money import Money
from threadly.platform.paging import Page

__all__ = ["order_id_of", "routes", "stream_order"]

ORDERS = ["Orders"]

StateParameter: TypeAlias = Annotated[
    OrderState | None, QueryParameter(description="Only orders in this state.")
]
ScopeParameter: TypeAlias = Annotated[
    Literal["mine", "shop"],
    # (A handler's own `scope` is the connection's.)
    QueryParameter(name="scope", description="`shop`: all orders, for who manages the store."),
]
BuyerParameter: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        max_length=64, description="An id, a username or `me`; others than you for who manages the store."
    ),
]


class NewRefund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without an `amount` it is what `lines` cost; without both all that is left. `restock` puts the units of
    `lines`, or with all that is left all of them, back on the shelf. Each unit of a line can be given back
    once."""

    reason: Reason
    amount: Money | None = None
    lines: Annotated[list[ReturnedLine], Meta(max_length=MOST_LINES)] = []
    restock: bool = False


class NewCancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Note = ""


@get("/orders", operation_id="list_orders", summary="Your orders, newest first", tags=ORDERS)
async def list_orders(
    edge: NamedDependency[Edge],
    status: StateParameter = None,
    whose: ScopeParameter = "mine",
    buyer: BuyerParameter = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[OrderSummary]]:
    if whose == "mine" or buyer is not None:
        return await _list_of(edge, buyer or "me", status, limit=limit, cursor=cursor)
    name = f"store.orders_of_shop:{status}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: list_orders_of_shop(work, state=status, after=after, limit=limit))
    return edge.listing(page, name=name)


@get(
    "/users/{user_id:str}/orders",
    operation_id="list_orders_of_user",
    summary="A member’s orders, newest first",
    tags=ORDERS,
)
async def list_orders_of_user(
    edge: NamedDependency[Edge],
    user_id: FromPath[str],
    status: StateParameter = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[OrderSummary]]:
    return await _list_of(edge, user_id, status, limit=limit, cursor=cursor)


@get("/orders/{order_id:str}", operation_id="get_order", summary="An order", tags=ORDERS)
async def read_order(
    edge: NamedDependency[Edge], order_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Order]]:
    wanted = order_id_of(order_id)
    return edge.resource(await edge.read(lambda work: get_order(work, order_id=wanted)))


@post(
    "/orders/{order_id:str}/refunds",
    operation_id="refund_order",
    operation_class=KeyRequired,
    summary="Give money back",
    description="Needs an Idempotency-Key. The card is given back to first, gift cards last.",
    tags=ORDERS,
)
async def create_refund(
    edge: NamedDependency[Edge], order_id: FromPath[str], data: JSONBody[NewRefund]
) -> Response[Success[OrderRefund]]:
    wanted = order_id_of(order_id)
    return await edge.create(
        lambda work: refund_order(
            work,
            order_id=wanted,
            amount=data.amount,
            lines=data.lines,
            reason=data.reason,
            restock_units=data.restock,
        ),
        location=lambda made: f"/api/v1/orders/{made.order_id}/refunds",
        key_required=True,
    )


@get(
    "/orders/{order_id:str}/refunds",
    operation_id="list_refunds",
    summary="What was given back of an order",
    tags=ORDERS,
)
async def read_refunds(
    edge: NamedDependency[Edge],
    order_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[OrderRefund]]:
    wanted = order_id_of(order_id)
    name = f"store.refunds_of:{wanted}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: list_refunds(work, order_id=wanted, after=after, limit=limit))
    return edge.listing(page, name=name)


@put(
    "/orders/{order_id:str}/fulfilment",
    operation_id="fulfil_order",
    summary="The order was sent; twice is the same",
    tags=ORDERS,
)
async def fulfil(edge: NamedDependency[Edge], order_id: FromPath[str]) -> Response[Success[Order]]:
    wanted = order_id_of(order_id)
    return await edge.change(
        lambda work: fulfil_order(work, order_id=wanted),
        current=lambda work: get_order(work, order_id=wanted),
    )


@put(
    "/orders/{order_id:str}/cancellation",
    operation_id="cancel_order",
    summary="Call an order off before it is sent; all that was paid goes back. Twice is the same",
    tags=ORDERS,
)
async def cancel(
    edge: NamedDependency[Edge], order_id: FromPath[str], data: JSONBody[NewCancellation]
) -> Response[Success[Order]]:
    wanted = order_id_of(order_id)
    return await edge.change(
        lambda work: cancel_order(work, order_id=wanted, reason=data.reason),
        current=lambda work: get_order(work, order_id=wanted),
    )


@get("/orders/{order_id:str}/stream", include_in_schema=False, opt={UNFOLLOWED: True})
async def stream(edge: NamedDependency[Edge], order_id: FromPath[str]) -> Stream:
    """`event: state` with `{"state"}`, at once and whenever it changes. Raises SignInRequired,
    OrderMissing."""
    return await stream_order(edge, order_id_of(order_id))


async def stream_order(edge: Edge, order_id: UUID) -> Stream:
    """The live status of an order, for pages too. Raises SignInRequired, OrderMissing, Overloaded."""
    await edge.read(lambda work: get_order(work, order_id=order_id))
    return event_stream(edge, _lines(edge, order_id))


async def _lines(edge: Edge, order_id: UUID) -> AsyncIterator[bytes]:
    states = watch_order(
        edge.runtime.pubsub,
        edge.tenant,
        order_id,
        read_state=lambda: edge.read(lambda work: find_order_state(work, order_id=order_id), fresh=True),
    )
    async for state in states:
        yield STILL_HERE if state is None else _event(state)


def _event(state: str) -> bytes:
    return b"event: state\ndata: %s\n\n" % msgspec.json.encode({"state": state})


async def _list_of(
    edge: Edge, member: str, state: OrderState | None, *, limit: int, cursor: str | None
) -> Response[Listing[OrderSummary]]:
    buyer_id = edge.actor.me
    if member not in ("me", str(buyer_id)):
        buyer_id = (await edge.read(lambda work: identity.get_profile(work, id_or_username=member))).id
    name = f"store.orders_of:{buyer_id}:{state}"
    after = edge.after(cursor, name=name)
    page: Page[OrderSummary] = await show_orders(
        edge, buyer_id=buyer_id, state=state, after=after, limit=limit
    )
    return edge.listing(page, name=name)


def order_id_of(text: str) -> UUID:
    """Raises OrderMissing for what is no id."""
    return id_of(text, OrderMissing)


routes: list[ControllerRouterHandler] = [
    list_orders,
    list_orders_of_user,
    read_order,
    create_refund,
    read_refunds,
    fulfil,
    cancel,
    stream,
]
