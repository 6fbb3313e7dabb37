"""What is due is enqueued once, by however many workers look, and no outage ends the looking."""

import asyncio
from datetime import timedelta

from tests.conftest import eventually
from tests.modules.identity.runs import TAKE_QUEUED
from tests.modules.payments.till import Clock
from threadly.platform.db import Database, sql
from threadly.platform.durable import Job, Run, job
from threadly.platform.durable.due import Due, Watch, keep_watching, look
from threadly.platform.ids import UUID, new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Works


@job("test.see_to")
async def see_to(_run: Run, *, subject_id: str, tries: int) -> None:
    """Never run here: what is enqueued is looked at."""


def watch_of(tenant: Tenant, subjects: list[UUID], *, tries: int = 0, task: Job = see_to) -> Watch:
    listed = " UNION ALL ".join(
        f"SELECT {tenant.id} AS tenant_id, '{each}'::uuid AS subject_id, {tries} AS tries"
        for each in subjects
    )
    return Watch("test.due", sql("test.due", f"SELECT * FROM ({listed}) AS due LIMIT $1", into=Due), task)


async def enqueued(works: Works, tenant: Tenant) -> list[str]:
    async with works.write(tenant, SYSTEM) as work:
        rows = await work.all(TAKE_QUEUED)
    return [each.inputs for each in rows if each.name == "test.see_to"]


async def test_what_is_due_becomes_one_job(runtime: Runtime, tenant: Tenant) -> None:
    subjects = [new_id(), new_id()]
    watch = watch_of(tenant, subjects)
    looks = (look(runtime.works, runtime.tenants, watch) for _ in range(5))
    assert await asyncio.gather(*looks) == [2] * 5
    found = await enqueued(runtime.works, tenant)
    assert len(found) == 2
    assert all(any(str(subject) in each for each in found) for subject in subjects)


async def test_the_next_turn_is_another_job(runtime: Runtime, tenant: Tenant) -> None:
    subject = new_id()
    for tries in (0, 1, 1):
        await look(runtime.works, runtime.tenants, watch_of(tenant, [subject], tries=tries))
    assert len(await enqueued(runtime.works, tenant)) == 2


async def test_a_turn_that_came_to_nothing_is_given_again_later(runtime: Runtime, tenant: Tenant) -> None:
    clock = Clock()
    works = Works(runtime.database, runtime.settings, clock=clock)
    watch = watch_of(tenant, [new_id()])
    await look(works, runtime.tenants, watch)
    clock.ahead = timedelta(minutes=5)
    await look(works, runtime.tenants, watch)
    assert len(await enqueued(works, tenant)) == 2


async def test_each_tenants_own_job_is_made(runtime: Runtime, tenant: Tenant, other_tenant: Tenant) -> None:
    await runtime.tenants.refresh()
    mine, theirs = watch_of(tenant, [new_id()]), watch_of(other_tenant, [new_id()])
    both = Watch(
        "test.both",
        sql(
            "test.both",
            f"{mine.statement.text.replace('LIMIT $1', '')} UNION ALL {theirs.statement.text}",
            into=Due,
        ),
        see_to,
    )
    assert await look(runtime.works, runtime.tenants, both) == 2
    assert len(await enqueued(runtime.works, tenant)) == 1
    assert len(await enqueued(runtime.works, other_tenant)) == 1


async def test_an_outage_or_a_broken_watch_does_not_end_the_looking(runtime: Runtime, tenant: Tenant) -> None:
    database = Database(runtime.database.url)
    await database.start()
    await database.stop()  # which is what an outage looks like from here
    works = Works(database, runtime.settings)
    broken = Watch("test.broken", sql("test.broken", "SELECT $1::int FROM nothing", into=Due), see_to)
    watching = asyncio.create_task(
        keep_watching(works, runtime.tenants, [broken, watch_of(tenant, [new_id()])], every_s=0.01)
    )
    await asyncio.sleep(0.1)
    assert not watching.done()
    await database.start()

    async def made() -> bool:
        return bool(await enqueued(runtime.works, tenant))

    await eventually(made)
    assert not watching.done()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await database.stop()
