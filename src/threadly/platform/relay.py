"""The relay: takes events from the outbox and runs their reactions.

A batch runs in one transaction, so a crash anywhere undoes and repeats all of it. When a reaction of a batch
fails, the batch is undone and run again event by event, each reaction in a savepoint: what fails then is set
aside in `platform.failed_reactions`, retried with exponential backoff and, after MAX_ATTEMPTS, left there as
a dead letter for an operator. Other reactions and later events go on.

Events of one tenant are taken in the order of their ids, but with several workers two batches may overlap:
a reaction must not rely on the order of two events.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from types import NoneType
from typing import Any

import asyncpg
import msgspec
import structlog

from threadly.platform.db import DatabaseUnavailable, sql
from threadly.platform.db.pool import COMMAND_TIMEOUT_S, CONNECT_TIMEOUT_S, OUTAGES
from threadly.platform.errors import Kind, Refusal
from threadly.platform.events import OUTBOX_CHANNEL, Event, Reaction, Reactions
from threadly.platform.ids import UUID
from threadly.platform.telemetry.metrics import observe_event
from threadly.platform.telemetry.tracing import continue_trace, span
from threadly.platform.tenants import Tenants
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = [
    "DeadLetter",
    "DeadLetterMissing",
    "Relay",
    "Tell",
    "drop_dead_letter",
    "list_dead_letters",
    "replay_events",
    "retry_dead_letter",
]

log = structlog.get_logger(__name__)

BATCH_SIZE = 100
# Of one tenant in a row, before the others get their turn.
BATCHES_PER_TURN = 5
SWEEP_INTERVAL_S = 1.0
OUTAGE_PAUSE_S = 1.0
MAX_ATTEMPTS = 10
BACKOFF_FIRST_S = 1.0
BACKOFF_LONGEST_S = 600.0
# The tenant, the event's name and payload, and when it happened.
Tell = Callable[[int, str, Any, datetime], None]

# What a retry waits that a worker of another version has to make.
UNKNOWN_PAUSE_S = 60.0


class OutboxRow(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    payload: Any
    traceparent: str
    emitted_at: datetime


class FailedRow(msgspec.Struct, frozen=True):
    event_id: UUID
    reaction: str
    attempts: int
    name: str
    payload: Any
    traceparent: str
    emitted_at: datetime


class DeadLetter(msgspec.Struct, frozen=True):
    """A reaction that failed MAX_ATTEMPTS times, and the event that it failed at."""

    event_id: UUID
    event: str
    reaction: str
    attempts: int
    error: str
    dead_at: datetime
    payload: Any
    traceparent: str


TAKE = sql(
    "platform.take_events",
    """
    SELECT id, name, payload, traceparent, emitted_at FROM platform.outbox
    WHERE done_at IS NULL AND name = ANY($2::text[]) ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
    """,
    into=OutboxRow,
)
MARK_DONE = sql(
    "platform.mark_events_done",
    "UPDATE platform.outbox SET done_at = clock_timestamp() WHERE id = ANY($1::uuid[])",
    into=NoneType,
)
TAKE_FAILED = sql(
    "platform.take_failed_reactions",
    """
    SELECT f.event_id, f.reaction, f.attempts, o.name, o.payload, o.traceparent, o.emitted_at
    FROM platform.failed_reactions f JOIN platform.outbox o ON o.id = f.event_id
    WHERE f.dead_at IS NULL AND f.next_attempt_at <= $1
    ORDER BY f.next_attempt_at LIMIT $2 FOR UPDATE OF f SKIP LOCKED
    """,
    into=FailedRow,
)
SET_ASIDE = sql(
    "platform.set_reaction_aside",
    """
    INSERT INTO platform.failed_reactions (event_id, reaction, attempts, next_attempt_at, error, dead_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (event_id, reaction) DO UPDATE
    SET attempts = EXCLUDED.attempts, next_attempt_at = EXCLUDED.next_attempt_at,
        error = EXCLUDED.error, dead_at = EXCLUDED.dead_at
    """,
    into=NoneType,
)
PUT_OFF = sql(
    "platform.put_retry_off",
    "UPDATE platform.failed_reactions SET next_attempt_at = $3 WHERE event_id = $1 AND reaction = $2",
    into=NoneType,
)
RESOLVE_FAILED = sql(
    "platform.resolve_failed_reaction",
    "DELETE FROM platform.failed_reactions WHERE event_id = $1 AND reaction = $2",
    into=NoneType,
)
# Security definer: it sees all tenants, and tells no more than which of them have something to do.
TENANTS_WITH_EVENTS = "SELECT tenant_id FROM platform.tenants_with_events()"

LIST_DEAD = sql(
    "platform.list_dead_letters",
    """
    SELECT f.event_id, o.name AS event, f.reaction, f.attempts, f.error, f.dead_at, o.payload, o.traceparent
    FROM platform.failed_reactions f JOIN platform.outbox o ON o.id = f.event_id
    WHERE f.dead_at IS NOT NULL ORDER BY f.dead_at DESC LIMIT $1
    """,
    into=DeadLetter,
)
REVIVE = sql(
    "platform.revive_dead_letter",
    """
    UPDATE platform.failed_reactions SET dead_at = NULL, attempts = 0, next_attempt_at = $3
    WHERE event_id = $1 AND reaction = $2 AND dead_at IS NOT NULL
    """,
    into=NoneType,
)
REPLAY = sql(
    "platform.replay_events",
    """
    INSERT INTO platform.failed_reactions (event_id, reaction, attempts, next_attempt_at, error)
    SELECT id, $1, 0, $4, 'replay' FROM platform.outbox
    WHERE name = $2 AND emitted_at >= $3 AND done_at IS NOT NULL
    ON CONFLICT (event_id, reaction) DO UPDATE SET dead_at = NULL, attempts = 0, next_attempt_at = $4
    """,
    into=NoneType,
)


class Relay:
    """Runs in each worker; any number of workers share the outbox. `tell` hears of each event once its
    reactions are committed, retries aside; a crash may swallow some."""

    def __init__(
        self, works: Works, reactions: Reactions, tenants: Tenants, *, tell: Tell | None = None
    ) -> None:
        self._works = works
        self._reactions = reactions
        self._tenants = tenants
        self._tell = tell
        self._notified: deque[int] = deque()
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; an outage of the database is waited out, and so is what nobody thought of."""
        while not stop.is_set():
            try:
                await self._listen(stop)
            except (DatabaseUnavailable, *OUTAGES, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("relay waits for the database", error=str(error.__cause__ or error))
                await _wait(stop, OUTAGE_PAUSE_S)
            except Exception:
                # A worker that died of it would take its jobs along, and meet it again after its restart.
                log.exception("relay failed; it goes on shortly")
                await _wait(stop, OUTAGE_PAUSE_S)

    async def _listen(self, stop: asyncio.Event) -> None:
        connection = await asyncpg.connect(
            self._works.database.url, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S
        )
        try:
            await connection.add_listener(OUTBOX_CHANNEL, self._hear)
            while not stop.is_set():
                for row in await connection.fetch(TENANTS_WITH_EVENTS):
                    await self._take_turn(row[0], stop)
                    await self._retry_batch(await self._tenants.get(row[0]))
                await self._drain_notified(stop)
        finally:
            connection.terminate()

    async def _drain_notified(self, stop: asyncio.Event) -> None:
        """What commits announce, until the next sweep, which finds retries and lost announcements."""
        deadline = asyncio.get_running_loop().time() + SWEEP_INTERVAL_S
        while not stop.is_set() and (left := deadline - asyncio.get_running_loop().time()) > 0:
            if not self._notified:
                self._wake.clear()
                await _wait(self._wake, left)
                continue
            await self._take_turn(self._notified.popleft(), stop)

    async def _take_turn(self, tenant_id: int, stop: asyncio.Event) -> None:
        """Some of the events that wait for a tenant, who waits in line again for the rest. After a batch that
        is not full none is left: what was committed meanwhile is announced, too."""
        tenant = await self._tenants.get(tenant_id)
        for _ in range(BATCHES_PER_TURN):
            if stop.is_set() or await self._run_batch(tenant) < BATCH_SIZE:
                return
        self._line_up(tenant_id)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._line_up(int(str(payload)))

    def _line_up(self, tenant_id: int) -> None:
        if tenant_id not in self._notified:
            self._notified.append(tenant_id)
        self._wake.set()

    async def drain(self, tenant: Tenant) -> int:
        """Run all that is due for `tenant` now. Returns how many events and retries were handled."""
        handled = 0
        while batch := await self._run_due(tenant):
            handled += batch
        return handled

    async def _run_due(self, tenant: Tenant) -> int:
        """A batch of events or, when none waits, of retries."""
        return await self._run_batch(tenant) or await self._retry_batch(tenant)

    async def _run_batch(self, tenant: Tenant) -> int:
        try:
            async with self._works.write(tenant, SYSTEM) as work:
                rows = await work.all(TAKE, BATCH_SIZE, self._reactions.known)
                for row in rows:
                    for reaction in self._reactions.of(row.name):
                        await self._react(work, row, reaction)
                if rows:
                    await work.run(MARK_DONE, [row.id for row in rows])
            self._count(tenant, rows)
            return len(rows)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            log.info("a reaction failed; running its batch one by one", error=repr(error))
            return await self._run_one_by_one(tenant)

    async def _run_one_by_one(self, tenant: Tenant) -> int:
        for handled in range(BATCH_SIZE):
            async with self._works.write(tenant, SYSTEM) as work:
                row = await work.one(TAKE, 1, self._reactions.known)
                if row is None:
                    return handled
                for reaction in self._reactions.of(row.name):
                    await self._react_or_set_aside(work, row, reaction, attempts=0)
                await work.run(MARK_DONE, [row.id])
            self._count(tenant, [row])
        return BATCH_SIZE

    async def _retry_batch(self, tenant: Tenant) -> int:
        async with self._works.write(tenant, SYSTEM) as work:
            failed = await work.all(TAKE_FAILED, work.now, BATCH_SIZE)
            for each in failed:
                row = OutboxRow(each.event_id, each.name, each.payload, each.traceparent, each.emitted_at)
                reaction = self._reactions.named(each.name, each.reaction)
                if reaction is None:
                    # A newer version's, while workers are being replaced: it is left to one that knows it.
                    later = work.now + timedelta(seconds=UNKNOWN_PAUSE_S)
                    await work.run(PUT_OFF, each.event_id, each.reaction, later)
                elif await self._react_or_set_aside(work, row, reaction, attempts=each.attempts):
                    await work.run(RESOLVE_FAILED, each.event_id, each.reaction)
        return len(failed)

    def _count(self, tenant: Tenant, rows: list[OutboxRow]) -> None:
        now = self._works.clock()
        for row in rows:
            observe_event(row.name, (now - row.emitted_at).total_seconds())
            if self._tell is not None:
                self._tell(tenant.id, row.name, row.payload, row.emitted_at)

    async def _react_or_set_aside(
        self, work: Work, row: OutboxRow, reaction: Reaction, *, attempts: int
    ) -> bool:
        try:
            async with work.savepoint():
                await self._react(work, row, reaction)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            attempts += 1
            dead_at = work.now if attempts >= MAX_ATTEMPTS else None
            due = work.now + timedelta(seconds=backoff_s(attempts))
            log.warning(
                "reaction failed",
                reaction=reaction.name,
                event_id=str(row.id),
                attempts=attempts,
                exc_info=True,
            )
            await work.run(SET_ASIDE, row.id, reaction.name, attempts, due, repr(error)[:2000], dead_at)
            return False
        return True

    async def _react(self, work: Work, row: OutboxRow, reaction: Reaction) -> None:
        event: Event = self._reactions.read(row.name, row.payload)
        waited_s = (self._works.clock() - row.emitted_at).total_seconds()
        with (
            continue_trace(row.traceparent, tenant=work.tenant.slug, tenant_id=work.tenant.id),
            span(reaction.name, kind="reaction", event=row.name, waited_ms=round(waited_s * 1_000, 1)),
        ):
            work.happened_at = row.emitted_at
            await reaction.act(work, event)


def backoff_s(attempts: int) -> float:
    """Seconds until the next attempt: doubling, bounded, with full jitter on the upper half."""
    ceiling = min(BACKOFF_LONGEST_S, BACKOFF_FIRST_S * 2.0**attempts)
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311  # jitter, no secret


async def list_dead_letters(work: Work, *, limit: int = 100) -> list[DeadLetter]:
    return await work.all(LIST_DEAD, limit)


async def retry_dead_letter(work: Work, *, event_id: UUID, reaction: str) -> None:
    """Give a dead letter MAX_ATTEMPTS new attempts, from now on. Raises DeadLetterMissing."""
    if not await work.run(REVIVE, event_id, reaction, work.now):
        raise DeadLetterMissing


async def drop_dead_letter(work: Work, *, event_id: UUID, reaction: str) -> None:
    """Give up on a failed reaction for good. Raises DeadLetterMissing."""
    if not await work.run(RESOLVE_FAILED, event_id, reaction):
        raise DeadLetterMissing


async def replay_events(work: Work, *, reaction: str, event: str, since: datetime) -> int:
    """Have `reaction` see again every kept `event` since then. Returns how many it will see."""
    return await work.run(REPLAY, reaction, event, since, work.now)


class DeadLetterMissing(Refusal):
    code = "platform.dead_letter_missing"
    kind = Kind.MISSING
    message = "There is no such dead letter; `threadly events dead` lists them."


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
