"""Work: one unit of work, opened and committed once, at the edge.

It carries who acts, in which tenant, at what time, on which connection; verbs take it first. Nothing below
the edge asks a clock, a global or an ambient user.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import NoneType, TracebackType
from typing import Any, Protocol, TypeVar

import asyncpg
import msgspec
import structlog

from threadly.platform.actor import ANONYMOUS, SYSTEM, Actor, Denied, SignInRequired, Tenant
from threadly.platform.db import Connection, Database, Lease, Statement, sql
from threadly.platform.durable import Job
from threadly.platform.events import Event, event_name
from threadly.platform.ids import UUID, new_id
from threadly.platform.locks import BACKEND
from threadly.platform.telemetry.spans import Nothing, Span
from threadly.platform.telemetry.tracing import current_traceparent, open_span, span
from threadly.settings import Settings

__all__ = [
    "ANONYMOUS",
    "SYSTEM",
    "Actor",
    "CommittedNothing",
    "Denied",
    "SignInRequired",
    "Signal",
    "Tenant",
    "Work",
    "Works",
]

T = TypeVar("T")

log = structlog.get_logger(__name__)

# A write that PostgreSQL aborted for the sake of another one is run again, this many times in all.
WRITE_ATTEMPTS = 4
ROLLBACK_TIMEOUT_S = 2.0
RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

EMIT = sql(
    "platform.emit",
    """
    WITH emitted AS (
        INSERT INTO platform.outbox (id, name, payload, actor_id, traceparent, emitted_at)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::uuid[], $5::text[], $6::timestamptz[])
    )
    SELECT pg_notify('threadly_outbox', platform.tenant_id()::text)
    """,
    into=NoneType,
)
ENQUEUE = sql(
    "platform.enqueue",
    """
    SELECT dbos.enqueue_workflow(
        workflow_name => $1, queue_name => $2, named_args => $3::text::json, workflow_id => $4
    )
    """,
    into=str,
)


class Signal(msgspec.Struct, frozen=True):
    """A hint to live pages that something changed: best effort, sent after the commit."""

    tenant_id: int
    topic: str
    payload: dict[str, Any]


class AfterCommit(Protocol):
    """What happens outside PostgreSQL once a Work is committed; nothing that must not be lost."""

    async def send(self, signals: list[Signal]) -> None: ...
    async def forget(self, tenant_id: int, tags: set[str]) -> None: ...


class CommittedNothing(Exception):
    """A statement failed and its error was swallowed outside of a savepoint: PostgreSQL answers the COMMIT of
    such a transaction with a rollback, and raises nothing."""


class Work:
    __slots__ = (
        "_connection",
        "_emitted",
        "_forgotten",
        "_happened_at",
        "_signals",
        "_writes",
        "actor",
        "now",
        "settings",
        "statement_count",
        "tenant",
    )

    def __init__(
        self,
        connection: Connection,
        *,
        tenant: Tenant,
        actor: Actor,
        now: datetime,
        settings: Settings,
        writes: bool,
    ) -> None:
        self._connection = connection
        self._writes = writes
        self._emitted: list[tuple[UUID, str, Any, UUID | None, str, datetime]] = []
        self._signals: list[Signal] = []
        self._forgotten: set[str] = set()
        self._happened_at: datetime | None = None
        self.statement_count = 0
        self.tenant = tenant
        self.actor = actor
        self.now = now
        self.settings = settings

    @property
    def happened_at(self) -> datetime:
        """When what this Work is about happened: a reaction's event, which may have waited; else `now`."""
        return self._happened_at or self.now

    @happened_at.setter
    def happened_at(self, at: datetime) -> None:
        self._happened_at = at

    async def all(self, statement: Statement[T], *arguments: object) -> list[T]:
        """Every row, as `statement.into`."""
        with self._executing(statement) as it:
            rows = await self._connection.fetch(statement.text, *arguments)
            it.set(rows=len(rows))
        return statement.read_all(rows)

    async def one(self, statement: Statement[T], *arguments: object) -> T | None:
        """The first row as `statement.into`, or None."""
        with self._executing(statement):
            row = await self._connection.fetchrow(statement.text, *arguments)
        return None if row is None else statement.read(row)

    async def run(self, statement: Statement[Any], *arguments: object) -> int:
        """Execute, and say how many rows were affected."""
        with self._executing(statement) as it:
            status = await self._connection.execute(statement.text, *arguments)
            tail = status.rpartition(" ")[2]
            count = int(tail) if tail.isdigit() else 0
            it.set(rows=count)
        return count

    def emit(self, event: Event) -> None:
        """Record a past fact; it becomes durable in this Work's commit, and reactions follow."""
        assert self._writes, "a read Work cannot emit"
        name = event_name(event)
        with open_span(name, "event", {}, depth=2):
            caused_by = current_traceparent() or ""
        payload = msgspec.to_builtins(event)
        self._emitted.append((new_id(), name, payload, self.actor.user_id, caused_by, self.now))

    async def enqueue(self, job: Job, *, job_id: str | None = None, **arguments: object) -> str:
        """Have `job` run in a worker, durably, if and only if this Work commits. Returns the job's id.

        The same `job_id` twice is one job.
        """
        assert self._writes, "a read Work cannot enqueue"
        with open_span(job.name, "event", {"queue": job.queue}, depth=2):
            named = {
                "tenant_id": self.tenant.id,
                "traceparent": current_traceparent() or "",
                "arguments": msgspec.to_builtins(arguments),
            }
            text = msgspec.json.encode(named).decode()
            queued = await self.one(ENQUEUE, job.name, job.queue, text, job_id or str(new_id()))
        assert queued
        return queued

    def signal(self, topic: str, payload: dict[str, Any]) -> None:
        self._signals.append(Signal(self.tenant.id, topic, payload))

    def forget(self, *tags: str) -> None:
        """Cache entries with these tags are invalid once this Work is committed."""
        self._forgotten.update(tags)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens inside is undone alone if it raises; facts and hints of it are dropped too."""
        emitted, signals, forgotten = len(self._emitted), len(self._signals), set(self._forgotten)
        await self._connection.execute("SAVEPOINT step")
        try:
            with span("savepoint", kind="transaction"):
                yield
        except Exception:
            await self._connection.execute("ROLLBACK TO SAVEPOINT step")
            del self._emitted[emitted:], self._signals[signals:]
            self._forgotten = forgotten
            raise
        await self._connection.execute("RELEASE SAVEPOINT step")

    def _executing(self, statement: Statement[Any]) -> Span | Nothing:
        self.statement_count += 1
        it = open_span(statement.name, "sql", {}, depth=3)
        if isinstance(it, Span) and it.recording.tell is not None:
            it.set(**{BACKEND: self._connection.get_server_pid()})
        return it

    async def _begin(self) -> None:
        # One message. The settings end with the transaction; the audit triggers read them. Only UUIDs, an int
        # and hexadecimal digits are put into the text.
        actor, traceparent = self.actor.user_id or "", current_traceparent() or ""
        with span("platform.begin", kind="sql"):
            await self._connection.execute(
                f"BEGIN; SET LOCAL app.tenant = {self.tenant.id:d}; SET LOCAL app.actor = '{actor}';"
                f" SET LOCAL app.traceparent = '{traceparent}'"
            )

    async def _commit(self) -> None:
        if self._emitted:
            columns = [list(column) for column in zip(*self._emitted, strict=True)]
            await self.run(EMIT, *columns)
        with span("platform.commit", kind="sql"):
            outcome = await self._connection.execute("COMMIT")
        if outcome != "COMMIT":
            raise CommittedNothing


class Works:
    """Opens Works: the one way to the database for entries, reactions and jobs."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        after_commit: AfterCommit | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database = database
        self.settings = settings
        self._after_commit = after_commit
        self.clock = clock

    def read(self, tenant: Tenant, actor: Actor = ANONYMOUS, *, fresh: bool = False) -> "Reading":
        """A Work that only reads, on the replica unless it must be `fresh`; no transaction.

        Raises DatabaseUnavailable when entered.
        """
        return Reading(self, self.database.connection(tenant.id, reads=not fresh), tenant, actor)

    @asynccontextmanager
    async def write(self, tenant: Tenant, actor: Actor) -> AsyncIterator[Work]:
        """A Work in one transaction on the primary: committed at the end, rolled back if anything raises.

        Raises DatabaseUnavailable.
        """
        async with self.database.connection(tenant.id) as connection:
            work = self._work(connection, tenant, actor, writes=True)
            with span("transaction", kind="transaction") as it:
                await work._begin()
                try:
                    yield work
                    await work._commit()
                except BaseException:
                    it.set(outcome="rolled back")
                    await _undo(connection)
                    raise
                it.set(outcome="committed", statements=work.statement_count)
        await self._tell(work)

    async def attempt(self, tenant: Tenant, actor: Actor, act: Callable[[Work], Awaitable[T]]) -> T:
        """`act` in a write Work, run again when PostgreSQL aborted it for a deadlock or a serialization
        failure: `act` must touch nothing but its Work."""
        for attempt in range(1, WRITE_ATTEMPTS):
            try:
                async with self.write(tenant, actor) as work:
                    return await act(work)
            except RETRIED as aborted:
                with span("before the next attempt", kind="pause", after=type(aborted).__name__):
                    await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  # jitter, no secret
        async with self.write(tenant, actor) as work:
            return await act(work)

    def _work(self, connection: Connection, tenant: Tenant, actor: Actor, *, writes: bool) -> Work:
        return Work(
            connection, tenant=tenant, actor=actor, now=self.clock(), settings=self.settings, writes=writes
        )

    async def _tell(self, work: Work) -> None:
        if self._after_commit is None:
            return
        try:
            if work._forgotten:
                await self._after_commit.forget(work.tenant.id, work._forgotten)
            if work._signals:
                await self._after_commit.send(work._signals)
        except Exception:
            log.exception("told nobody of what is committed")  # which nothing may turn into a failure


class Reading:
    """`async with works.read(tenant) as work`; a class for the same reason as Lease."""

    __slots__ = ("_actor", "_lease", "_tenant", "_works")

    def __init__(self, works: Works, lease: Lease, tenant: Tenant, actor: Actor) -> None:
        self._works = works
        self._lease = lease
        self._tenant = tenant
        self._actor = actor

    async def __aenter__(self) -> Work:
        connection = await self._lease.__aenter__()
        return self._works._work(connection, self._tenant, self._actor, writes=False)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._lease.__aexit__(kind, error, trace)


async def _undo(connection: Connection) -> None:
    """Roll back. Raises nothing, since the first error is the one to tell: what is lost or hangs is cut off,
    and then the server rolls back by itself."""
    try:
        async with asyncio.timeout(ROLLBACK_TIMEOUT_S):
            await connection.execute("ROLLBACK")
    except Exception:
        connection.terminate()
