"""Orders read and listed, and the one way in which their state changes."""

from typing import Any, TypeVar

import msgspec

from threadly.modules.store.errors.orders import OrderMissing
from threadly.modules.store.live import topic_of
from threadly.modules.store.repository.orders import (
    MOVE_ORDER,
    NOTE_HISTORY,
    ORDER_STATE,
    ORDERS_OF,
    ORDERS_OF_SHOP,
    PLACE_ORDER,
    WHOLE_ORDER,
    OrderLineRow,
    OrderRow,
    RefundRow,
    SummaryRow,
    WholeOrderRow,
)
from threadly.modules.store.rules.orders import require_transition
from threadly.modules.store.types.orders import (
    Address,
    Order,
    OrderLine,
    OrderRefund,
    OrderState,
    OrderStep,
    OrderSummary,
)
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.actor import Actor
from threadly.platform.db import Statement
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Denied, Work

__all__ = [
    "find_order",
    "find_order_state",
    "find_visible",
    "get_order",
    "list_orders",
    "list_orders_of_shop",
    "move_order",
    "note_history",
    "order_of",
    "orders_tag",
    "page_of_summaries",
    "refund_of",
    "require_orders_of",
]


R = TypeVar("R", bound=OrderRow)


async def get_order(work: Work, *, order_id: UUID) -> Order:
    """The order, with its lines, history and refunds.

    Raises SignInRequired, OrderMissing (also for one that is neither the actor's nor theirs to manage).
    """
    return order_of(await find_visible(work, order_id, WHOLE_ORDER))


async def find_visible(work: Work, order_id: UUID, statement: Statement[R]) -> R:
    """The row that `statement` finds or locks. Raises SignInRequired, OrderMissing as `get_order` does."""
    only_of = None if work.actor.may(STORE_MANAGE) else work.actor.me
    row = await work.one(statement, order_id)
    if row is None or only_of not in (None, row.buyer_id):
        raise OrderMissing
    return row


async def find_order_state(work: Work, *, order_id: UUID) -> str | None:
    """Its state alone, without asking who looks."""
    return await work.one(ORDER_STATE, order_id)


async def list_orders(
    work: Work,
    *,
    buyer_id: UUID,
    state: OrderState | None = None,
    after: Keyset | None = None,
    limit: int = 20,
) -> Page[OrderSummary]:
    """A buyer's orders, newest first: the actor's own, or anybody's for whoever manages the store.

    Raises SignInRequired, Denied.
    """
    require_orders_of(work.actor, buyer_id)
    rows = await work.all(ORDERS_OF, buyer_id, state, id_before(after), limit + 1)
    return page_of_summaries(rows, limit=limit)


def require_orders_of(actor: Actor, buyer_id: UUID) -> None:
    """Raises SignInRequired, Denied unless these are the actor's own orders, or theirs to manage."""
    if not actor.may(STORE_MANAGE) and actor.me != buyer_id:
        raise Denied("These are somebody else’s orders; you can see your own only.")


async def list_orders_of_shop(
    work: Work, *, state: OrderState | None = None, after: Keyset | None = None, limit: int = 20
) -> Page[OrderSummary]:
    """All orders, newest first. Raises SignInRequired, Denied unless the actor may `store.manage`."""
    work.actor.require(STORE_MANAGE)
    rows = await work.all(ORDERS_OF_SHOP, state, id_before(after), limit + 1)
    return page_of_summaries(rows, limit=limit)


async def move_order(
    work: Work,
    order: OrderRow,
    state: OrderState,
    *,
    why: str,
    reason: str | None = None,
    paid_with: str | None = None,
    empties_cart: bool = False,
) -> None:
    """The locked `order` into `state`; live pages are told and the buyer's lists forgotten with the commit.
    `empties_cart`: what was ordered leaves the cart, because the buyer is told that the order is received.

    Raises TransitionRefused.
    """
    require_transition(order.state, state)
    by = work.actor.user_id
    statement = PLACE_ORDER if empties_cart else MOVE_ORDER
    await work.run(statement, order.id, state, work.now, reason, new_id(), by, why, paid_with, order.state)
    work.signal(topic_of(order.id), {"state": state})
    work.forget(orders_tag(order.buyer_id))


