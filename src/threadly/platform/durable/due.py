"""What is due: rows of a module's own table that say when somebody must see to them.

A process that dies while it drives something leaves such a row behind, and its time comes. Each worker looks
every two seconds and enqueues the job; however many look, a turn is one job.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec
import structlog

from threadly.platform.db import DatabaseUnavailable, Statement
from threadly.platform.durable.jobs import Job
from threadly.platform.ids import UUID
from threadly.platform.tenants import Tenants
from threadly.platform.work import SYSTEM, Work, Works

__all__ = ["Due", "Watch", "keep_watching", "look"]

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0
MOST_AT_ONCE = 200
# A job that failed before it counted its turn (a long outage) gets another chance in the next slot.
SLOT_S = 300


class Due(msgspec.Struct, frozen=True):
    """`tries` counts the turns so far; the job counts its own before it does anything."""

    tenant_id: int
    subject_id: UUID
    tries: int


class Watch(msgspec.Struct, frozen=True):
    """`statement` takes how many to list at most, and sees all tenants (a function of the schema's owner).
    `job` gets `subject_id` and `tries`."""

    name: str
    statement: Statement[Due]
    job: Job


async def keep_watching(
    works: Works, tenants: Tenants, watches: Sequence[Watch], *, every_s: float = LOOK_EVERY_S
) -> None:
    """Runs until cancelled; no outage ends it."""
    while True:
        for watch in watches:
            try:
                await look(works, tenants, watch)
            except DatabaseUnavailable:
                log.warning("cannot look for what is due; the database does not answer", watch=watch.name)
            except Exception:
                log.exception("cannot look for what is due", watch=watch.name)
        await asyncio.sleep(every_s)


async def look(works: Works, tenants: Tenants, watch: Watch) -> int:
    """Enqueue what is due now. Returns how many there were; those enqueued before are among them."""
    async with works.database.unbound() as connection:
        rows = watch.statement.read_all(await connection.fetch(watch.statement.text, MOST_AT_ONCE))
    by_tenant: dict[int, list[Due]] = {}
    for row in rows:
        by_tenant.setdefault(row.tenant_id, []).append(row)
    for tenant_id, due in by_tenant.items():
        await works.attempt(await tenants.get(tenant_id), SYSTEM, partial(_enqueue, watch=watch, due=due))
    return len(rows)


async def _enqueue(work: Work, *, watch: Watch, due: Sequence[Due]) -> None:
    slot = int(work.now.timestamp()) // SLOT_S
    for each in due:
        job_id = f"{watch.job.name}:{each.subject_id}:{each.tries}:{slot}"
        await work.enqueue(watch.job, job_id=job_id, subject_id=each.subject_id, tries=each.tries)
