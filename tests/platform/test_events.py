"""Events: durable with the Work, told once to each reaction, and set aside when a reaction fails."""

import asyncio
import os
import signal
import subprocess
import sys
from types import NoneType

import asyncpg
import pytest

from tests.conftest import eventually
from threadly.platform.db import sql
from threadly.platform.events import Event, Reactions
from threadly.platform.ids import UUID, new_id
from threadly.platform.relay import (
    BATCH_SIZE,
    BATCHES_PER_TURN,
    MAX_ATTEMPTS,
    Relay,
    drop_dead_letter,
    list_dead_letters,
    replay_events,
    retry_dead_letter,
)
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Work, Works
from threadly.settings import Settings


class BreadBaked(Event, frozen=True, tag="test.bread_baked"):
    loaf_id: UUID


class BreadEaten(Event, frozen=True, tag="test.bread_eaten"):
    loaf_id: UUID


# Job steps serve as a notebook with a primary key: a reaction that runs twice would collide.
NOTE = sql(
    "test.note", "INSERT INTO platform.job_steps (job_id, step, output) VALUES ($1, $2, '{}')", into=NoneType
)
NOTES = sql("test.notes", "SELECT step FROM platform.job_steps WHERE job_id = $1 ORDER BY step", into=str)
MAKE_DUE = sql(
    "test.make_due",
    "UPDATE platform.failed_reactions SET next_attempt_at = now() WHERE dead_at IS NULL",
    into=NoneType,
)


async def smell(work: Work, event: BreadBaked) -> None:
    await work.run(NOTE, str(event.loaf_id), "smelled")


async def bake(works: Works, tenant: Tenant, count: int = 1) -> list[UUID]:
    loaves = [new_id() for _ in range(count)]
    async with works.write(tenant, SYSTEM) as work:
        for loaf in loaves:
            work.emit(BreadBaked(loaf_id=loaf))
    return loaves


async def notes(works: Works, tenant: Tenant, loaf: UUID) -> list[str]:
    async with works.read(tenant) as work:
        return await work.all(NOTES, str(loaf))


async def make_due(works: Works, tenant: Tenant) -> None:
    async with works.write(tenant, SYSTEM) as work:
        await work.run(MAKE_DUE)


def relay_with(runtime: Runtime, reactions: Reactions) -> Relay:
    return Relay(runtime.works, reactions, runtime.tenants)


async def test_a_reaction_sees_every_event_once_however_many_relays_run(
    runtime: Runtime, tenant: Tenant
) -> None:
    reactions = Reactions()
    reactions.on(BreadBaked, smell, name="test.smell")
    loaves = await bake(runtime.works, tenant, 250)
    handled = await asyncio.gather(*[relay_with(runtime, reactions).drain(tenant) for _ in range(4)])
    assert sum(handled) == 250
    for loaf in loaves:
        assert await notes(runtime.works, tenant, loaf) == ["smelled"]


async def test_an_event_of_a_work_that_raised_was_never_emitted(runtime: Runtime, tenant: Tenant) -> None:
    with pytest.raises(ZeroDivisionError):
        async with runtime.works.write(tenant, SYSTEM) as work:
            work.emit(BreadBaked(loaf_id=new_id()))
            raise ZeroDivisionError
    reactions = Reactions()
    reactions.on(BreadBaked, smell, name="test.smell")
    assert await relay_with(runtime, reactions).drain(tenant) == 0


async def test_a_running_relay_is_woken_by_the_commit(runtime: Runtime, tenant: Tenant) -> None:
    reactions = Reactions()
    reactions.on(BreadBaked, smell, name="test.smell")
    stop = asyncio.Event()
    running = asyncio.create_task(relay_with(runtime, reactions).run(stop))
    (loaf,) = await bake(runtime.works, tenant)

    async def smelled() -> bool:
        return await notes(runtime.works, tenant, loaf) == ["smelled"]

    await eventually(smelled)
    stop.set()
    await asyncio.wait_for(running, 30)


