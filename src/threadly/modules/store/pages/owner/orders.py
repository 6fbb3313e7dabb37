"""/manage/orders: the shop's orders, and what its owner does with one: send, call off, give back."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import payments
from threadly.modules.store.errors.orders import OrderMissing
from threadly.modules.store.pages.order_view import OrderCard, order_card
from threadly.modules.store.pages.owner.forms import Reading, form_of
from threadly.modules.store.pages.owner.frame import done, host_of, require_owner, url_of
from threadly.modules.store.pages.owner.order_view import OwnerOrder, owner_order
from threadly.modules.store.pages.shop import TextParameter
from threadly.modules.store.rest.orders import order_id_of
from threadly.modules.store.types.orders import Order, OrderState, ReturnedLine
from threadly.modules.store.verbs.managing import (
    find_order_by_number,
    list_orders_to_send,
    list_people,
    refund_as_seen,
)
from threadly.modules.store.verbs.orders import get_order, list_orders_of_shop
from threadly.modules.store.verbs.refunds import cancel_order, fulfil_order
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.money import Money
from threadly.platform.paging import Keyset
from threadly.platform.work import Work
from threadly.web import Form
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PER_PAGE = 30
TO_SEND: Final = "to_send"
TABS: Final = [
    ("", "All"),
    (TO_SEND, "To send"),
    ("payment_pending", "Being paid"),
    ("fulfilled", "Sent"),
    ("partially_refunded", "Partly refunded"),
    ("refunded", "Refunded"),
    ("cancelled", "Cancelled"),
]
LABELS: Final = {"amount": "Amount", "lines": "Units", "reason": "Reason", "restock": "Back to the shelf"}
LONGEST_REASON: Final = 500
# What the form begins with.
UNTOUCHED: Final = Form({"kind": "lines"})


@get("/manage/orders", include_in_schema=False)
async def show_orders(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    status: TextParameter = "",
    q: TextParameter = "",
    cursor: CursorParameter = None,
) -> Response[Any]:
    require_owner(edge)
    wanted = next((value for value, _ in TABS if value == status), "")
    if q.strip():
        found = await _find(edge, q)
        if found:
            return pages.redirect(edge, f"/manage/orders/{found}")
    orders, going_on = ([], None) if q.strip() else await _orders(edge, wanted, cursor)
    more_url = url_of("/manage/orders", {"status": wanted, "cursor": going_on}) if going_on else None
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "store/owner/_more_orders.html", orders=orders, more_url=more_url)
    tabs = [(value, label, url_of("/manage/orders", {"status": value})) for value, label in TABS]
    return await pages.show(
        edge,
        "store/owner/orders.html",
        orders=orders,
        more_url=more_url,
        tabs=tabs,
        state=wanted,
        q=q.strip(),
    )


@get("/manage/orders/{order_id:str}", include_in_schema=False)
async def show_order(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], order_id: FromPath[str]
) -> Response[str]:
    return await _page(edge, pages, order_id_of(order_id))


@get("/manage/orders/{order_id:str}/news", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_news(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], order_id: FromPath[str]
) -> Response[str]:
    """For the page that waits for a refund or a payment: only what may have changed."""
    order = await _order(edge, order_id_of(order_id))
    return await pages.fragment(edge, "store/owner/_order_told.html", order=order)


@post("/manage/orders/{order_id:str}/fulfilment", include_in_schema=False)
async def send(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], order_id: FromPath[str]
) -> Response[Any]:
    wanted = order_id_of(order_id)
    return await _act(
        edge, pages, wanted, lambda work: fulfil_order(work, order_id=wanted), "It is marked as sent."
    )


@post("/manage/orders/{order_id:str}/cancellation", include_in_schema=False)
async def cancel(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], order_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted, typed = order_id_of(order_id), await fields_of(edge)
    reason = " ".join(typed.get("reason", "").split())[:LONGEST_REASON]
    said = "The order is cancelled. What was paid goes back."
    return await _act(
        edge,
        pages,
        wanted,
        lambda work: cancel_order(work, order_id=wanted, reason=reason),
        said,
        typed=typed,
    )


@post("/manage/orders/{order_id:str}/refunds", include_in_schema=False)
async def refund(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], order_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted, typed = order_id_of(order_id), await fields_of(edge)

    async def act(work: Work) -> None:
        order = await get_order(work, order_id=wanted)
        reading = Reading(typed, currency=order.total.currency)
        amount, lines = _what(reading, order)
        reason = _reason(reading)
        reading.refuse()
        await refund_as_seen(
            work,
            order_id=wanted,
            seen=reading.count("seen") or 0,
            amount=amount,
            lines=lines,
            reason=reason,
            restock_units=reading.ticked("restock"),
        )

    try:
        await edge.write(act)
    except Refusal as refusal:
        form = form_of(typed, refusal, LABELS | _line_labels(typed))
        return await _page(edge, pages, wanted, form=form, status=400)
    return done(edge, pages, f"/manage/orders/{wanted}", "The money is on its way back.")


async def _act(
    edge: Edge, pages: Pages, order_id: UUID, act: Any, said: str, *, typed: Mapping[str, str] | None = None
) -> Response[Any]:
    """`act`, then the order again, with why not where it was refused."""
    require_owner(edge)
    try:
        await edge.write(act)
    except Refusal as refusal:
        if refusal.kind not in (Kind.CONFLICT, Kind.INVALID):
            raise
        form = Form(typed or {}, {}, refusal.message)
        return await _page(edge, pages, order_id, act_form=form, status=400)
    return done(edge, pages, f"/manage/orders/{order_id}", said)


async def _page(
    edge: Edge,
    pages: Pages,
    order_id: UUID,
    *,
    form: Form = UNTOUCHED,
    act_form: Form | None = None,
    status: int = 200,
) -> Response[str]:
    order = await _order(edge, order_id)
    return await pages.show(
        edge, "store/owner/order.html", status=status, order=order, form=form, act_form=act_form or Form()
    )


async def _order(edge: Edge, order_id: UUID) -> OwnerOrder:
    """Raises OrderMissing, SignInRequired, Denied."""
    require_owner(edge)

    async def look(work: Work) -> OwnerOrder:
        order = await get_order(work, order_id=order_id)
        payment = await payments.find_payment(work, reference=order_id)
        attempts = await payments.list_attempts(work, payment_id=payment.id) if payment else []
        people = await list_people(work, ids=(order.buyer_id, *(step.actor_id for step in order.history)))
        return owner_order(
            order, payment=payment, attempts=attempts, people=people, now=work.now, host=host_of(edge)
        )

    return await edge.read(look, fresh=True)


async def _orders(edge: Edge, state: str, cursor: str | None) -> tuple[list[OrderCard], str | None]:
    name = f"store.managed_orders:{state}"
    after = edge.after(cursor, name=name)
    known: tuple[OrderState, ...] = get_args(OrderState)
    wanted = next((each for each in known if each == state), None)

    async def look(work: Work) -> tuple[list[OrderCard], Keyset | None]:
        if state == TO_SEND:
            page = await list_orders_to_send(work, after=after, limit=PER_PAGE)
        else:
            page = await list_orders_of_shop(work, state=wanted, after=after, limit=PER_PAGE)
        return [order_card(each, now=work.now, host=host_of(edge)) for each in page.items], page.after

    orders, further = await edge.read(look)
    return orders, edge.cursor(further, name=name)


async def _find(edge: Edge, text: str) -> UUID | None:
    number = text.strip().removeprefix("#").strip()
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    try:
        return await edge.read(lambda work: find_order_by_number(work, number=int(number)))
    except OrderMissing:
        return None


def _what(reading: Reading, order: Order) -> tuple[Money | None, list[ReturnedLine]]:
    """An amount, or units of lines, or, with neither, all that is left."""
    kind = reading.text("kind")
    if kind == "amount":
        amount = reading.price("amount")
        if amount is None:
            reading.wrong("amount", "Write how much to give back, like 19.99.")
        return amount, []
    if kind == "lines":
        return None, _lines(reading, order)
    return None, []


def _lines(reading: Reading, order: Order) -> list[ReturnedLine]:
    counts = {
        line.line: reading.count(f"line-{line.line}", most=line.quantity - line.refunded_units)
        for line in order.lines
    }
    lines = [ReturnedLine(line, count) for line, count in counts.items() if count]
    if not lines:
        reading.wrong("lines", "Say of at least one line how many units it is about.")
    return lines


def _reason(reading: Reading) -> str:
    reason = " ".join(reading.text("reason").split())
    if not reason:
        reading.wrong("reason", "Write why: the buyer reads it.")
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        reading.wrong("reason", f"Shorten this to {LONGEST_REASON} characters that can be shown.")
    return reason


def _line_labels(typed: Mapping[str, str]) -> dict[str, str]:
    return {name: "Units" for name in typed if name.startswith("line-")}


routes: list[ControllerRouterHandler] = [show_orders, show_order, show_news, send, cancel, refund]
