"""Figures of the running system: requests by route, what the processes hold, what waits, what was done."""

from datetime import datetime

import msgspec

from threadly.modules.admin.types.alerts import Alert
from threadly.modules.admin.types.objectives import ObjectiveStatus

__all__ = ["BusinessFigure", "EventQueue", "JobQueue", "Overview", "ProcessFigures", "RouteFigures"]


class RouteFigures(msgspec.Struct, frozen=True):
    """Of one route in the last minutes. `errors` were answered with 5xx, `refused` with 4xx; percentiles are
    in ms. `per_minute` counts its requests, oldest first; the minute that is not over is left out."""

    route: str
    requests: int
    errors: int
    refused: int
    mean_ms: float
    p50_ms: float | None
    p95_ms: float | None
    per_minute: list[int]


class ProcessFigures(msgspec.Struct, frozen=True):
    """What a process said of itself last. Shares are of one processor or of a pool; `loop_lag_ms` is how late
    its event loop was at worst in the last seconds."""

    host: str
    process: str
    told_at: datetime
    cpu_share: float
    memory_mib: float
    loop_lag_ms: float
    in_flight: int
    db_busy: int
    db_idle: int
    db_size: int
    db_waits: int
    db_wait_ms: float
    hashing_busy: int
    hashing_waiting: int
    valkey_up: bool
    cpu_per_minute: list[float]


class EventQueue(msgspec.Struct, frozen=True):
    """Facts that wait for their reactions, and reactions that failed: will be tried again, or not."""

    waiting: int
    oldest_s: float
    retrying: int
    dead: int


class JobQueue(msgspec.Struct, frozen=True):
    """Jobs of one queue, all communities together."""

    queue: str
    waiting: int
    running: int
    failed: int
    oldest_s: float


class BusinessFigure(msgspec.Struct, frozen=True):
    """`amount` of today: a count, or with a currency minor units of it. `days` are those before and today,
    oldest first."""

    name: str
    amount: int
    currency: str | None
    days: list[int]


class Overview(msgspec.Struct, frozen=True):
    """`minutes` is how far the routes look back; `per_minute`, all routes together, looks an hour.
    `looked_at` is when a worker looked last for what calls for an alert."""

    at: datetime
    looked_at: datetime | None
    minutes: int
    requests: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    per_minute: list[int]
    p50_per_minute: list[float]
    errors_per_minute: list[int]
    p95_per_minute: list[float]
    routes: list[RouteFigures]
    processes: list[ProcessFigures]
    events: EventQueue
    jobs: list[JobQueue]
    business: list[BusinessFigure]
    objectives: list[ObjectiveStatus]
    alerts: list[Alert]