async def test_a_failing_reaction_is_set_aside_and_the_others_go_on(runtime: Runtime, tenant: Tenant) -> None:
    async def choke(work: Work, event: BreadBaked) -> None:
        await work.run(NOTE, str(event.loaf_id), "half eaten")
        raise RuntimeError("too dry")

    reactions = Reactions()
    reactions.on(BreadBaked, choke, name="test.choke")
    reactions.on(BreadBaked, smell, name="test.smell")
    relay = relay_with(runtime, reactions)
    first, second = await bake(runtime.works, tenant, 2)
    await relay.drain(tenant)
    # The other reaction's effect is there, nothing of the failed one's.
    assert await notes(runtime.works, tenant, first) == ["smelled"]
    assert await notes(runtime.works, tenant, second) == ["smelled"]

    for _ in range(MAX_ATTEMPTS):
        async with runtime.works.write(tenant, SYSTEM) as work:
            assert await list_dead_letters(work) == []
            await work.run(MAKE_DUE)
        await relay.drain(tenant)
        async with runtime.works.read(tenant) as work:
            if await list_dead_letters(work):
                break
    async with runtime.works.read(tenant) as work:
        dead = await list_dead_letters(work)
    assert {letter.reaction for letter in dead} == {"test.choke"}
    assert all("too dry" in letter.error and letter.attempts == MAX_ATTEMPTS for letter in dead)

    # The operator mends the cause, retries one and drops the other.
    healed = Reactions()

    async def swallow(work: Work, event: BreadBaked) -> None:
        await work.run(NOTE, str(event.loaf_id), "eaten")

    healed.on(BreadBaked, swallow, name="test.choke")
    async with runtime.works.write(tenant, SYSTEM) as work:
        await retry_dead_letter(work, event_id=dead[0].event_id, reaction="test.choke")
        await drop_dead_letter(work, event_id=dead[1].event_id, reaction="test.choke")
    await relay_with(runtime, healed).drain(tenant)
    async with runtime.works.read(tenant) as work:
        assert await list_dead_letters(work) == []
    eaten = [await notes(runtime.works, tenant, loaf) for loaf in (first, second)]
    assert sorted(eaten) == [["eaten", "smelled"], ["smelled"]]


async def test_kept_events_can_be_replayed_to_one_reaction(runtime: Runtime, tenant: Tenant) -> None:
    reactions = Reactions()
    reactions.on(BreadBaked, smell, name="test.smell")
    loaves = await bake(runtime.works, tenant, 3)
    await relay_with(runtime, reactions).drain(tenant)

    async def photograph(work: Work, event: BreadBaked) -> None:
        await work.run(NOTE, str(event.loaf_id), "photographed")

    reactions.on(BreadBaked, photograph, name="test.photograph")
    async with runtime.works.write(tenant, SYSTEM) as work:
        since = work.now.replace(year=2000)
        assert (
            await replay_events(work, reaction="test.photograph", event="test.bread_baked", since=since) == 3
        )
    await relay_with(runtime, reactions).drain(tenant)
    for loaf in loaves:
        assert await notes(runtime.works, tenant, loaf) == ["photographed", "smelled"]


async def test_an_event_that_this_version_does_not_know_waits_for_one_that_does(
    runtime: Runtime, tenant: Tenant
) -> None:
    (loaf,) = await bake(runtime.works, tenant)
    older = Reactions()
    older.declare(BreadEaten)
    assert await relay_with(runtime, older).drain(tenant) == 0
    newer = Reactions()
    newer.on(BreadBaked, smell, name="test.smell")
    assert await relay_with(runtime, newer).drain(tenant) == 1
    assert await notes(runtime.works, tenant, loaf) == ["smelled"]


async def test_a_retry_that_this_version_does_not_know_waits_for_one_that_does(
    runtime: Runtime, tenant: Tenant
) -> None:
    async def choke(_work: Work, _event: BreadBaked) -> None:
        raise RuntimeError("too dry")

    newer = Reactions()
    newer.on(BreadBaked, choke, name="test.new")
    (loaf,) = await bake(runtime.works, tenant)
    await relay_with(runtime, newer).drain(tenant)
    older = Reactions()
    older.declare(BreadBaked)
    await make_due(runtime.works, tenant)
    await relay_with(runtime, older).drain(tenant)

    mended = Reactions()
    mended.on(BreadBaked, smell, name="test.new")
    await make_due(runtime.works, tenant)
    assert await relay_with(runtime, mended).drain(tenant) == 1
    assert await notes(runtime.works, tenant, loaf) == ["smelled"]


