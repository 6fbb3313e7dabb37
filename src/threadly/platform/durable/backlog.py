"""How much waits for the workers: facts for reactions, by tenant, and jobs, by queue."""

from datetime import datetime

import msgspec

from threadly.platform.db import Database

__all__ = ["EventBacklog", "JobBacklog", "read_event_backlog", "read_job_backlog"]

# Security definer: it sees all tenants, and tells no more than counts.
EVENTS = "SELECT tenant_id, waiting, oldest_at, retrying, dead FROM platform.event_backlog()"
# The engine's own table; of what it keeps, only what is not done is looked at.
JOBS = """
SELECT coalesce(queue_name, ''),
       count(*) FILTER (WHERE status IN ('ENQUEUED', 'DELAYED')),
       count(*) FILTER (WHERE status = 'PENDING'),
       count(*) FILTER (WHERE status IN ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')),
       to_timestamp(min(created_at) FILTER (WHERE status = 'ENQUEUED') / 1000.0)
FROM dbos.workflow_status
WHERE status IN ('ENQUEUED', 'DELAYED', 'PENDING', 'ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
GROUP BY 1 ORDER BY 1
"""


class EventBacklog(msgspec.Struct, frozen=True):
    """Of one tenant: facts whose reactions have not run, since when the oldest waits, reactions that failed
    and will be tried again, and those that will not."""

    tenant_id: int
    waiting: int
    oldest_at: datetime | None
    retrying: int
    dead: int


class JobBacklog(msgspec.Struct, frozen=True):
    """Of one queue, all tenants together. `failed` stay until somebody resumes or drops them."""

    queue: str
    waiting: int
    running: int
    failed: int
    oldest_at: datetime | None


async def read_event_backlog(database: Database) -> list[EventBacklog]:
    """Tenants with nothing to do are left out. Raises DatabaseUnavailable."""
    async with database.unbound() as connection:
        return [EventBacklog(*row) for row in await connection.fetch(EVENTS)]


async def read_job_backlog(database: Database) -> list[JobBacklog]:
    """Raises DatabaseUnavailable."""
    async with database.unbound() as connection:
        return [JobBacklog(*row) for row in await connection.fetch(JOBS)]
