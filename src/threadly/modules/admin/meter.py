"""The meter of a process: what its requests, reactions and events counted for, gathered in memory and added
to what the other processes saw, every few seconds.

Nothing waits for it, and while the database is away it keeps what it has, within bounds. What a process that
is killed has not handed on is lost: these are figures to steer by; the books are the store's.
"""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import structlog

from threadly.modules.admin.counters import (
    POOL_BOUNDS_S,
    POOL_WAIT_SECONDS,
    SLI_EVENTS,
    SLI_GOOD_EVENTS,
    count_business,
)
from threadly.modules.admin.repository.figures import ADD_BUSINESS, ADD_ROUTES
from threadly.modules.admin.repository.indicators import ADD_INDICATORS
from threadly.modules.admin.rules.counting import (
    PROBES,
    SERVER_ERROR,
    Counted,
    business_of,
    counted_by_route,
    reacted_by_name,
)
from threadly.modules.admin.rules.durations import bucket_of, no_durations
from threadly.modules.admin.types.objectives import Objective, Tally
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.metrics import add_counts
from threadly.platform.telemetry.spans import Recording, Span
from threadly.platform.tenants import PUBLIC_TENANT_ID, TenantMissing
from threadly.platform.work import SYSTEM, Work

__all__ = ["Meter"]

log = structlog.get_logger(__name__)

# Of what waits for the database: minutes of routes, minutes of objectives, days of figures.
MOST_WAITING: Final = 50_000
# Routes are templates, but a template may name anything.
MOST_ROUTES: Final = 2_000
CLIENT_ERROR: Final = 400
MINUTE_NS: Final = 60_000_000_000
POOL_BOUNDS_US: Final = tuple(bound * 1e6 for bound in POOL_BOUNDS_S)
NOTEWORTHY_WAIT_US: Final = 1_000
# An event that is a day old is replayed, or of an outage that was noticed otherwise.
STALE_US: Final = 86_400e6


class _Route:
    """One route in one minute."""

    __slots__ = ("buckets", "errors", "refused", "requests", "total_us")

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.refused = 0
        self.total_us = 0
        self.buckets = no_durations()


