"""A durable job whose worker is killed: no other engine may run meanwhile, or it would take the job."""

import asyncio
import os
import signal
import subprocess
import sys

from tests.conftest import eventually
from tests.platform.durable.test_engine import JOBS, die_once, notes
from threadly.platform.durable.engine import Engine
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant

KILLED_MIDWAY = """
import asyncio
from tests.platform.durable.test_engine import JOBS
from threadly.platform.durable.engine import Engine
from threadly.platform.runtime import Runtime
from threadly.settings import read_settings

async def main():
    runtime = Runtime(read_settings(dotenv=None))
    await runtime.start()
    await Engine(runtime.works, runtime.tenants, jobs=JOBS, schedules=[]).start()
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_job_whose_worker_was_killed_goes_on_in_the_next_one_without_repeating_steps(
    runtime: Runtime, tenant: Tenant
) -> None:
    async with runtime.works.write(tenant, SYSTEM) as work:
        await work.enqueue(die_once, page="diary", killer=True)
    servers = {
        "DATABASE_URL": str(runtime.settings.database_url),
        "VALKEY_URL": str(runtime.settings.valkey_url),
        "TEST_DIES": "yes",
    }
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED_MIDWAY],
        timeout=90,
        check=False,
        env={**os.environ, **servers, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.returncode == -signal.SIGKILL
    assert await notes(runtime, tenant, "diary") == ["before"]
    engine = Engine(runtime.works, runtime.tenants, jobs=JOBS, schedules=[])
    await engine.start()

    async def finished() -> bool:
        return await notes(runtime, tenant, "diary") == ["before", "after"]

    await eventually(finished)
    await engine.stop()
