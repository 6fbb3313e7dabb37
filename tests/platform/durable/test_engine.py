"""Durable jobs: enqueued with the commit, run once, forgotten, resumed; sagas undo what was done."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import NoneType

import pytest

from tests.conftest import eventually
from threadly.platform.db import sql
from threadly.platform.durable import Job, Run, SagaStep, Schedule, job, run_saga
from threadly.platform.durable.engine import Engine, JobWentOn, list_failed_jobs, resume_failed_job
from threadly.platform.durable.failed import FailedJobRow
from threadly.platform.durable.failed import list_failed_jobs as list_failed_of
from threadly.platform.ids import new_id
from threadly.platform.interventions import Action, list_interventions, record_intervention
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Work

NOTE = sql(
    "test.note",
    "INSERT INTO platform.job_steps (job_id, step, output) VALUES ($1, $2, '{}')",
    into=NoneType,
)
QUEUE = sql("test.queue", "SELECT queue_name FROM dbos.workflow_status WHERE workflow_uuid = $1", into=str)
NOTES = sql("test.notes", "SELECT step FROM platform.job_steps WHERE job_id = $1 ORDER BY done_at", into=str)


def noting(page: str, word: str) -> "Callable[[Work], Awaitable[None]]":
    async def note(work: Work) -> None:
        await work.run(NOTE, page, word)

    return note


@job("test.brew")
async def brew(run: Run, *, page: str) -> None:
    await run.transact("grind", noting(page, "ground"))
    await run.transact("pour", noting(page, "poured"))


@job("test.die_once")
async def die_once(run: Run, *, page: str, killer: bool) -> None:
    await run.transact("before", noting(page, "before"))
    if killer and os.environ.get("TEST_DIES"):
        os.kill(os.getpid(), signal.SIGKILL)
    await run.transact("after", noting(page, "after"))


@job("test.fail_late")
async def fail_late(run: Run, *, page: str) -> None:
    async def refuse() -> None:
        raise RuntimeError("no card today")

    def transact(name: str) -> "Callable[[], Awaitable[None]]":
        return lambda: run.transact(name, noting(page, name))

    await run_saga(
        [
            SagaStep("reserve", transact("reserved"), undo=transact("released")),
            SagaStep("order", transact("ordered"), undo=transact("cancelled")),
            SagaStep("charge", lambda: run.step("charge", refuse, attempts=1)),
        ]
    )


MENDED: set[str] = set()
TRIED: list[str] = []


@job("test.needs_mending")
async def needs_mending(run: Run, *, page: str) -> None:
    def trying(word: str, *, needed: bool) -> "Callable[[Work], Awaitable[None]]":
        async def act(work: Work) -> None:
            TRIED.append(word)
            if needed and page not in MENDED:
                raise RuntimeError("broken")
            await noting(page, word)(work)

        return act

    await run.step("first", lambda: run.works.attempt(run.tenant, SYSTEM, trying("first", needed=False)))
    await run.step(
        "second", lambda: run.works.attempt(run.tenant, SYSTEM, trying("second", needed=True)), attempts=1
    )


@job("test.tick")
async def tick(run: Run) -> None:
    queue = await run.works.attempt(run.tenant, SYSTEM, lambda work: work.one(QUEUE, run.job_id))
    await run.transact("tick", noting(f"clock of {run.tenant.slug}", f"{queue}: {run.job_id}"))


@job("test.call_in_vain")
async def call_in_vain(run: Run, *, page: str) -> None:
    async def call() -> None:
        raise ConnectionResetError("no reply")

    try:
        await run.step("call", call, attempts=2)
    except ConnectionResetError as error:
        await run.transact("note", noting(page, str(error)))
        raise


JOBS: list[Job] = [brew, die_once, fail_late, needs_mending, call_in_vain, tick]
# With seconds, as only a test would have it.
EVERY_SECOND = Schedule("* * * * * *", tick)


@pytest.fixture(scope="module")
async def engine(runtime: Runtime) -> AsyncIterator[Engine]:
    """One for all tests here, since it takes a while to stop."""
    engine = Engine(runtime.works, runtime.tenants, jobs=JOBS, schedules=[EVERY_SECOND])
    await engine.start()
    yield engine
    await engine.stop()


async def notes(runtime: Runtime, tenant: Tenant, page: str) -> list[str]:
    async with runtime.works.read(tenant) as work:
        return await work.all(NOTES, page)


async def test_a_job_runs_if_and_only_if_its_work_was_committed(
    runtime: Runtime, tenant: Tenant, engine: Engine
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with runtime.works.write(tenant, SYSTEM) as work:
            await work.enqueue(brew, page="undone")
            raise ZeroDivisionError
    async with runtime.works.write(tenant, SYSTEM) as work:
        await work.enqueue(brew, page="kept")

    async def brewed() -> bool:
        return await notes(runtime, tenant, "kept") == ["ground", "poured"]

    await eventually(brewed)
    assert await notes(runtime, tenant, "undone") == []


async def test_finished_jobs_are_forgotten_after_a_while(
    runtime: Runtime, tenant: Tenant, engine: Engine
) -> None:
    async with runtime.works.write(tenant, SYSTEM) as work:
        await work.enqueue(brew, page="forgotten")

    async def brewed() -> bool:
        return await notes(runtime, tenant, "forgotten") == ["ground", "poured"]

    await eventually(brewed)
    now = datetime.now(UTC)
    assert await engine.forget_finished(before=now - timedelta(days=1)) == 0

    async def forgotten() -> bool:
        # Its end is written a moment after its last step.
        return await engine.forget_finished(before=now + timedelta(minutes=1)) > 0

    await eventually(forgotten)


async def test_the_same_job_id_twice_is_one_job(runtime: Runtime, tenant: Tenant, engine: Engine) -> None:
    job_id = str(new_id())
    for _ in range(2):
        async with runtime.works.write(tenant, SYSTEM) as work:
            assert await work.enqueue(brew, job_id=job_id, page="once") == job_id

    async def brewed() -> bool:
        return await notes(runtime, tenant, "once") == ["ground", "poured"]

    await eventually(brewed)


async def test_a_saga_that_fails_is_undone_in_reverse_and_the_job_is_listed_as_failed(
    runtime: Runtime, tenant: Tenant, engine: Engine
) -> None:
    async with runtime.works.write(tenant, SYSTEM) as work:
        job_id = await work.enqueue(fail_late, page="shop")

    async def undone() -> bool:
        return await notes(runtime, tenant, "shop") == ["reserved", "ordered", "cancelled", "released"]

    await eventually(undone)

    async def listed() -> bool:
        failed = await list_failed_jobs(runtime.works.database.url)
        return any(each.id == job_id and "no card" in each.error for each in failed)

    await eventually(listed)
    with pytest.raises(JobWentOn):
        await resume_failed_job(runtime.works.database.url, job_id)


async def test_a_step_that_was_tried_often_enough_raises_what_went_wrong(
    runtime: Runtime, tenant: Tenant, engine: Engine
) -> None:
    async with runtime.works.write(tenant, SYSTEM) as work:
        job_id = await work.enqueue(call_in_vain, page="vain")

    async def listed() -> bool:
        failed = await list_failed_jobs(runtime.works.database.url)
        return any((each.id, each.error) == (job_id, "no reply") for each in failed)

    await eventually(listed)
    assert await notes(runtime, tenant, "vain") == ["no reply"]


async def test_a_failed_job_that_is_resumed_goes_on_at_the_step_that_failed(
    runtime: Runtime, tenant: Tenant, engine: Engine
) -> None:
    page = str(new_id())
    async with runtime.works.write(tenant, SYSTEM) as work:
        job_id = await work.enqueue(needs_mending, page=page)

    async def listed() -> bool:
        return job_id in [each.id for each in await list_failed_jobs(runtime.works.database.url)]

    await eventually(listed)
    MENDED.add(page)
    await resume_failed_job(runtime.works.database.url, job_id)

    async def finished() -> bool:
        return await notes(runtime, tenant, page) == ["first", "second"]

    await eventually(finished)
    assert TRIED == ["first", "second", "second"]
    assert not await listed()


async def test_what_an_operator_asks_of_a_failed_job_a_worker_does_once_and_says_what_came_of_it(
    runtime: Runtime, tenant: Tenant, other_tenant: Tenant, engine: Engine
) -> None:
    page = str(new_id())
    async with runtime.works.write(tenant, SYSTEM) as work:
        mending = await work.enqueue(needs_mending, page=page)
        saga = await work.enqueue(fail_late, page=f"{page} saga")

    async def failed(where: Tenant = tenant) -> dict[str, FailedJobRow]:
        async with runtime.works.read(where, fresh=True) as work:
            return {each.id: each for each in await list_failed_of(work)}

    async def both() -> bool:
        return {*await failed()} == {mending, saga}

    await eventually(both)
    found = (await failed())[mending]
    assert (found.job, found.arguments, found.error) == (
        "test.needs_mending",
        {"page": page},
        "RuntimeError: broken",
    )
    assert await failed(other_tenant) == {}

    async def ask(job_id: str, action: Action) -> str | None:
        await runtime.tenants.refresh()
        async with runtime.works.write(tenant, SYSTEM) as work:
            await record_intervention(work, kind="job", subject=job_id, action=action, said="a job")
        await engine.intervene()
        async with runtime.works.read(tenant, fresh=True) as work:
            return (await list_interventions(work))[0].outcome

    MENDED.add(page)
    assert await ask(mending, "retry") == "done"

    async def finished() -> bool:
        return await notes(runtime, tenant, page) == ["first", "second"]

    await eventually(finished)
    assert await ask(mending, "retry") == "There is no such failed job; `threadly jobs failed` lists them."
    assert await ask(saga, "retry") == JobWentOn.message
    assert await ask(saga, "drop") == "done"
    assert await failed() == {}
    assert await engine.intervene() == 0


async def test_a_schedule_starts_its_job_in_every_community_in_a_queue_apart(
    runtime: Runtime, tenant: Tenant, other_tenant: Tenant, engine: Engine
) -> None:
    await runtime.tenants.refresh()

    async def ticked() -> bool:
        found = [await notes(runtime, each, f"clock of {each.slug}") for each in (tenant, other_tenant)]
        return all(ticks and ticks[0].startswith("schedules: test.tick:") for ticks in found)

    await eventually(ticked)