class Meter:
    """`observe` and `hear` are called on the loop, for everything; `flush` every few seconds."""

    def __init__(self, objectives: tuple[Objective, ...]) -> None:
        self._objectives = objectives
        self._counted: dict[str, tuple[Counted, ...]] = {}
        self._reacted = reacted_by_name(objectives)
        # By tenant, minute since the epoch, and route or objective; by tenant, day and figure.
        self._routes: dict[tuple[int, int, str], _Route] = {}
        self._tallies: dict[tuple[int, int, str], list[int]] = {}
        self._business: dict[tuple[int, date, str], int] = {}
        self._told: dict[str, list[int]] = {}
        self._pool_waits = [0] * (len(POOL_BOUNDS_S) + 1)
        self._pool_sum_us = 0
        self.pool_waits = 0
        self.pool_worst_us = 0

    # What is seen

    def observe(self, recording: Recording) -> None:
        """A request, a reaction or a job is over."""
        spans = recording.spans
        if not spans:
            return
        first = spans[0]
        if first.kind == "request":
            self._observe_request(recording, first)
        elif first.kind == "reaction":
            self._observe_reaction(recording, first)
        for each in spans:
            if each.kind == "pool":
                self._observe_wait((each.ended_ns - each.started_ns) // 1_000)

    def _observe_request(self, recording: Recording, whole: Span) -> None:
        if recording.route is None or recording.route in PROBES:
            return
        status, trail = recording.status or 0, recording.trail
        minute = (recording.anchor_ns + whole.ended_ns) // MINUTE_NS
        tenant_id = trail.tenant_id or PUBLIC_TENANT_ID
        duration_us = (whole.ended_ns - whole.started_ns) // 1_000
        self._count_route((tenant_id, minute, whole.name), status, None if recording.streams else duration_us)
        if trail.tenant_id is None and status < SERVER_ERROR:
            return  # a file, a document or a webhook: no member asked for it
        own_us = duration_us - trail.outside_s * 1e6
        for counted in self._counted_by(whole.name):
            if counted.within_us is None:
                self._tally(tenant_id, minute, counted.objective, good=status < SERVER_ERROR)
            elif status < SERVER_ERROR and not recording.streams:
                self._tally(tenant_id, minute, counted.objective, good=own_us <= counted.within_us)

    def _observe_reaction(self, recording: Recording, whole: Span) -> None:
        if not recording.caller_id:
            return  # nothing asked for it: a seed wrote it, with a time of its own
        for reacted in self._reacted.get(whole.name, ()):
            took_us = whole.attributes.get("waited_ms", 0.0) * 1_000
            if took_us > STALE_US:
                continue
            took_us += (whole.ended_ns - whole.started_ns) / 1_000
            good = whole.error is None and took_us <= reacted.within_us
            minute = (recording.anchor_ns + whole.ended_ns) // MINUTE_NS
            self._tally(recording.trail.tenant_id or PUBLIC_TENANT_ID, minute, reacted.objective, good=good)

    def _observe_wait(self, wait_us: int) -> None:
        self._pool_waits[bisect_left(POOL_BOUNDS_US, wait_us)] += 1
        self._pool_sum_us += wait_us
        self.pool_worst_us = max(self.pool_worst_us, wait_us)
        if wait_us >= NOTEWORTHY_WAIT_US:
            self.pool_waits += 1

    def hear(self, tenant_id: int, event: str, payload: Mapping[str, Any], at: datetime) -> None:
        """An event whose reactions are committed."""
        for figure, amount in business_of(event, payload):
            count_business(figure, amount)
            key = (tenant_id, at.date(), figure)
            if key in self._business or len(self._business) < MOST_WAITING:
                self._business[key] = self._business.get(key, 0) + amount

    def _count_route(self, key: tuple[int, int, str], status: int, duration_us: int | None) -> None:
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= MOST_WAITING:
                return
            route = self._routes[key] = _Route()
        route.requests += 1
        route.errors += status >= SERVER_ERROR
        route.refused += CLIENT_ERROR <= status < SERVER_ERROR
        if duration_us is not None:
            route.total_us += duration_us
            route.buckets[bucket_of(duration_us)] += 1

    def _counted_by(self, route: str) -> tuple[Counted, ...]:
        known = self._counted.get(route)
        if known is None:
            known = counted_by_route(self._objectives, route)
            if len(self._counted) < MOST_ROUTES:
                self._counted[route] = known
        return known

    def _tally(self, tenant_id: int, minute: int, objective: str, *, good: bool) -> None:
        told = self._told.setdefault(objective, [0, 0])
        told[0] += good
        told[1] += 1
        tally = self._tallies.get((tenant_id, minute, objective))
        if tally is None:
            if len(self._tallies) >= MOST_WAITING:
                return
            tally = self._tallies[tenant_id, minute, objective] = [0, 0]
        tally[0] += good
        tally[1] += 1

    def count(self, objective: str, tally: Tally) -> None:
        """What was counted elsewhere, and is in the database already."""
        told = self._told.setdefault(objective, [0, 0])
        told[0] += tally.good
        told[1] += tally.total

    # What becomes of it

    def tell_prometheus(self) -> None:
        """Add to the counters what came since the last time."""
        for objective, (good, total) in self._told.items():
            SLI_GOOD_EVENTS.labels(objective).inc(good)
            SLI_EVENTS.labels(objective).inc(total)
        self._told.clear()
        add_counts(POOL_WAIT_SECONDS, self._pool_waits, self._pool_sum_us / 1e6)
        self._pool_waits = [0] * len(self._pool_waits)
        self._pool_sum_us = 0

    async def flush(self, runtime: Runtime) -> None:
        """Add what came since the last time to what all processes saw, one community after the other. What
        cannot be written now waits; raises the Refusal that says why."""
        for tenant_id in sorted({key[0] for key in (*self._routes, *self._tallies, *self._business)}):
            batch = self._take(tenant_id)
            try:
                tenant = await runtime.tenants.get(tenant_id)
                await runtime.works.attempt(tenant, SYSTEM, batch.write)
            except TenantMissing:
                log.warning("figures of no community are dropped", tenant_id=tenant_id)
            except BaseException:
                self._put_back(tenant_id, batch)
                raise

    def _take(self, tenant_id: int) -> "_Batch":
        return _Batch(
            {key: self._routes.pop(key) for key in list(self._routes) if key[0] == tenant_id},
            {key: self._tallies.pop(key) for key in list(self._tallies) if key[0] == tenant_id},
            {key: self._business.pop(key) for key in list(self._business) if key[0] == tenant_id},
        )

    def _put_back(self, tenant_id: int, batch: "_Batch") -> None:
        """What came meanwhile is added to it."""
        came = self._take(tenant_id)
        for key, route in came.routes.items():
            before = batch.routes.setdefault(key, _Route())
            before.requests += route.requests
            before.errors += route.errors
            before.refused += route.refused
            before.total_us += route.total_us
            before.buckets = [one + other for one, other in zip(before.buckets, route.buckets, strict=True)]
        for key, (good, total) in came.tallies.items():
            tally = batch.tallies.setdefault(key, [0, 0])
            tally[0] += good
            tally[1] += total
        for key_of_day, amount in came.business.items():
            batch.business[key_of_day] = batch.business.get(key_of_day, 0) + amount
        self._routes |= batch.routes
        self._tallies |= batch.tallies
        self._business |= batch.business


class _Batch:
    """What one community is added."""

    def __init__(
        self,
        routes: dict[tuple[int, int, str], _Route],
        tallies: dict[tuple[int, int, str], list[int]],
        business: dict[tuple[int, date, str], int],
    ) -> None:
        self.routes = routes
        self.tallies = tallies
        self.business = business

    async def write(self, work: Work) -> None:
        if self.routes:
            await work.run(ADD_ROUTES, [_route_row(*key[1:], route) for key, route in self.routes.items()])
        if self.tallies:
            keys, values = list(self.tallies), list(self.tallies.values())
            await work.run(
                ADD_INDICATORS,
                [objective for _, _, objective in keys],
                [_at(minute) for _, minute, _ in keys],
                [good for good, _ in values],
                [total for _, total in values],
            )
        if self.business:
            days = list(self.business)
            await work.run(
                ADD_BUSINESS,
                [day for _, day, _ in days],
                [figure for _, _, figure in days],
                list(self.business.values()),
            )


def _route_row(minute: int, name: str, route: _Route) -> dict[str, object]:
    return {
        "at": _at(minute),
        "route": name,
        "requests": route.requests,
        "errors": route.errors,
        "refused": route.refused,
        "total_us": route.total_us,
        "buckets": route.buckets,
    }


def _at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
