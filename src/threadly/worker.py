"""The worker process: tells events to reactions, runs jobs and schedules."""

import asyncio
import signal
from collections.abc import Callable

import structlog

from threadly.platform.durable.engine import Engine
from threadly.platform.garbage import settle_garbage_collector
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import configure_logging, configure_tracing, metrics, stop_tracing
from threadly.settings import Settings
from threadly.wiring import JOBS, SCHEDULES, make_reactions

__all__ = ["run_worker"]

log = structlog.get_logger(__name__)


async def run_worker(settings: Settings, *, on_ready: Callable[[], None] = lambda: None) -> None:
    """Until SIGINT or SIGTERM; what was being done is finished or will be repeated by the next worker."""
    configure_logging(settings)
    configure_tracing(settings, "threadly-worker")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runtime = Runtime(settings)
    await runtime.start()
    engine = Engine(runtime.works, runtime.tenants, jobs=JOBS, schedules=SCHEDULES)
    await engine.start()
    relaying = asyncio.create_task(Relay(runtime.works, make_reactions(), runtime.tenants).run(stop))
    chores = [
        asyncio.create_task(metrics.keep_sampling()),
        asyncio.create_task(engine.keep_forgetting()),
    ]
    settle_garbage_collector()
    log.info("worker.ready")
    on_ready()
    holding = asyncio.create_task(engine.hold_slot())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({relaying, holding, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if holding.done():
        log.error("another worker took this one's slot; it ends, to begin anew", exc_info=holding.exception())
    holding.cancel()
    for chore in chores:
        chore.cancel()
    stop.set()
    await relaying
    await engine.stop()
    await runtime.stop()
    stop_tracing()
