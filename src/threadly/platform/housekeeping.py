"""What the platform forgets, on a schedule and in bounded batches."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import NoneType
from typing import Any

from threadly.platform.db import Statement, sql
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["JOBS", "KEYS_KEPT", "SCHEDULES", "forget_answers_to", "forget_in_batches", "forget_older"]

BATCH_ROWS = 5_000
MOST_BATCHES = 200

EVENTS_KEPT = timedelta(days=14)
STEPS_KEPT = timedelta(days=30)
KEYS_KEPT = timedelta(hours=24)
MAIL_KEPT = timedelta(days=30)

# An event with a failed reaction stays until that is resolved.
FORGET_EVENTS = sql(
    "platform.forget_events",
    """
    DELETE FROM platform.outbox WHERE id IN (
        SELECT o.id FROM platform.outbox o
        WHERE o.done_at < $1 AND NOT EXISTS (SELECT FROM platform.failed_reactions f WHERE f.event_id = o.id)
        ORDER BY o.id LIMIT $2)
    """,
    into=NoneType,
)
FORGET_STEPS = sql(
    "platform.forget_job_steps",
    """
    DELETE FROM platform.job_steps WHERE (job_id, step) IN (
        SELECT job_id, step FROM platform.job_steps WHERE done_at < $1 ORDER BY done_at LIMIT $2)
    """,
    into=NoneType,
)
FORGET_KEYS = sql(
    "platform.forget_idempotency_keys",
    """
    DELETE FROM platform.idempotency_keys WHERE (scope, key) IN (
        SELECT scope, key FROM platform.idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)
    """,
    into=NoneType,
)
FORGET_MAIL = sql(
    "platform.forget_mail",
    """
    DELETE FROM platform.mailbox WHERE id IN (
        SELECT id FROM platform.mailbox WHERE created_at < $1 ORDER BY id LIMIT $2)
    """,
    into=NoneType,
)
FORGET_ANSWERS = sql(
    "platform.forget_idempotent_answers",
    "DELETE FROM platform.idempotency_keys WHERE scope LIKE $1::uuid::text || ' %'",
    into=NoneType,
)
FORGOTTEN: tuple[tuple[Statement[Any], timedelta], ...] = (
    (FORGET_EVENTS, EVENTS_KEPT),
    (FORGET_STEPS, STEPS_KEPT),
    (FORGET_KEYS, KEYS_KEPT),
    (FORGET_MAIL, MAIL_KEPT),
)


async def forget_answers_to(work: Work, *, user_id: UUID) -> None:
    """The stored answers to a person's requests, when the person is erased."""
    await work.run(FORGET_ANSWERS, user_id)


@job("platform.forget_old_rows")
async def forget_old_rows(run: Run) -> None:
    for statement, kept in FORGOTTEN:
        await forget_older(run, statement, kept)


async def forget_older(run: Run, statement: Statement[Any], kept: timedelta) -> None:
    """Delete what is older than `kept` with `statement`, which takes the time and how many rows at most: in
    short transactions, of which there are so many; what is left then waits for the next run."""

    async def forget(work: Work) -> int:
        return await work.run(statement, work.now - kept, BATCH_ROWS)

    await forget_in_batches(run, statement.name, forget)


async def forget_in_batches(run: Run, name: str, forget: Callable[[Work], Awaitable[int]]) -> None:
    """Have `forget` remove BATCH_ROWS at most and say how many there were, until no more are left or for
    MOST_BATCHES times."""
    for batch in range(MOST_BATCHES):
        if await run.transact(f"{name} {batch}", forget) < BATCH_ROWS:
            return


JOBS: list[Job] = [forget_old_rows]
SCHEDULES = [Schedule("17 * * * *", forget_old_rows)]
