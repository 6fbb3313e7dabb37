"""What was used, turned into money by a price table."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from threadly.modules.admin.types.costs import CallCost, CallRow, CostRow, Costs, CostSort, Prices, RouteCost

__all__ = ["price_costs"]

HOUR_US: Final = 3_600_000_000
MILLION: Final = 1_000_000
THOUSAND: Final = 1_000
# Amounts are told to a millionth: one request costs less than a cent.
STEP: Final = Decimal("0.000001")


def price_costs(
    routes: Sequence[CostRow],
    calls: Sequence[CallRow],
    prices: Prices,
    *,
    since: datetime,
    sort: CostSort,
) -> Costs:
    """What each route costs, the largest by `sort` first."""
    by_route: Mapping[tuple[str, str], list[CallRow]] = _grouped(calls)
    amounts = {(row.method, row.route): _amount(row, by_route, prices) for row in routes}
    whole = sum(amounts.values(), Decimal(0))
    priced = [
        (row, _route_cost(row, by_route, prices, amounts[row.method, row.route], whole)) for row in routes
    ]
    priced.sort(key=lambda each: _weight(each[0], each[1], sort), reverse=True)
    return Costs(since, prices.currency, _text(whole), [cost for _, cost in priced])


def _grouped(calls: Sequence[CallRow]) -> dict[tuple[str, str], list[CallRow]]:
    found: dict[tuple[str, str], list[CallRow]] = defaultdict(list)
    for each in calls:
        found[each.method, each.route].append(each)
    return found


def _amount(row: CostRow, calls: Mapping[tuple[str, str], list[CallRow]], prices: Prices) -> Decimal:
    called = calls.get((row.method, row.route), [])
    return (
        prices.cpu_hour * row.cpu_us / HOUR_US
        + prices.database_hour * row.sql_us / HOUR_US
        + prices.cache_million * row.commands / MILLION
        + sum((_price_of(each, prices) for each in called), Decimal(0))
    )


def _price_of(call: CallRow, prices: Prices) -> Decimal:
    return prices.calls.get(call.call, Decimal(0)) * call.calls


def _route_cost(
    row: CostRow,
    calls: Mapping[tuple[str, str], list[CallRow]],
    prices: Prices,
    amount: Decimal,
    whole: Decimal,
) -> RouteCost:
    count = max(1, row.requests)
    return RouteCost(
        method=row.method,
        route=row.route,
        requests=row.requests,
        cpu_ms=round(row.cpu_us / count / 1_000, 3),
        sql_ms=round(row.sql_us / count / 1_000, 3),
        statements=round(row.statements / count, 2),
        commands=round(row.commands / count, 2),
        calls=[
            CallCost(
                call=each.call,
                calls=each.calls,
                took_ms=round(each.took_us / max(1, each.calls) / 1_000, 1),
                amount=_text(_price_of(each, prices)),
            )
            for each in calls.get((row.method, row.route), [])
        ],
        amount=_text(amount),
        per_thousand=_text(amount / row.requests * THOUSAND) if row.requests else _text(Decimal(0)),
        share=round(float(amount / whole), 4) if whole else 0.0,
    )


def _weight(row: CostRow, cost: RouteCost, sort: CostSort) -> Any:
    """What a list by `sort` is ordered by."""
    weights: dict[CostSort, Any] = {
        "total": Decimal(cost.amount),
        "each": Decimal(cost.per_thousand),
        "requests": row.requests,
        "cpu": cost.cpu_ms,
        "sql": cost.sql_ms,
        "calls": sum(each.calls for each in cost.calls),
    }
    return weights[sort], row.requests


def _text(amount: Decimal) -> str:
    return f"{amount.quantize(STEP):f}"
