"""A machine that is off at night: what is due then is done when it is on again."""

from datetime import UTC, datetime, timedelta

import asyncpg

from tests.conftest import eventually
from tests.platform.durable.test_engine import notes, noting
from threadly.platform.durable import Run, Schedule, job
from threadly.platform.durable.engine import Engine
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant


@job("test.sweep")
async def sweep(run: Run) -> None:
    await run.transact("note", noting(f"swept {run.tenant.slug}", run.job_id))


STARTED = "SELECT count(*) FROM dbos.workflow_status WHERE name = 'schedule:test.sweep'"
DUE = (datetime.now(UTC) - timedelta(hours=1)).replace(second=0, microsecond=0)


def test_what_names_its_hour_is_daily() -> None:
    assert [Schedule(cron, sweep).is_daily for cron in ("11 2 * * *", "11 * * * *", "*/5 * * * *")] == [
        True,
        False,
        False,
    ]


async def test_what_was_due_while_no_worker_ran_is_done_once_when_one_does(
    runtime: Runtime, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await runtime.tenants.refresh()
    schedules = [Schedule(f"{DUE.minute} {DUE.hour} * * *", sweep)]
    page = f"swept {tenant.slug}"

    engine = Engine(runtime.works, runtime.tenants, jobs=[sweep], schedules=schedules)
    await engine.start()

    # Before there was an installation nothing was due.
    await engine.catch_up()
    assert await owner.fetchval(STARTED) == 0

    await owner.execute("UPDATE platform.tenants SET created_at = created_at - interval '2 hours'")

    async def swept() -> bool:
        return await notes(runtime, tenant, page) == [f"test.sweep:{DUE:%Y%m%dT%H%M%S}:{tenant.id}"]

    await engine.catch_up()
    await eventually(swept)
    await engine.catch_up()
    assert await owner.fetchval(STARTED) == 1
    await engine.stop()
