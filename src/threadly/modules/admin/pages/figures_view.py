"""What the overview shows: figures as people read them."""

from collections.abc import Sequence

import msgspec

from threadly.modules.admin.pages.drawing import Line, line
from threadly.modules.admin.pages.promises_view import AlertView, BudgetView, alert_view, budget_view
from threadly.modules.admin.pages.words import in_ms, length
from threadly.modules.admin.types.figures import (
    BusinessFigure,
    JobQueue,
    Overview,
    ProcessFigures,
    RouteFigures,
)
from threadly.modules.admin.types.objectives import Objective
from threadly.platform.money import Money

__all__ = ["OverviewView", "overview_view"]

FEW_ROUTES = 12
LONG_UNWATCHED_S = 180
BUSY = 0.8
NAMES = {
    "orders.paid": "Orders",
    "orders.cancelled": "Orders cancelled",
    "revenue": "Revenue",
    "refunds": "Given back",
    "signups": "Sign-ups",
    "posts": "Posts",
    "comments": "Comments",
}


class Tile(msgspec.Struct, frozen=True):
    """`kind` is "", "wait" or "wrong"."""

    name: str
    number: str
    more: str
    line: Line | None
    kind: str = ""


class RouteView(msgspec.Struct, frozen=True):
    method: str
    path: str
    requests: str
    errors: str
    refused: str
    p50: str
    p95: str
    kind: str
    line: Line


class ProcessView(msgspec.Struct, frozen=True):
    """Widths are in per cent."""

    name: str
    host: str
    cpu: str
    cpu_width: float
    cpu_kind: str
    memory: str
    lag: str
    lag_kind: str
    in_flight: int
    db: str
    db_width: float
    db_kind: str
    db_wait: str
    hashing: str
    valkey: str
    valkey_kind: str
    line: Line


class QueueView(msgspec.Struct, frozen=True):
    name: str
    waiting: int
    running: str
    failed: int
    failed_says: str
    oldest: str
    kind: str


class OverviewView(msgspec.Struct, frozen=True):
    minutes: int
    tiles: list[Tile]
    business: list[Tile]
    alerts: list[AlertView]
    budgets: list[BudgetView]
    routes: list[RouteView]
    hidden_routes: int
    processes: list[ProcessView]
    queues: list[QueueView]
    unwatched: str | None
    at: str


def overview_view(overview: Overview, objectives: Sequence[Objective], *, every: bool) -> OverviewView:
    """`every` route, or the busiest."""
    return OverviewView(
        minutes=overview.minutes,
        tiles=_tiles(overview),
        business=[_business_tile(each) for each in overview.business],
        alerts=[alert_view(each, objectives, now=overview.at) for each in overview.alerts],
        budgets=[budget_view(each) for each in overview.objectives],
        routes=[_route(each) for each in overview.routes[: None if every else FEW_ROUTES]],
        hidden_routes=0 if every else max(0, len(overview.routes) - FEW_ROUTES),
        processes=[_process(each) for each in overview.processes],
        queues=_queues(overview),
        unwatched=_unwatched(overview),
        at=f"{overview.at:%H:%M:%S} UTC",
    )


def _unwatched(overview: Overview) -> str | None:
    """For how long nobody has looked for what calls for an alert, if that is long."""
    if overview.looked_at is None:
        return "Nobody has looked for what calls for an alert yet. Is there a worker?"
    age_s = (overview.at - overview.looked_at).total_seconds()
    if age_s < LONG_UNWATCHED_S:
        return None
    return f"Nobody has looked for what calls for an alert for {length(age_s)}. Is there a worker?"


def _tiles(overview: Overview) -> list[Tile]:
    rate = overview.requests / overview.minutes / 60
    share = overview.errors / overview.requests if overview.requests else 0.0
    return [
        Tile("Requests", f"{rate:,.1f} /s", f"{overview.requests:,} in all", line(overview.per_minute)),
        Tile(
            "Errors",
            f"{share:.2%}",
            f"{overview.errors:,} of them 5xx" if overview.errors else "None of them 5xx",
            line(overview.errors_per_minute),
            "wrong" if share >= 0.01 else "wait" if share else "",
        ),
        Tile("Half are within", in_ms(overview.p50_ms), "Whole answers", line(overview.p50_per_minute)),
        Tile("95% are within", in_ms(overview.p95_ms), "Whole answers", line(overview.p95_per_minute)),
    ]


def _business_tile(figure: BusinessFigure) -> Tile:
    """The drawing is of the last days; the largest before today is what today is compared with."""
    amount = str(Money(figure.amount, figure.currency)) if figure.currency else f"{figure.amount:,}"
    days, yesterday = figure.days, figure.days[-2]
    before = str(Money(yesterday, figure.currency)) if figure.currency else f"{yesterday:,}"
    return Tile(NAMES.get(figure.name, figure.name), amount, f"{before} yesterday", line(days))


def _route(route: RouteFigures) -> RouteView:
    method, _, path = route.route.partition(" ")
    share = route.errors / route.requests
    return RouteView(
        method=method,
        path=path,
        requests=f"{route.requests:,}",
        errors=f"{share:.1%}" if route.errors else "0",
        refused=f"{route.refused:,}",
        p50=in_ms(route.p50_ms),
        p95=in_ms(route.p95_ms),
        kind="wrong" if share >= 0.01 else "wait" if share else "",
        line=line(route.per_minute),
    )


def _process(process: ProcessFigures) -> ProcessView:
    busy = process.db_busy / process.db_size if process.db_size else 0.0
    hashing = f"{process.hashing_busy} busy" if process.hashing_busy else "idle"
    return ProcessView(
        name=process.process,
        host=process.host,
        cpu=f"{process.cpu_share:.0%}",
        cpu_width=round(100 * min(1.0, process.cpu_share), 1),
        cpu_kind="wait" if process.cpu_share >= BUSY else "",
        memory=f"{process.memory_mib:,.0f} MiB",
        lag=in_ms(process.loop_lag_ms),
        lag_kind="wait" if process.loop_lag_ms >= 100 else "",
        in_flight=process.in_flight,
        db=f"{process.db_busy} of {process.db_size}",
        db_width=round(100 * busy, 1),
        db_kind="wait" if busy >= BUSY else "",
        db_wait=f"longest wait {in_ms(process.db_wait_ms)}" if process.db_waits else "nobody waits",
        hashing=f"{hashing}, {process.hashing_waiting} wait" if process.hashing_waiting else hashing,
        valkey="answers" if process.valkey_up else "away",
        valkey_kind="" if process.valkey_up else "wrong",
        line=line(process.cpu_per_minute, most=0.25),
    )


def _queues(overview: Overview) -> list[QueueView]:
    events = overview.events
    first = QueueView(
        name="Events",
        waiting=events.waiting,
        running="–",
        failed=events.dead,
        failed_says=f"{events.retrying:,} tried again" if events.retrying else "",
        oldest=length(events.oldest_s) if events.waiting else "–",
        kind="wrong" if events.dead or events.oldest_s > 60 else "",
    )
    return [first, *(_queue(each) for each in overview.jobs)]


def _queue(queue: JobQueue) -> QueueView:
    return QueueView(
        name=f"Jobs: {queue.queue}",
        waiting=queue.waiting,
        running=f"{queue.running:,}",
        failed=queue.failed,
        failed_says="",
        oldest=length(queue.oldest_s) if queue.waiting else "–",
        kind="wrong" if queue.failed else "wait" if queue.oldest_s > 300 else "",
    )
