"""The worker process: tells events to reactions, runs jobs and schedules."""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial

import structlog

from threadly.modules import admin, payments
from threadly.platform.chores import Chore, doing
from threadly.platform.durable.due import keep_watching
from threadly.platform.durable.engine import Engine
from threadly.platform.garbage import settle_garbage_collector
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.shared_metrics import METRICS_VARIABLE
from threadly.platform.telemetry import configure_logging, metrics
from threadly.platform.telemetry.doors import trace_doors, trace_rules
from threadly.settings import Settings
from threadly.wiring import JOBS, MODULES, RULES, SCHEDULES, WATCHES, make_reactions, observed

__all__ = ["run_worker"]

log = structlog.get_logger(__name__)

# Where processors are scarce, what people wait for goes first.
NICENESS = 15


async def run_worker(settings: Settings, *, on_ready: Callable[[], None] = lambda: None) -> None:
    """Until SIGINT or SIGTERM; what was being done is finished or will be repeated by the next worker."""
    configure_logging(settings)
    os.nice(NICENESS)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runtime = Runtime(settings)
    await runtime.start()
    trace_doors(MODULES)
    trace_rules(RULES)
    if settings.worker_metrics_port and METRICS_VARIABLE not in os.environ:  # else web tells them, too
        metrics.expose(settings, settings.worker_metrics_port)
    async with observed(runtime, "worker") as meter:
        await _work(runtime, meter, stop, on_ready)
    await payments.close_cashier(runtime.works)
    await runtime.stop()


async def _work(
    runtime: Runtime, meter: admin.Meter, stop: asyncio.Event, on_ready: Callable[[], None]
) -> None:
    engine = Engine(runtime.works, runtime.tenants, jobs=JOBS, schedules=SCHEDULES)
    await engine.start()
    relay = Relay(runtime.works, make_reactions(), runtime.tenants, tell=meter.hear)
    relaying = asyncio.create_task(relay.run(stop))
    chores: dict[str, Chore] = {
        "metrics.sample": metrics.keep_sampling,
        "engine.catch_up": engine.keep_catching_up,
        "engine.forget": engine.keep_forgetting,
        "engine.intervene": engine.keep_intervening,
        "due.watch": partial(keep_watching, runtime.works, runtime.tenants, WATCHES),
        "admin.look_after": partial(admin.keep_looking_after, runtime, meter),
    }
    async with doing(chores):
        settle_garbage_collector()
        log.info("worker.ready")
        on_ready()
        holding = asyncio.create_task(engine.hold_slot())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({relaying, holding, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if holding.done():
            log.error(
                "another worker took this one's slot; it ends, to begin anew", exc_info=holding.exception()
            )
        holding.cancel()
    stop.set()
    await relaying
    await engine.stop()
