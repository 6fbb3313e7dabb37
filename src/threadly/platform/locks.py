"""Which statements of followed traces wait for a lock, and for how many others: asked of PostgreSQL itself.

Only while somebody follows, and only about statements that already take long; nobody else pays for it.
"""

import asyncio
from time import perf_counter_ns
from typing import Final

import msgspec
import structlog

from threadly.platform.db import Database, DatabaseUnavailable, sql
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.spans import Span

__all__ = ["BACKEND", "keep_noting_locks"]

# The attribute of a statement's span that names its server process.
BACKEND: Final = "backend"
LOOK_EVERY_S: Final = 0.05
MOST_LOOKED_AT: Final = 100

log = structlog.get_logger(__name__)


class Blocked(msgspec.Struct, frozen=True):
    backend: int
    lock: str
    ahead: int


BLOCKED = sql(
    "platform.list_blocked",
    """
    SELECT pid AS backend, wait_event AS lock, cardinality(pg_blocking_pids(pid)) AS ahead
    FROM pg_stat_activity
    WHERE pid = ANY($1::int[]) AND wait_event_type = 'Lock'
    """,
    into=Blocked,
)


async def keep_noting_locks(keeper: Keeper, database: Database) -> None:
    """Runs until cancelled. Notes on the span: `lock` (PostgreSQL's name of what is waited for), `blocked_by`
    (how many sessions) and `lock_ms` (how long so far, to within 50 ms)."""
    while True:
        await keeper.wait_for_followed()
        await asyncio.sleep(LOOK_EVERY_S)
        if slow := _slow_statements(keeper):
            try:
                await _note(slow, database)
            except DatabaseUnavailable as away:
                log.debug("nobody tells of locks", reason=away.code)


def _slow_statements(keeper: Keeper) -> dict[int, Span]:
    """By the server process that runs each."""
    since = perf_counter_ns() - LOOK_EVERY_S * 1e9
    open_statements = [
        each
        for recording in keeper.followed
        for each in recording.spans
        if each.kind == "sql" and not each.ended_ns and each.started_ns < since and BACKEND in each.attributes
    ]
    return {each.attributes[BACKEND]: each for each in open_statements[:MOST_LOOKED_AT]}


async def _note(slow: dict[int, Span], database: Database) -> None:
    async with database.unbound() as connection:
        blocked = BLOCKED.read_all(await connection.fetch(BLOCKED.text, list(slow)))
    now = perf_counter_ns()
    for each in blocked:
        statement = slow[each.backend]
        if not statement.ended_ns:
            waited_ms = round((now - statement.started_ns) / 1e6)
            statement.set(lock=each.lock, blocked_by=each.ahead, lock_ms=waited_ms)
