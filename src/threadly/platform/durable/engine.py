"""The engine: DBOS Transact. Nothing outside this file knows it, except `Work.enqueue`'s one statement.

Each worker holds a numbered slot that names it to DBOS. When a worker dies its lock goes with its connection;
whoever takes the slot next recovers the jobs that were running in it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import NoneType
from typing import Any, TypeVar

import msgspec
import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, StepInfo, WorkflowStatus
from dbos import error as dbos_error
from psycopg.errors import InvalidSchemaName, UndefinedColumn, UndefinedTable
from sqlalchemy.exc import OperationalError, ProgrammingError

from threadly.platform.db import DatabaseUnavailable, NotMigrated, sql
from threadly.platform.durable.jobs import (
    DEFAULT_ATTEMPTS,
    SCHEDULED_AT_ONCE,
    SCHEDULED_QUEUE,
    Job,
    Schedule,
)
from threadly.platform.durable.slot import Slot
from threadly.platform.errors import Kind, Refusal
from threadly.platform.interventions import PENDING, SET_OUTCOME, Pending
from threadly.platform.interventions import TAKE as TAKE_INTERVENTION
from threadly.platform.telemetry.tracing import continue_trace, span
from threadly.platform.tenants import Tenants
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = [
    "Engine",
    "FailedJob",
    "JobNotFailed",
    "JobWentOn",
    "drop_failed_job",
    "list_failed_jobs",
    "migrate_engine",
    "resume_failed_job",
]

log = structlog.get_logger(__name__)

T = TypeVar("T")

ScheduledWorkflow = Callable[[datetime, Any], Coroutine[Any, Any, None]]

# Fixed, so that a new release goes on with the jobs of the one before: jobs must stay compatible with what
# they recorded, as migrations do.
APPLICATION_VERSION = "1"
# Each queue is asked this often by each idle worker. (What people wait for is an event, which NOTIFY tells at
# once; at 0.05 s an idle worker kept a tenth of a core busy.)
POLLING_INTERVAL_S = 0.5
STOP_TIMEOUT_S = 10
FINISHED_KEPT = timedelta(days=30)
FORGET_EVERY_S = 3_600
CATCH_UP_EVERY_S = 3_600
# So long ago something may have been due that is done now.
CAUGHT_UP = timedelta(days=1)
INTERVENE_EVERY_S = 2.0
INTERVENTIONS_AT_ONCE = 20
BATCH_JOBS = 500
FIRST_RETRY_S = 0.5
FAILED = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
FAILED_LISTED = 100

STEP_OUTPUT = sql(
    "platform.get_job_step",
    "SELECT output FROM platform.job_steps WHERE job_id = $1 AND step = $2",
    into=object,
)
RECORD_STEP = sql(
    "platform.record_job_step",
    "INSERT INTO platform.job_steps (job_id, step, output) VALUES ($1, $2, $3)",
    into=NoneType,
)

INSTALLED_AT = sql("platform.installed_at", "SELECT min(created_at) FROM platform.tenants", into=datetime)


class FailedJob(msgspec.Struct, frozen=True):
    """A job that raised after all its attempts, or took worker after worker along."""

    id: str
    job: str
    error: str
    failed_at: datetime


class DurableRun:
    """What a job holds while it runs: see `Run`."""

    def __init__(self, works: Works, tenant: Tenant, job_id: str) -> None:
        self.works = works
        self.tenant = tenant
        self.job_id = job_id

    async def step(
        self, name: str, act: Callable[[], Awaitable[T]], *, attempts: int = DEFAULT_ATTEMPTS
    ) -> T:
        async def traced() -> T:
            with span(name, kind="step"):
                return await act()

        try:
            return await DBOS.run_step_async(
                {
                    "name": name,
                    "retries_allowed": attempts > 1,
                    "max_attempts": attempts,
                    "interval_seconds": FIRST_RETRY_S,
                    "backoff_rate": 2.0,
                },
                traced,
            )
        except dbos_error.DBOSMaxStepRetriesExceeded as given_up:
            # What went wrong, not how often.
            raise given_up.errors[-1] from given_up

    async def transact(self, name: str, act: Callable[[Work], Awaitable[T]]) -> T:
        async def once(work: Work) -> T:
            recorded = await work.one(STEP_OUTPUT, self.job_id, name)
            if recorded is not None:
                return msgspec.convert(recorded, dict[str, Any])["value"]  # type: ignore[no-any-return]
            value = await act(work)
            await work.run(RECORD_STEP, self.job_id, name, {"value": msgspec.to_builtins(value)})
            return value

        return await self.step(name, lambda: self.works.attempt(self.tenant, SYSTEM, once))


class Engine:
    def __init__(
        self, works: Works, tenants: Tenants, *, jobs: Sequence[Job], schedules: Sequence[Schedule]
    ) -> None:
        self._works = works
        self._tenants = tenants
        self._jobs = jobs
        self._schedules = schedules
        self._slot: Slot | None = None

    async def start(self) -> None:
        """Recover and work; queues and schedules go on from here. Raises if the database is not migrated."""
        self._slot = await Slot.take(self._works.database.url)
        config: DBOSConfig = {
            "name": "threadly",
            "system_database_url": self._works.database.url,
            "sys_db_pool_size": 3,
            "run_migrations": False,
            "application_version": APPLICATION_VERSION,
            "executor_id": f"worker-{self._slot.number}",
            "log_level": "WARNING",
            "max_executor_threads": 16,
            "scheduler_polling_interval_sec": 5.0,
            # Of DBOS's own streams and events, which we do not use.
            "notification_coalesce_sec": 0.5,
        }
        DBOS(config=config)
        for job in self._jobs:
            self._register(job)
        scheduled = [(schedule, self._register_schedule(schedule)) for schedule in self._schedules]
        # Launched inside the running loop, so jobs run on it and share the pools.
        DBOS.launch()
        at_once = {SCHEDULED_QUEUE: SCHEDULED_AT_ONCE}
        for job in self._jobs:
            at_once[job.queue] = min(job.at_once, at_once.get(job.queue, job.at_once))
        for queue, limit in at_once.items():
            await DBOS.register_queue_async(
                queue, worker_concurrency=limit, polling_interval_sec=POLLING_INTERVAL_S
            )
        await self._apply_schedules(scheduled)

    async def keep_catching_up(self) -> None:
        """Runs until cancelled: where the machine sleeps, the scheduler's clock does, too."""
        while True:
            try:
                await self.catch_up()
            except Exception:
                log.warning("what was missed is not caught up with for now", exc_info=True)
            await asyncio.sleep(CATCH_UP_EVERY_S)

    async def catch_up(self) -> None:
        """What is due once a day and was missed, since no worker ran, is done once.

        (The engine's own backfill would do it for each day of a season, and only for what has run before.)
        """
        async with self._works.database.unbound() as connection:
            (installed_at,) = INSTALLED_AT.read_all(await connection.fetch(INSTALLED_AT.text))
        now = datetime.now(UTC)
        since = max(now - CAUGHT_UP, installed_at)
        for schedule in self._schedules:
            if schedule.is_daily:
                await asyncio.to_thread(DBOS.backfill_schedule, schedule.job.name, since, now)

    async def hold_slot(self) -> None:
        """Runs until cancelled. Raises SlotLost: then this worker must end, for another has its jobs."""
        assert self._slot, "started before"
        await self._slot.hold()

    async def keep_forgetting(self) -> None:
        """Runs until cancelled: what DBOS keeps of finished jobs would otherwise grow for ever."""
        while True:
            try:
                while await self.forget_finished(before=datetime.now(UTC) - FINISHED_KEPT) == BATCH_JOBS:
                    pass
            except Exception:
                log.warning("finished jobs are not forgotten for now", exc_info=True)
            await asyncio.sleep(FORGET_EVERY_S)

    async def forget_finished(self, *, before: datetime) -> int:
        """Delete a batch of the jobs that succeeded before then. Returns how many; failed ones stay."""
        found = await DBOS.list_workflows_async(
            status="SUCCESS",
            completed_before=before.isoformat(),
            limit=BATCH_JOBS,
            load_input=False,
            load_output=False,
        )
        await DBOS.delete_workflows_async([each.workflow_id for each in found])
        return len(found)

    async def keep_intervening(self) -> None:
        """Runs until cancelled: does what operators ask of failed jobs."""
        while True:
            try:
                await self.intervene()
            except DatabaseUnavailable:
                log.warning("nothing is done for operators; the database does not answer")
            except Exception:
                log.exception("what an operator asked for is not done")
            await asyncio.sleep(INTERVENE_EVERY_S)

    async def intervene(self) -> int:
        """Do what is asked for now, each once; returns how much that was."""
        async with self._works.database.unbound() as connection:
            pending = PENDING.read_all(await connection.fetch(PENDING.text, INTERVENTIONS_AT_ONCE))
        for each in pending:
            tenant = await self._tenants.get(each.tenant_id)
            async with self._works.write(tenant, SYSTEM) as work:
                mine = await work.run(TAKE_INTERVENTION, each.id, work.now)
            if mine:
                outcome = await self._do(each)
                async with self._works.write(tenant, SYSTEM) as work:
                    await work.run(SET_OUTCOME, each.id, outcome)
        return len(pending)

    async def _do(self, asked: Pending) -> str:
        act = resume_failed_job if asked.action == "retry" else drop_failed_job
        try:
            await act(self._works.database.url, asked.subject)
        except Refusal as refusal:
            return refusal.message
        return "done"

    async def stop(self) -> None:
        await asyncio.to_thread(
            DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=STOP_TIMEOUT_S
        )
        # DBOS had made its own threads the loop's default executor, and has now closed them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        if self._slot is not None:
            self._slot.release()

    def _register(self, job: Job) -> None:
        async def workflow(tenant_id: int, traceparent: str, arguments: dict[str, Any]) -> None:
            assert DBOS.workflow_id
            run = DurableRun(self._works, await self._tenants.get(tenant_id), DBOS.workflow_id)
            tenant = run.tenant
            with (
                continue_trace(traceparent, tenant=tenant.slug, tenant_id=tenant.id),
                span(job.name, kind="job", queue=job.queue, job_id=run.job_id),
            ):
                await job.act(run, **arguments)

        DBOS.workflow(name=job.name)(workflow)

    def _register_schedule(self, schedule: Schedule) -> ScheduledWorkflow:
        job = msgspec.structs.replace(schedule.job, queue=SCHEDULED_QUEUE)

        async def fan_out(due: datetime, _context: Any) -> None:
            for tenant in await self._tenants.all():

                async def enqueue(work: Work) -> str:
                    return await work.enqueue(job, job_id=f"{job.name}:{due:%Y%m%dT%H%M%S}:{work.tenant.id}")

                await self._works.attempt(tenant, SYSTEM, enqueue)

        DBOS.workflow(name=f"schedule:{job.name}")(fan_out)
        return fan_out

    async def _apply_schedules(self, scheduled: list[tuple[Schedule, ScheduledWorkflow]]) -> None:
        wanted = {schedule.job.name for schedule, _ in scheduled}
        for known in await DBOS.list_schedules_async():
            if known["schedule_name"] not in wanted:
                await DBOS.delete_schedule_async(known["schedule_name"])
        await DBOS.apply_schedules_async(
            [
                {"schedule_name": schedule.job.name, "workflow_fn": fan_out, "schedule": schedule.cron}
                for schedule, fan_out in scheduled
            ]
        )


