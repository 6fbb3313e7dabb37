"""Measuring, for the time that a process serves: its meter and its gauges, told to Prometheus and to the
database."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import structlog
from msgspec.structs import replace

from threadly.modules.admin.counters import CPU_SECONDS
from threadly.modules.admin.gauges import Gauges, LoopLag, keep_counting_queues, watch_process
from threadly.modules.admin.meter import Meter
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.repository.figures import TELL_PROCESS
from threadly.platform.chores import Chore, doing
from threadly.platform.errors import Refusal
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import SYSTEM, Work

__all__ = ["measuring"]

log = structlog.get_logger(__name__)

FLUSH_EVERY_S: Final = 10.0


@asynccontextmanager
async def measuring(runtime: Runtime, keeper: Keeper | None, *, service: str) -> AsyncIterator[Meter]:
    """Measures inside. `service` is "web" or "worker". Without a keeper (THREADLY_TRACES) nothing is seen of
    requests and reactions."""
    meter, lag = Meter(read_objectives(runtime.settings)), LoopLag()
    if keeper is not None:
        keeper.observers.append(meter.observe)
    reporter = _Reporter(runtime, meter, watch_process(runtime, lag), service)
    chores: dict[str, Chore] = {
        "meter.lag": lag.keep_looking,
        "meter.flush": reporter.keep_flushing,
        "meter.queues": partial(keep_counting_queues, runtime),
    }
    try:
        async with doing(chores):
            yield meter
    finally:
        if keeper is not None:
            keeper.observers.remove(meter.observe)
        meter.tell_prometheus()
        with suppress(Refusal):  # the database went first
            await meter.flush(runtime)


class _Reporter:
    """Tells the counters and the database, every few seconds, what the meter saw and the process holds."""

    def __init__(self, runtime: Runtime, meter: Meter, read: Callable[[], Gauges], service: str) -> None:
        self._runtime = runtime
        self._meter = meter
        self._read = read
        self._service = service
        self._host = socket.gethostname()
        self._process = f"{service}-{os.getpid()}"
        self._cpu_s = time.process_time()
        self._at = time.monotonic()

    async def keep_flushing(self, *, every_s: float = FLUSH_EVERY_S) -> None:
        """Runs until cancelled; no outage ends it."""
        while True:
            await asyncio.sleep(every_s)
            self._meter.tell_prometheus()
            try:
                await self._meter.flush(self._runtime)
                await self._tell_of_process()
            except Refusal as refusal:
                log.debug("figures wait for the database", reason=refusal.code)

    async def _tell_of_process(self) -> None:
        gauges = self._gauges()
        tenant = await self._runtime.tenants.get(PUBLIC_TENANT_ID)

        async def tell(work: Work) -> None:
            await work.run(TELL_PROCESS, self._host, self._process, work.now, gauges)

        await self._runtime.works.attempt(tenant, SYSTEM, tell)

    def _gauges(self) -> Gauges:
        cpu_s, at = time.process_time(), time.monotonic()
        used_s, passed_s = cpu_s - self._cpu_s, at - self._at
        self._cpu_s, self._at = cpu_s, at
        CPU_SECONDS.labels(self._service).inc(used_s)
        meter = self._meter
        waits, worst_us = meter.pool_waits, meter.pool_worst_us
        meter.pool_waits = meter.pool_worst_us = 0
        return replace(
            self._read(),
            cpu_share=round(used_s / max(passed_s, 1e-3), 4),
            db_waits=waits,
            db_wait_ms=round(worst_us / 1_000, 1),
        )
