"""A statement that waits for a lock says so, to whoever follows it."""

import asyncio
from types import NoneType

from tests.conftest import eventually
from threadly.platform.db import sql
from threadly.platform.recording import recording
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.spans import Recording
from threadly.platform.telemetry.tracing import begin_journey, end_journey, follow
from threadly.platform.work import SYSTEM, Tenant

LOCK = sql("tests.lock", "SELECT pg_advisory_xact_lock(4711)", into=NoneType)


async def test_a_followed_statement_notes_that_it_waits_for_a_lock_and_for_how_many(
    runtime: Runtime, tenant: Tenant
) -> None:
    async with recording(runtime, "tests") as keeper:
        assert keeper is not None
        held = asyncio.Event()

        async def wait_for_it() -> Recording:
            journey = begin_journey(None, name="request")
            follow(follower="kareem")
            followed = journey.trail.recording
            assert followed is not None
            await held.wait()
            async with runtime.works.write(tenant, SYSTEM) as work:
                await work.run(LOCK)
            end_journey(journey)
            return followed

        waiting = asyncio.create_task(wait_for_it())
        async with runtime.works.write(tenant, SYSTEM) as work:
            await work.run(LOCK)
            held.set()

            async def noted() -> bool:
                return any(
                    "lock" in each.attributes for followed in keeper.followed for each in followed.spans
                )

            await eventually(noted)
        followed = await waiting
        (statement,) = [each for each in followed.spans if each.name == "tests.lock"]
        assert (statement.attributes["lock"], statement.attributes["blocked_by"]) == ("advisory", 1)
        assert statement.attributes["lock_ms"] >= 50
        assert not keeper.followed
