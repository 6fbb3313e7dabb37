"""What routes use and cost."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.prices import read_prices
from threadly.modules.admin.repository.costs import (
    ADD_CALL_COSTS,
    ADD_COSTS,
    SUM_CALL_COSTS,
    SUM_COSTS,
)
from threadly.modules.admin.rules.pricing import price_costs
from threadly.modules.admin.types.costs import Costs, CostSort
from threadly.platform.telemetry.costing import Used
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import Work

__all__ = ["add_costs", "by_tenant", "list_costs"]

MOST_ROUTES: Final = 2_000
MOST_HOURS: Final = 24 * 31


def by_tenant(used: Sequence[Used]) -> dict[int, list[Used]]:
    """What is nobody's is the first community's, added to what it used on the same route itself."""
    found: dict[int, dict[tuple[str, str], Used]] = defaultdict(dict)
    for each in used:
        some, key = found[each.tenant_id or PUBLIC_TENANT_ID], (each.method, each.route)
        some[key] = _added(some[key], each) if key in some else each
    return {tenant_id: list(some.values()) for tenant_id, some in found.items()}


async def add_costs(work: Work, *, used: Sequence[Used]) -> None:
    """Add to this hour what one process used; all that is `used` is of this tenant.

    Raises SignInRequired, Denied to all but the platform itself.
    """
    work.actor.require("platform.operate")
    hour = work.now.replace(minute=0, second=0, microsecond=0)
    # In the order of the key, so that two processes never wait for each other.
    rows = sorted(
        (each.method, each.route, each.requests, each.cpu_us, each.sql_us, each.statements, each.commands)
        for each in used
    )
    if rows:
        await work.run(ADD_COSTS, hour, *(list(column) for column in zip(*rows, strict=True)))
    calls = sorted(
        (each.method, each.route, call, count, took_us)
        for each in used
        for call, (count, took_us) in each.calls.items()
    )
    if calls:
        await work.run(ADD_CALL_COSTS, hour, *(list(column) for column in zip(*calls, strict=True)))


async def list_costs(work: Work, *, hours: int = 24, sort: CostSort = "total") -> Costs:
    """What was used in the last so many hours, with the one that runs. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    hour = work.now.replace(minute=0, second=0, microsecond=0)
    since = hour - timedelta(hours=min(max(hours, 1), MOST_HOURS) - 1)
    return price_costs(
        await work.all(SUM_COSTS, since, MOST_ROUTES),
        await work.all(SUM_CALL_COSTS, since, MOST_ROUTES),
        read_prices(work.settings),
        since=since,
        sort=sort,
    )


def _added(one: Used, other: Used) -> Used:
    """What both used, for the route of the first."""
    calls = dict(one.calls)
    for name, (count, took_us) in other.calls.items():
        before, before_us = calls.get(name, (0, 0))
        calls[name] = (before + count, before_us + took_us)
    return Used(
        one.tenant_id,
        one.method,
        one.route,
        requests=one.requests + other.requests,
        cpu_us=one.cpu_us + other.cpu_us,
        sql_us=one.sql_us + other.sql_us,
        statements=one.statements + other.statements,
        commands=one.commands + other.commands,
        calls=calls,
    )
