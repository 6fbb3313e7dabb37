"""Looking after the system: once a minute, in one of the workers, for each community."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Final

import msgspec
import structlog

from threadly.modules.admin.meter import Meter
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.rules.alerting import Step
from threadly.modules.admin.types.objectives import Objective, Tally
from threadly.modules.admin.verbs.books import compare_books
from threadly.modules.admin.verbs.evaluating import TURN_S, evaluate, find_conditions, take_turn
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.durable.backlog import (
    EventBacklog,
    JobBacklog,
    read_event_backlog,
    read_job_backlog,
)
from threadly.platform.runtime import Runtime
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import SYSTEM, Tenant, Work

__all__ = ["Backlog", "keep_looking_after", "look_after", "read_backlog"]

log = structlog.get_logger(__name__)

ASK_EVERY_S: Final = 15.0


class Backlog(msgspec.Struct, frozen=True):
    """What waits in the whole installation."""

    events: list[EventBacklog]
    jobs: list[JobBacklog]

    def events_of(self, tenant: Tenant) -> EventBacklog | None:
        """None if none wait, and none has failed."""
        return next((each for each in self.events if each.tenant_id == tenant.id), None)

    def jobs_of(self, tenant: Tenant) -> list[JobBacklog]:
        """Jobs are the whole installation's: its first community looks after them."""
        return self.jobs if tenant.id == PUBLIC_TENANT_ID else []


async def keep_looking_after(runtime: Runtime, meter: Meter, *, every_s: float = ASK_EVERY_S) -> None:
    """Runs until cancelled, in each worker; no outage ends it."""
    objectives = read_objectives(runtime.settings)
    asked_at: dict[int, float] = {}
    while True:
        try:
            await _look_after_all(runtime, meter, objectives, asked_at)
        except DatabaseUnavailable:
            log.warning("nobody looks after the objectives; the database does not answer")
        except Exception:
            log.exception("nobody looks after the objectives")
        await asyncio.sleep(every_s)


async def _look_after_all(
    runtime: Runtime, meter: Meter, objectives: Sequence[Objective], asked_at: dict[int, float]
) -> None:
    """Each community whose turn may have come; `asked_at` is when this process asked for it last."""
    now = monotonic()
    due = [each for each in await runtime.tenants.all() if now - asked_at.get(each.id, -TURN_S) >= TURN_S]
    if not due:
        return
    backlog = await read_backlog(runtime)
    for tenant in due:
        asked_at[tenant.id] = now
        _, books = await look_after(runtime, tenant, objectives=objectives, backlog=backlog)
        for name, tally in books.items():
            meter.count(name, tally)


async def look_after(
    runtime: Runtime, tenant: Tenant, *, objectives: Sequence[Objective], backlog: Backlog
) -> tuple[Step | None, dict[str, Tally]]:
    """What came of the look at a community, None if it is not this process's turn; and what was counted of
    its books."""

    async def look(work: Work) -> tuple[Step | None, dict[str, Tally]]:
        if not await take_turn(work):
            return None, {}
        books = await compare_books(work, objectives=objectives)
        conditions = await find_conditions(
            work, objectives=objectives, events=backlog.events_of(tenant), jobs=backlog.jobs_of(tenant)
        )
        return await evaluate(work, conditions=conditions), books

    return await runtime.works.attempt(tenant, SYSTEM, look)


async def read_backlog(runtime: Runtime) -> Backlog:
    """Raises DatabaseUnavailable."""
    return Backlog(await read_event_backlog(runtime.database), await read_job_backlog(runtime.database))
