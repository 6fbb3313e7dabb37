"""How the system does right now, on one page."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from threadly.modules.admin.gauges import Gauges
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.repository.alerts import LAST_LOOK
from threadly.modules.admin.repository.figures import (
    LIST_BUSINESS,
    LIST_PROCESS_MINUTES,
    LIST_ROUTES,
    BusinessRow,
    ProcessRow,
    RouteRow,
)
from threadly.modules.admin.rules.durations import no_durations, percentile_ms
from threadly.modules.admin.types.alerts import Alert
from threadly.modules.admin.types.figures import (
    BusinessFigure,
    EventQueue,
    JobQueue,
    Overview,
    ProcessFigures,
    RouteFigures,
)
from threadly.modules.admin.types.objectives import Objective
from threadly.modules.admin.verbs.alerts import list_alerts
from threadly.modules.admin.verbs.objectives import list_objectives
from threadly.platform.durable.backlog import EventBacklog, JobBacklog
from threadly.platform.work import Work

__all__ = ["SHOWN_MINUTES", "get_overview"]

MINUTE: Final = timedelta(minutes=1)
# What the figures of a route are about, and how far the drawings look back.
SHOWN_MINUTES: Final = 15
DRAWN_MINUTES: Final = 60
MOST_ROUTES: Final = 200
MOST_ROWS: Final = 20_000
MOST_ALERTS: Final = 20
BUSINESS_DAYS: Final = 14
MOST_FIGURES: Final = 1_000
# A process that has said nothing for so long is gone.
SILENT: Final = timedelta(seconds=45)
FIGURES: Final = ("orders.paid", "revenue", "signups", "posts", "comments", "orders.cancelled", "refunds")
ALWAYS_SHOWN: Final = ("orders.paid", "signups", "posts")


async def get_overview(
    work: Work,
    *,
    objectives: Sequence[Objective],
    events: EventBacklog | None,
    jobs: Sequence[JobBacklog],
) -> Overview:
    """`events` is what waits in the Work's community. Raises SignInRequired, Denied."""
    work.actor.require(OBSERVE)
    first = _minute(work.now) - DRAWN_MINUTES * MINUTE  # to the last minute that is over
    rows = await work.all(LIST_ROUTES, first, MOST_ROWS)
    recent = [row for row in rows if row.at >= _minute(work.now) - (SHOWN_MINUTES - 1) * MINUTE]
    together = _sum_buckets(recent)
    minutes = [first + place * MINUTE for place in range(DRAWN_MINUTES)]
    by_minute = _by_minute(rows)
    buckets = [_sum_buckets(by_minute[at]) for at in minutes]
    looked_at = await work.one(LAST_LOOK)
    return Overview(
        at=work.now,
        looked_at=looked_at,
        minutes=SHOWN_MINUTES,
        requests=sum(row.requests for row in recent),
        errors=sum(row.errors for row in recent),
        p50_ms=percentile_ms(together, 0.5),
        p95_ms=percentile_ms(together, 0.95),
        per_minute=[sum(row.requests for row in by_minute[at]) for at in minutes],
        p50_per_minute=[percentile_ms(each, 0.5) or 0.0 for each in buckets],
        errors_per_minute=[sum(row.errors for row in by_minute[at]) for at in minutes],
        p95_per_minute=[percentile_ms(each, 0.95) or 0.0 for each in buckets],
        routes=_routes(recent, rows, minutes),
        processes=_processes(await work.all(LIST_PROCESS_MINUTES, first, MOST_ROWS), now=work.now),
        events=_events(events, now=work.now),
        jobs=[_job_queue(each, now=work.now) for each in jobs],
        business=_business(await work.all(LIST_BUSINESS, _first_day(work.now), MOST_FIGURES), now=work.now),
        objectives=await list_objectives(work, objectives=objectives),
        alerts=await _worst_alerts(work),
    )


async def _worst_alerts(work: Work) -> list[Alert]:
    """Those that fire, what is critical first."""
    page = await list_alerts(work, state="firing", limit=MOST_ALERTS)
    return sorted(page.items, key=lambda alert: alert.severity != "critical")


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _by_minute(rows: Iterable[RouteRow]) -> Mapping[datetime, list[RouteRow]]:
    found: dict[datetime, list[RouteRow]] = defaultdict(list)
    for row in rows:
        found[row.at].append(row)
    return found