async def list_failed_jobs(database_url: str) -> list[FailedJob]:
    """The newest jobs that gave up, of every tenant; FAILED_LISTED at most."""
    with _client(database_url) as client:
        found = await client.list_workflows_async(
            status=FAILED, limit=FAILED_LISTED, sort_desc=True, load_input=False
        )
    return [
        FailedJob(
            each.workflow_id,
            each.name,
            str(each.error)[:500],
            datetime.fromtimestamp((each.updated_at or 0) / 1000).astimezone(),
        )
        for each in found
    ]


async def resume_failed_job(database_url: str, job_id: str) -> None:
    """Have a worker go on with a failed job at the step that failed. Raises JobNotFailed and JobWentOn."""
    with _client(database_url) as client:
        failed = await _get_failed(client, job_id)
        step = _next_step(await client.list_workflow_steps_async(job_id))
        await client.rewind_workflow_async(job_id, start_step=step, queue_name=failed.queue_name)


async def drop_failed_job(database_url: str, job_id: str) -> None:
    """Give a failed job up. Raises JobNotFailed."""
    with _client(database_url) as client:
        await _get_failed(client, job_id)
        await client.delete_workflow_async(job_id)


async def _get_failed(client: DBOSClient, job_id: str) -> WorkflowStatus:
    found = await client.list_workflows_async(workflow_ids=[job_id], status=FAILED, load_input=False)
    if not found:
        raise JobNotFailed
    return found[0]


