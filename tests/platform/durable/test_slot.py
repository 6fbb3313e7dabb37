"""A worker's slot: taken back after the database was away, unless somebody else has it by then."""

import asyncio

import asyncpg
import pytest

from tests.conftest import eventually
from threadly.platform.durable.slot import LOCK, Slot, SlotLost
from threadly.settings import Settings


async def test_a_slot_is_taken_back_after_the_database_was_away(settings: Settings) -> None:
    url = str(settings.database_url)
    slot = await Slot.take(url)
    holding = asyncio.create_task(slot.hold())
    lost = await end_connection_of(slot, url)

    async def held_again() -> bool:
        return await holder_of(slot, url) not in (None, lost)

    await eventually(held_again)
    assert not holding.done()
    holding.cancel()
    slot.release()


async def test_a_worker_whose_slot_was_taken_meanwhile_is_told(settings: Settings) -> None:
    url = str(settings.database_url)
    slot = await Slot.take(url)
    await end_connection_of(slot, url)

    async def taken() -> bool:
        thief = await Slot.take(url)
        if thief.number == slot.number:
            thieves.append(thief)
            return True
        thief.release()
        return False

    thieves: list[Slot] = []
    await eventually(taken)
    with pytest.raises(SlotLost):
        await asyncio.wait_for(slot.hold(), 30)
    thieves[0].release()


async def end_connection_of(slot: Slot, url: str) -> int | None:
    """What a restart of the database does to it; a role may end connections of its own. Returns its pid."""
    holder = await holder_of(slot, url)
    connection = await asyncpg.connect(url)
    await connection.execute("SELECT pg_terminate_backend($1)", holder)
    await connection.close()
    return holder


async def holder_of(slot: Slot, url: str) -> int | None:
    """The pid of the connection that holds the number. Looks only: to try the lock would be to take it."""
    connection = await asyncpg.connect(url)
    pid: int | None = await connection.fetchval(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND classid = $2 AND granted",
        slot.number,
        LOCK,
    )
    await connection.close()
    return pid
