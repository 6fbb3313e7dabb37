"""What operators ask of a running process, answered by the process itself.

Every 5 seconds it says that it lives and asks what is wanted: a raised share of traces, a profile. A hint
through Valkey makes it ask at once. And every 10 seconds it stores what its routes have used.
"""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from threadly.modules.admin.repository.processes import ATTEND, LEAVE
from threadly.modules.admin.types.processes import Order
from threadly.modules.admin.verbs.costs import add_costs, by_tenant
from threadly.modules.admin.verbs.profiling import store_profile
from threadly.platform.chores import Chore, doing
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.ids import UUID, new_id
from threadly.platform.pubsub import PubSub
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.costing import Meter
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.profiler import sample_stacks
from threadly.platform.work import SYSTEM, Work

__all__ = ["attending", "call_attention"]

ATTEND_EVERY_S: Final = 5.0
STORE_COSTS_EVERY_S: Final = 10.0
# On which processes are told to ask now.
ATTENTION: Final = "attention"

log = structlog.get_logger(__name__)


async def call_attention(pubsub: PubSub) -> None:
    """Have all processes ask at once what is wanted of them; without Valkey they do within 5 s anyway."""
    await pubsub.publish(ATTENTION, {})


@asynccontextmanager
async def attending(runtime: Runtime, service: str, keeper: Keeper | None) -> AsyncIterator[None]:
    """For the time that a process serves; `keeper` is its recording's, `service` "web" or "worker"."""
    attendant = _Attendant(runtime, service, keeper)
    meter = Meter(service)
    if keeper is not None:
        keeper.observers.append(meter.observe)
    chores: dict[str, Chore] = {
        "admin.hear": attendant.hear,
        "admin.attend": attendant.attend,
        "admin.costs": lambda: _every(STORE_COSTS_EVERY_S, partial(_store_costs, runtime, meter)),
    }
    try:
        async with doing(chores):
            yield
    finally:
        if keeper is not None:
            keeper.observers.remove(meter.observe)
        attendant.stop()
        await asyncio.gather(*attendant.profiles, return_exceptions=True)
        await _unless_away(attendant.leave)
        await _unless_away(partial(_store_costs, runtime, meter))


class _Attendant:
    def __init__(self, runtime: Runtime, service: str, keeper: Keeper | None) -> None:
        self.id = new_id()
        self.profiles: set[asyncio.Task[None]] = set()
        self._runtime = runtime
        self._name = f"{service}-{os.getpid()}"
        self._started_at = datetime.now(UTC)
        self._keeper = keeper
        self._asked = asyncio.Event()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Profiles end early, and are stored."""
        self._stop.set()

    async def hear(self) -> None:
        """Whatever comes, also that something may have been missed, is a reason to ask."""
        async with self._runtime.pubsub.subscribe(ATTENTION) as news:
            async for _ in news:
                self._asked.set()

    async def attend(self) -> None:
        while True:
            self._asked.clear()
            wait_s = ATTEND_EVERY_S
            try:
                wait_s = self._obey(await self._ask())
            except DatabaseUnavailable:
                log.debug("cannot ask what is wanted; the database does not answer")
            try:
                async with asyncio.timeout(wait_s):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def leave(self) -> None:
        """Nobody shall ask it any more."""
        async with self._runtime.works.database.unbound() as connection:
            await connection.fetch(LEAVE.text, self.id)

    async def _ask(self) -> list[Order]:
        mine = (self.id, self._name, socket.gethostname(), self._started_at)
        async with self._runtime.works.database.unbound() as connection:
            return ATTEND.read_all(await connection.fetch(ATTEND.text, *mine))

    def _obey(self, orders: list[Order]) -> float:
        """Returns how long to wait until the next time, in seconds."""
        raised = next((order for order in orders if order.share is not None), None)
        usual = self._runtime.settings.trace_sample
        if self._keeper is not None:
            self._keeper.set_sample(max(usual, raised.share or 0) if raised else usual)
        for order in orders:
            if order.profile_id and order.tenant_id and order.seconds:
                task = asyncio.create_task(self._profile(order.profile_id, order.tenant_id, order.seconds))
                self.profiles.add(task)
                task.add_done_callback(self.profiles.discard)
        left_s = raised.left_s if raised else None
        return min(ATTEND_EVERY_S, max(0.05, left_s)) if left_s is not None else ATTEND_EVERY_S

    async def _profile(self, profile_id: UUID, tenant_id: int, seconds: int) -> None:
        samples = await asyncio.to_thread(sample_stacks, seconds, stop=self._stop)

        async def store(work: Work) -> None:
            await store_profile(work, profile_id=profile_id, samples=samples)

        await _unless_away(lambda: self._write(tenant_id, store))

    async def _write(self, tenant_id: int, act: Callable[[Work], Awaitable[None]]) -> None:
        tenant = await self._runtime.tenants.get(tenant_id)
        await self._runtime.works.attempt(tenant, SYSTEM, act)


async def _store_costs(runtime: Runtime, meter: Meter) -> None:
    """What cannot be stored is lost here, and still counted for Prometheus."""
    for tenant_id, some in by_tenant(meter.take()).items():
        tenant = await runtime.tenants.get(tenant_id)
        await runtime.works.attempt(tenant, SYSTEM, partial(add_costs, used=some))


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await _unless_away(act)


async def _unless_away(act: Callable[[], Awaitable[None]]) -> None:
    """A process goes on serving whatever becomes of its figures."""
    try:
        await act()
    except DatabaseUnavailable:
        log.debug("figures are lost; the database does not answer")
    except Exception:
        log.exception("figures are lost")