async def test_a_tenant_with_much_to_do_lets_the_others_take_their_turn(
    runtime: Runtime, tenant: Tenant, other_tenant: Tenant
) -> None:
    order: list[int] = []

    async def look(work: Work, _event: BreadBaked) -> None:
        order.append(work.tenant.id)

    reactions = Reactions()
    reactions.on(BreadBaked, look, name="test.look")
    many = (BATCHES_PER_TURN + 1) * BATCH_SIZE
    await bake(runtime.works, tenant, many)
    await bake(runtime.works, other_tenant)
    stop = asyncio.Event()
    running = asyncio.create_task(relay_with(runtime, reactions).run(stop))

    async def seen() -> bool:
        return order.count(tenant.id) == many and other_tenant.id in order

    await eventually(seen)
    stop.set()
    await asyncio.wait_for(running, 30)
    assert order[-1] == tenant.id


async def test_a_relay_stops_between_two_batches(runtime: Runtime, tenant: Tenant) -> None:
    stop = asyncio.Event()
    seen: list[UUID] = []

    async def look(work: Work, event: BreadBaked) -> None:
        if work.tenant.id == tenant.id:  # other tests leave events in theirs
            seen.append(event.loaf_id)
            stop.set()

    reactions = Reactions()
    reactions.on(BreadBaked, look, name="test.look")
    await bake(runtime.works, tenant, 2 * BATCH_SIZE)
    await asyncio.wait_for(relay_with(runtime, reactions).run(stop), 30)
    assert len(seen) == BATCH_SIZE


async def test_the_trace_travels_with_the_event(runtime: Runtime, tenant: Tenant) -> None:
    from threadly.platform.telemetry.tracing import continue_trace, current_traceparent

    seen: list[str | None] = []

    async def look(_work: Work, _event: BreadBaked) -> None:
        seen.append(current_traceparent())

    reactions = Reactions()
    reactions.on(BreadBaked, look, name="test.look")
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    with continue_trace(f"00-{trace_id}-00f067aa0ba902b7-01"):
        await bake(runtime.works, tenant)
    await relay_with(runtime, reactions).drain(tenant)
    assert [str(traceparent).split("-")[1] for traceparent in seen] == [trace_id]


# Run in a process of its own, which is killed in the middle of a reaction.
KILLED_MIDWAY = """
import asyncio, os, signal, sys
from tests.platform.test_events import BreadBaked, NOTE
from threadly.platform.events import Reactions
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.settings import read_settings

async def die(work, event):
    await work.run(NOTE, str(event.loaf_id), "smelled")
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    runtime = Runtime(read_settings(dotenv=None))
    await runtime.start()
    reactions = Reactions()
    reactions.on(BreadBaked, die, name="test.smell")
    await Relay(runtime.works, reactions, runtime.tenants).drain(await runtime.tenants.get(int(sys.argv[1])))

asyncio.run(main())
"""


async def test_a_worker_killed_in_a_reaction_loses_and_doubles_nothing(
    runtime: Runtime, settings: Settings, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    loaves = await bake(runtime.works, tenant, 5)
    servers = {"DATABASE_URL": str(settings.database_url), "VALKEY_URL": str(settings.valkey_url)}
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED_MIDWAY, str(tenant.id)],
        timeout=60,
        check=False,
        env={**os.environ, **servers, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.returncode == -signal.SIGKILL
    for loaf in loaves:
        assert await notes(runtime.works, tenant, loaf) == []
    reactions = Reactions()
    reactions.on(BreadBaked, smell, name="test.smell")

    async def drained() -> bool:
        # The server may need a moment to notice that the killed worker's connection is gone.
        await relay_with(runtime, reactions).drain(tenant)
        waiting = "SELECT count(*) FROM platform.outbox WHERE tenant_id = $1 AND done_at IS NULL"
        return bool(await owner.fetchval(waiting, tenant.id) == 0)

    await eventually(drained)
    for loaf in loaves:
        assert await notes(runtime.works, tenant, loaf) == ["smelled"]
