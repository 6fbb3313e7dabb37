"""/manage: how the shop is doing, and what waits for its owner."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules import payments
from threadly.modules.store.pages.order_view import OrderCard, order_card
from threadly.modules.store.pages.owner.frame import host_of, require_owner
from threadly.modules.store.pages.owner.stock_view import StockRow, stock_row
from threadly.modules.store.verbs.managing import (
    MOST_COUNTED,
    DaySales,
    count_orders_to_send,
    list_orders_to_send,
    sales_by_day,
)
from threadly.modules.store.verbs.stock import list_low_stock
from threadly.platform.http.edge import Edge
from threadly.platform.money import Money
from threadly.platform.work import Work
from threadly.web import Moment, moment
from threadly.web.pages import Pages

__all__ = ["routes"]

SHOWN = 5
DAYS = 30
WEEK = 7
# The drawing's own units.
CHART_WIDTH, CHART_HEIGHT, GAP = 300.0, 72.0, 2.5
LEAST_HEIGHT = 2.0


class Bar(msgspec.Struct, frozen=True):
    """One day of the drawing; `said` for who points at it."""

    x: float
    y: float
    width: float
    height: float
    said: str
    none: bool


class Sales(msgspec.Struct, frozen=True):
    orders: int
    kept: str


class Overview(msgspec.Struct, frozen=True):
    """`differences` is None for who may not see the payments' accounts; counts end with a plus where there
    are more than were counted."""

    to_send: str
    waiting: list[OrderCard]
    week: Sales
    month: Sales
    bars: list[Bar]
    first_day: Moment
    low: list[StockRow]
    low_count: str
    differences: str | None


@get("/manage", include_in_schema=False)
async def show_overview(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    require_owner(edge)
    host = host_of(edge)
    overview = await edge.read(lambda work: _overview(work, host))
    return await pages.show(edge, "store/owner/overview.html", overview=overview)


async def _overview(work: Work, host: str) -> Overview:
    days = await sales_by_day(work, days=DAYS)
    to_send = await count_orders_to_send(work)
    waiting = await list_orders_to_send(work, limit=SHOWN)
    low = await list_low_stock(work, limit=SHOWN)
    return Overview(
        to_send=_counted(to_send, more=to_send == MOST_COUNTED),
        waiting=[order_card(each, now=work.now, host=host) for each in waiting.items],
        week=_sum(days[-WEEK:]),
        month=_sum(days),
        bars=_bars(days),
        first_day=moment(days[0].day, now=work.now),
        low=[stock_row(each) for each in low.items],
        low_count=_counted(len(low.items), more=low.after is not None),
        differences=await _differences(work),
    )


async def _differences(work: Work) -> str | None:
    if not work.actor.may("payments.reconcile"):
        return None
    page = await payments.list_discrepancies(work, settled=False, limit=20)
    return _counted(len(page.items), more=page.after is not None)


def _counted(count: int, *, more: bool) -> str:
    return f"{count:,}{'+' if more else ''}"


def _sum(days: Sequence[DaySales]) -> Sales:
    currency = days[0].kept.currency
    kept = Money(sum(each.kept.amount_minor for each in days), currency)
    return Sales(sum(each.orders for each in days), str(kept))


def _bars(days: Sequence[DaySales]) -> list[Bar]:
    most = max(1, *(each.kept.amount_minor for each in days))
    step = CHART_WIDTH / len(days)
    return [
        _bar(each, index * step, step - GAP, each.kept.amount_minor / most) for index, each in enumerate(days)
    ]


def _bar(day: DaySales, x: float, width: float, share: float) -> Bar:
    height = max(LEAST_HEIGHT, share * CHART_HEIGHT)
    orders = f"{day.orders} {'order' if day.orders == 1 else 'orders'}"
    said = f"{day.day.day} {day.day:%B}: {day.kept}, {orders}"
    return Bar(
        round(x, 2), round(CHART_HEIGHT - height, 2), round(width, 2), round(height, 2), said, not day.orders
    )


routes: list[ControllerRouterHandler] = [show_overview]