async def note_history(work: Work, order: OrderRow, *, why: str) -> None:
    """Something about the locked `order` that leaves its state as it is."""
    by = work.actor.user_id
    await work.run(NOTE_HISTORY, new_id(), order.id, order.state, order.state, by, why, work.now)
    work.signal(topic_of(order.id), {"state": order.state})
    work.forget(orders_tag(order.buyer_id))


def orders_tag(buyer_id: UUID) -> str:
    """The cache tag of everything that shows the states of a buyer's orders."""
    return f"store.orders:{buyer_id}"


async def find_order(work: Work, *, order_id: UUID) -> Order | None:
    """The order as `get_order` gives it, without asking who looks."""
    row = await work.one(WHOLE_ORDER, order_id)
    return None if row is None else order_of(row)


def order_of(row: WholeOrderRow) -> Order:
    """The order of a row, whoever looks."""
    lines = msgspec.convert(row.lines or [], list[OrderLineRow])
    history = msgspec.convert(row.history or [], list[OrderStep])
    refunds = msgspec.convert(row.refunds or [], list[RefundRow])

    def money(amount_minor: int) -> Money:
        return Money(amount_minor, row.currency)

    return Order(
        id=row.id,
        number=row.number,
        buyer_id=row.buyer_id,
        state=row.state,
        reason=row.reason,
        subtotal=money(row.subtotal_minor),
        discount=money(row.discount_minor),
        shipping=money(row.shipping_minor),
        tax=money(row.tax_minor),
        total=money(row.total_minor),
        gift_card=money(row.gift_card_minor),
        due=money(row.due_minor),
        refunded=money(row.refunded_minor),
        quote={name: part for name, part in row.quote.items() if name != "note"},
        address=msgspec.convert(row.address, Address) if row.address else None,
        email=row.email,
        phone=row.phone,
        note=row.quote.get("note", ""),
        paid_with=row.paid_with,
        lines=tuple(_line(line, row.currency) for line in lines),
        history=tuple(history),
        refunds=tuple(refund_of(refund, row.currency) for refund in refunds),
        created_at=row.created_at,
        placed_at=row.placed_at,
        paid_at=row.paid_at,
    )


def refund_of(row: RefundRow, currency: str) -> OrderRefund:
    return OrderRefund(
        id=row.id,
        order_id=row.order_id,
        amount=Money(row.amount_minor, currency),
        gift_card=Money(row.gift_card_minor, currency),
        reason=row.reason,
        state=row.state,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _line(row: OrderLineRow, currency: str) -> OrderLine:
    shown: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            *("line", "product_id", "variant_id", "handle", "title", "options", "sku", "image_url"),
            *("quantity", "restocked", "refunded_units"),
        )
    }
    return OrderLine(
        **shown,
        price=Money(row.price_minor, currency),
        discount=Money(row.discount_minor, currency),
        tax=Money(row.tax_minor, currency),
        total=Money(row.total_minor, currency),
    )


def page_of_summaries(rows: list[SummaryRow], *, limit: int) -> Page[OrderSummary]:
    """A page of rows of which there is one more than `limit` if another page follows."""
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_summary(row) for row in page.items], page.after)


def _summary(row: SummaryRow) -> OrderSummary:
    return OrderSummary(
        id=row.id,
        number=row.number,
        buyer_id=row.buyer_id,
        state=row.state,
        total=Money(row.total_minor, row.currency),
        refunded=Money(row.refunded_minor, row.currency),
        title=row.title,
        image_url=row.image_url,
        item_count=row.item_count,
        placed_at=row.placed_at,
        paid_at=row.paid_at,
    )
