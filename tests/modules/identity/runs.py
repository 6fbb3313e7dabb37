"""Running jobs here and now, as the engine would, without a worker."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec

from threadly.modules.identity import exports, jobs
from threadly.platform.db import sql
from threadly.platform.durable import Job
from threadly.platform.ids import new_id
from threadly.platform.work import SYSTEM, Tenant, Work, Works
from threadly.wiring import EXPORTS

__all__ = ["RunNow", "run_job", "run_queued_jobs"]

T = TypeVar("T")

JOBS = [*jobs.JOBS, *exports.JOBS, exports.gathering(EXPORTS)]


class QueuedJob(msgspec.Struct):
    name: str
    inputs: str


class Inputs(msgspec.Struct):
    namedArgs: "NamedArguments"  # noqa: N815  # the engine's name


class NamedArguments(msgspec.Struct):
    arguments: dict[str, Any]


# Taken and marked in one statement, so that a job runs once. A schedule of the engine's own, which other
# tests may have started, keeps its inputs in another form.
TAKE_QUEUED = sql(
    "test.take_queued_jobs",
    """
    UPDATE dbos.workflow_status w SET status = 'SUCCESS' FROM dbos.workflow_input i
    WHERE i.workflow_uuid = w.workflow_uuid AND w.status = 'ENQUEUED'
      AND CASE WHEN w.serialization = 'portable_json'
          THEN i.inputs::json -> 'namedArgs' ->> 'tenant_id' = platform.tenant_id()::text END
    RETURNING w.name, i.inputs
    """,
    into=QueuedJob,
)


class RunNow:
    """A `Run` whose steps are tried once."""

    def __init__(self, works: Works, tenant: Tenant) -> None:
        self.works = works
        self.tenant = tenant
        self.job_id = str(new_id())

    async def step(self, name: str, act: Callable[[], Awaitable[T]], *, attempts: int = 1) -> T:
        return await act()

    async def transact(self, name: str, act: Callable[[Work], Awaitable[T]]) -> T:
        return await self.works.attempt(self.tenant, SYSTEM, act)


async def run_job(works: Works, tenant: Tenant, job: Job, **arguments: object) -> None:
    await job.act(RunNow(works, tenant), **arguments)


async def run_queued_jobs(works: Works, tenant: Tenant, *, jobs: Sequence[Job] = JOBS) -> int:
    """Run those of `jobs` (this module's) that were enqueued for `tenant`; returns how many there were."""
    by_name = {job.name: job for job in jobs}
    queued = await works.attempt(tenant, SYSTEM, lambda work: work.all(TAKE_QUEUED))
    for each in queued:
        inputs = msgspec.json.decode(each.inputs, type=Inputs)
        await run_job(works, tenant, by_name[each.name], **inputs.namedArgs.arguments)
    return len(queued)
