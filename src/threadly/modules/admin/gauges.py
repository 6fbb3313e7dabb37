"""What can be read of a process at any moment, and of the queues that all of them share."""

import asyncio
import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
import psutil
import structlog

from threadly.modules import identity
from threadly.modules.admin.repository.alerts import LAST_LOOK
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.durable.backlog import read_event_backlog, read_job_backlog
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import metrics
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import SYSTEM

__all__ = ["Gauges", "LoopLag", "keep_counting_queues", "watch_process"]

log = structlog.get_logger(__name__)

MIB: Final = 1_048_576
LOOK_EVERY_S: Final = 0.5
# A peak is seen for some seconds: after five it is a half.
FADING: Final = 0.93
QUEUES_EVERY_S: Final = 15.0


class Gauges(msgspec.Struct, frozen=True):
    """One reading of a process; stored as JSON, so fields are added with a default. `db_wait_ms` is the
    longest wait for a connection since the last reading, `db_waits` how many waited at all."""

    cpu_share: float = 0.0
    memory_mib: float = 0.0
    loop_lag_ms: float = 0.0
    in_flight: int = 0
    db_busy: int = 0
    db_idle: int = 0
    db_size: int = 0
    db_waits: int = 0
    db_wait_ms: float = 0.0
    hashing_busy: int = 0
    hashing_waiting: int = 0
    valkey_up: bool = True


class LoopLag:
    """How late the event loop comes to what is due: with what else it was busy, everybody waits."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def keep_looking(self) -> None:
        """Runs until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            self.worst_s = max(loop.time() - due, self.worst_s * FADING, 0.0)


def watch_process(runtime: Runtime, lag: LoopLag) -> Callable[[], Gauges]:
    """Have this process's gauges at /metrics. What this returns reads them too, all but those that are about
    the time between two readings."""
    process = psutil.Process(os.getpid())
    pools = 2 if runtime.database.has_replica else 1
    size = pools * runtime.settings.db_pool_size

    def hashing() -> dict[str, float]:
        busy = min(identity.passwords.in_hand, identity.passwords.threads)
        return {"busy": float(busy), "waiting": float(identity.passwords.in_hand - busy)}

    metrics.watch(
        "threadly_db_connections",
        "Connections to PostgreSQL by pool and state.",
        runtime.database.count_connections,
        label="state",
    )
    metrics.watch("threadly_db_pool_size", "Connections that the pools may have.", lambda: float(size))
    metrics.watch(
        "threadly_valkey_up",
        "1 while Valkey answers, 0 while it is left alone.",
        lambda: 0.0 if runtime.valkey.down else 1.0,
        together="livemin",
    )
    metrics.watch(
        "threadly_event_loop_lag_seconds",
        "How late the event loop was, at worst in the last seconds.",
        lambda: lag.worst_s,
        together="livemax",
    )
    metrics.watch(
        "threadly_memory_bytes",
        "Resident memory of each process.",
        lambda: float(process.memory_info().rss),
        together="liveall",
    )
    metrics.watch(
        "threadly_password_hashes",
        "Passwords that are hashed or wait for it.",
        hashing,
        label="state",
    )

    def read() -> Gauges:
        connections, hashes = runtime.database.count_connections(), hashing()
        in_flight = metrics.read_gauges().get("threadly_requests_in_flight", 0.0)
        return Gauges(
            memory_mib=round(process.memory_info().rss / MIB, 1),
            loop_lag_ms=round(lag.worst_s * 1_000, 1),
            in_flight=int(in_flight) if isinstance(in_flight, float) else 0,
            db_busy=int(sum(count for state, count in connections.items() if state.endswith("busy"))),
            db_idle=int(sum(count for state, count in connections.items() if state.endswith("idle"))),
            db_size=size,
            hashing_busy=int(hashes["busy"]),
            hashing_waiting=int(hashes["waiting"]),
            valkey_up=not runtime.valkey.down,
        )

    return read


async def keep_counting_queues(runtime: Runtime, *, every_s: float = QUEUES_EVERY_S) -> None:
    """Runs until cancelled, in each process: what waits for the workers, at /metrics. All see the same, and
    the newest reading counts."""
    queues = _Queues()
    while True:
        try:
            await queues.read(runtime)
        except DatabaseUnavailable:
            log.debug("the queues cannot be counted; the database does not answer")
        except Exception:
            log.exception("the queues cannot be counted")
        await asyncio.sleep(every_s)


class _Queues:
    def __init__(self) -> None:
        self._events: dict[str, float] = {"waiting": 0.0, "retrying": 0.0, "dead": 0.0}
        self._oldest_event_s = 0.0
        self._jobs: dict[str, dict[str, float]] = {"waiting": {}, "running": {}, "failed": {}}
        self._oldest_job_s: dict[str, float] = {}
        self._unwatched_s = 0.0
        self._since = time.time()
        self._watch()

    async def read(self, runtime: Runtime) -> None:
        events, jobs = await read_event_backlog(runtime.database), await read_job_backlog(runtime.database)
        now, looked_at = time.time(), await _last_look(runtime)
        self._unwatched_s = max(0.0, now - (looked_at.timestamp() if looked_at else self._since))
        self._events["waiting"] = float(sum(each.waiting for each in events))
        self._events["retrying"] = float(sum(each.retrying for each in events))
        self._events["dead"] = float(sum(each.dead for each in events))
        oldest = [each.oldest_at.timestamp() for each in events if each.oldest_at]
        self._oldest_event_s = max(0.0, now - min(oldest)) if oldest else 0.0
        # A queue that has become empty is told as such, and not left where it was.
        for by_queue in (*self._jobs.values(), self._oldest_job_s):
            by_queue.update(dict.fromkeys(by_queue, 0.0))
        for job in jobs:
            self._jobs["waiting"][job.queue] = float(job.waiting)
            self._jobs["running"][job.queue] = float(job.running)
            self._jobs["failed"][job.queue] = float(job.failed)
            self._oldest_job_s[job.queue] = (
                max(0.0, now - job.oldest_at.timestamp()) if job.oldest_at else 0.0
            )

    def _watch(self) -> None:
        metrics.watch(
            "threadly_outbox_events",
            "Facts that wait for their reactions, and reactions that failed.",
            lambda: self._events,
            label="state",
            together="livemostrecent",
        )
        metrics.watch(
            "threadly_outbox_oldest_seconds",
            "For how long the oldest fact has waited.",
            lambda: self._oldest_event_s,
            together="livemostrecent",
        )
        metrics.watch(
            "threadly_unwatched_seconds",
            "For how long no worker has looked for what calls for an alert.",
            lambda: self._unwatched_s,
            together="livemostrecent",
        )
        for state, says in (("waiting", "that wait"), ("running", "that run"), ("failed", "that gave up")):
            by_queue = self._jobs[state]
            metrics.watch(
                f"threadly_jobs_{state}",
                f"Jobs {says}, by queue.",
                lambda by_queue=by_queue: by_queue,  # type: ignore[misc]  # a default of a lambda has no type
                label="queue",
                together="livemostrecent",
            )
        metrics.watch(
            "threadly_jobs_oldest_seconds",
            "For how long the oldest job of a queue has waited.",
            lambda: self._oldest_job_s,
            label="queue",
            together="livemostrecent",
        )


async def _last_look(runtime: Runtime) -> datetime | None:
    """At the first community, which every installation has."""
    async with runtime.works.read(await runtime.tenants.get(PUBLIC_TENANT_ID), SYSTEM) as work:
        return await work.one(LAST_LOOK)