def _sum_buckets(rows: Iterable[RouteRow]) -> list[int]:
    return [sum(counts) for counts in zip(no_durations(), *(row.buckets for row in rows), strict=True)]


def _routes(
    recent: Iterable[RouteRow], rows: Iterable[RouteRow], minutes: Sequence[datetime]
) -> list[RouteFigures]:
    """Those that are asked most, the busiest first."""
    by_route: dict[str, list[RouteRow]] = defaultdict(list)
    for row in recent:
        by_route[row.route].append(row)
    busiest = sorted(by_route, key=lambda route: -sum(row.requests for row in by_route[route]))[:MOST_ROUTES]
    counts: dict[str, dict[datetime, int]] = {route: {} for route in busiest}
    for row in rows:
        if row.route in counts:
            counts[row.route][row.at] = row.requests
    return [_route(route, by_route[route], [counts[route].get(at, 0) for at in minutes]) for route in busiest]


def _route(route: str, rows: Sequence[RouteRow], per_minute: list[int]) -> RouteFigures:
    buckets = _sum_buckets(rows)
    timed = sum(buckets)
    return RouteFigures(
        route=route,
        requests=sum(row.requests for row in rows),
        errors=sum(row.errors for row in rows),
        refused=sum(row.refused for row in rows),
        mean_ms=round(sum(row.total_us for row in rows) / timed / 1_000, 1) if timed else 0.0,
        p50_ms=percentile_ms(buckets, 0.5),
        p95_ms=percentile_ms(buckets, 0.95),
        per_minute=per_minute,
    )


def _processes(rows: Iterable[ProcessRow], *, now: datetime) -> list[ProcessFigures]:
    by_process: dict[tuple[str, str], list[ProcessRow]] = defaultdict(list)
    for row in rows:
        by_process[row.host, row.process].append(row)
    return [_process(told) for told in by_process.values() if now - told[-1].told_at < SILENT]


def _process(told: Sequence[ProcessRow]) -> ProcessFigures:
    gauges = [msgspec.convert(row.gauges, Gauges) for row in told]
    last = gauges[-1]
    return ProcessFigures(
        host=told[-1].host,
        process=told[-1].process,
        told_at=told[-1].told_at,
        cpu_per_minute=[each.cpu_share for each in gauges],
        **{name: getattr(last, name) for name in Gauges.__struct_fields__},
    )


def _events(backlog: EventBacklog | None, *, now: datetime) -> EventQueue:
    if backlog is None:
        return EventQueue(0, 0.0, 0, 0)
    return EventQueue(backlog.waiting, _age_s(backlog.oldest_at, now), backlog.retrying, backlog.dead)


def _job_queue(backlog: JobBacklog, *, now: datetime) -> JobQueue:
    oldest_s = _age_s(backlog.oldest_at, now)
    return JobQueue(backlog.queue or "started", backlog.waiting, backlog.running, backlog.failed, oldest_s)


def _age_s(at: datetime | None, now: datetime) -> float:
    return round(max(0.0, (now - at).total_seconds()), 1) if at else 0.0


def _first_day(now: datetime) -> object:
    return (now - timedelta(days=BUSINESS_DAYS - 1)).date()


def _business(rows: Iterable[BusinessRow], *, now: datetime) -> list[BusinessFigure]:
    """Figures that there are, in their order; money by currency."""
    days = [(now - timedelta(days=ago)).date() for ago in range(BUSINESS_DAYS - 1, -1, -1)]
    found: dict[str, dict[object, int]] = {figure: {} for figure in ALWAYS_SHOWN}
    for row in rows:
        found.setdefault(row.figure, {})[row.day] = row.amount

    def shown(figure: str) -> BusinessFigure:
        kind, _, label = figure.partition(".")
        currency = label if kind in ("revenue", "refunds") else None
        amounts = [found[figure].get(day, 0) for day in days]
        return BusinessFigure(kind if currency else figure, amounts[-1], currency, amounts)

    ranked = [(place, figure) for figure in found for place, name in enumerate(FIGURES)
              if figure == name or figure.startswith(f"{name}.")]  # fmt: skip
    return [shown(figure) for _, figure in sorted(ranked)]
