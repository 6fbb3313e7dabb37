"""/admin/observe/costs: what each route uses, and what that costs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.admin.types.costs import CostSort, RouteCost
from threadly.modules.admin.verbs.costs import list_costs
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.web.pages import Pages

__all__ = ["routes"]

PATH: Final = "/admin/observe/costs"
HOURS: Final = ((1, "This hour"), (24, "A day"), (24 * 7, "A week"), (24 * 31, "A month"))
COLUMNS: Final[tuple[tuple[CostSort, str], ...]] = (
    ("requests", "Requests"),
    ("cpu", "CPU each"),
    ("sql", "SQL each"),
    ("calls", "Calls"),
    ("each", "1,000 requests"),
    ("total", "Altogether"),
)
SHOWN: Final = 200
_KINDS: Final = {"reaction": "Reaction", "job": "Job", "process": "Process", "other": "Other"}


class CostView(msgspec.Struct, frozen=True):
    """`width` is the share of the whole, in percent, for the bar."""

    method: str
    route: str
    requests: str
    cpu: str
    sql: str
    statements: str
    calls: list[str]
    per_thousand: str
    amount: str
    share: str
    width: float


@get(PATH, include_in_schema=False, opt={UNFOLLOWED: True})
async def show_costs(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """What no choice can mean is left out, as in every form that asks."""
    asked = edge.request.query_params
    sort: CostSort = next((key for key, _ in COLUMNS if key == asked.get("sort")), "total")
    hours = next((each for each, _ in HOURS if str(each) == asked.get("hours")), 24)
    costs = await edge.read(lambda work: list_costs(work, hours=hours, sort=sort))
    return await pages.show(
        edge,
        "admin/costs.html",
        costs=[_view(each) for each in costs.routes[:SHOWN]],
        hidden=max(0, len(costs.routes) - SHOWN),
        total=f"{_money(Decimal(costs.amount))} {costs.currency}",
        currency=costs.currency,
        requests=f"{sum(each.requests for each in costs.routes if each.method.isupper()):,}",
        columns=[(key, label, _address(key, hours), key == sort) for key, label in COLUMNS],
        lengths=[(label, _address(sort, each), each == hours) for each, label in HOURS],
    )


def _address(sort: CostSort, hours: int) -> str:
    return f"{PATH}?{urlencode({'sort': sort, 'hours': hours})}"


def _view(cost: RouteCost) -> CostView:
    return CostView(
        method=_KINDS.get(cost.method, cost.method),
        route=cost.route,
        requests=f"{cost.requests:,}" if cost.requests else "",
        cpu=_time(cost.cpu_ms) if cost.requests else "",
        sql=_time(cost.sql_ms) if cost.statements else "",
        statements=f"{cost.statements:.2g}" if cost.statements < 100 else f"{cost.statements:,.0f}",
        calls=[f"{each.call} × {each.calls:,}" for each in cost.calls],
        per_thousand=_money(Decimal(cost.per_thousand)) if cost.requests else "",
        amount=_money(Decimal(cost.amount)),
        share=f"{cost.share:.1%}",
        width=round(cost.share * 100, 2),
    )


def _time(ms: float) -> str:
    return f"{ms:.2f} ms" if ms < 10 else f"{ms:,.0f} ms"


def _money(amount: Decimal) -> str:
    """With more places below one, where a cent says nothing."""
    places = 2 if amount >= 1 or amount == 0 else 4 if amount >= Decimal("0.01") else 6
    return f"{amount:,.{places}f}"


routes: Sequence[ControllerRouterHandler] = [show_costs]