def _next_step(steps: Sequence[StepInfo]) -> int:
    """The number of the step that failed; the one after the last when the job raised between two."""
    last = max((step["function_id"] for step in steps), default=0)
    failed = min((step["function_id"] for step in steps if step["error"] is not None), default=last + 1)
    if failed < last:
        raise JobWentOn
    return failed


@contextmanager
def _client(database_url: str) -> Iterator[DBOSClient]:
    """Raises DatabaseUnavailable from whatever is done with it."""
    client = DBOSClient(
        system_database_url=database_url,
        system_database_pool_size=1,
        lazy=True,
        retry_connection_errors=False,
    )
    try:
        yield client
    except OperationalError as error:
        raise DatabaseUnavailable from error
    except ProgrammingError as error:
        if isinstance(error.orig, (InvalidSchemaName, UndefinedColumn, UndefinedTable)):
            raise NotMigrated from error
        raise
    finally:
        client.destroy()


class JobNotFailed(Refusal):
    code = "platform.job_not_failed"
    kind = Kind.MISSING
    message = "There is no such failed job; `threadly jobs failed` lists them."


class JobWentOn(Refusal):
    code = "platform.job_went_on"
    kind = Kind.CONFLICT
    message = "That job took more steps after the one that failed, as a saga does to undo itself: drop it."


def migrate_engine(owner_url: str, *, application_role: str) -> None:
    """Create or upgrade the schema `dbos` as its owner, and let the application use it."""
    DBOS.migrate(owner_url, application_role=application_role)
