"""Connections: one pool for writes, one for reads, each connection serving one tenant at a time.

Measured (DESIGN.md): a session setting made only when the tenant differs from the connection's last one
costs 0 to 11 % of the requests per second; `set_config` inside every transaction cost 36 %.
"""

import asyncio
from types import TracebackType
from typing import Any, cast

import asyncpg
import msgspec

from threadly.platform.errors import Kind, Refusal
from threadly.platform.telemetry.spans import span

__all__ = [
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "Lease",
    "NotMigrated",
    "RoleDenied",
    "StatementTooSlow",
]

ACQUIRE_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_MS = 10_000
# Our own clock, for a server that the network no longer reaches: it cannot say that time is up.
COMMAND_TIMEOUT_S = STATEMENT_TIMEOUT_MS / 1000 + 2
# A connection costs 4 MB on the server, and opening one some milliseconds.
IDLE_CONNECTION_LIFETIME_S = 15.0

# What asyncpg raises when the server is gone, going, starting or full. (TimeoutError is an OSError: acquiring
# a connection raises it when the pool is exhausted, and a command after COMMAND_TIMEOUT_S.
# InternalClientError comes from a connection that heard of a shutdown while it was idle, and is confused
# until it notices that it is closed.)
OUTAGES = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
)


class DatabaseUnavailable(Refusal):
    code = "platform.database_unavailable"
    kind = Kind.UNAVAILABLE
    message = "The database does not answer right now. Please try again in a moment."
    retry_after_s = 2


class NotMigrated(Refusal):
    code = "platform.not_migrated"
    kind = Kind.UNAVAILABLE
    message = "The database is not prepared yet: run `threadly migrate up` first."


class RoleDenied(Refusal):
    code = "platform.role_denied"
    kind = Kind.UNAVAILABLE
    message = "The database lets its role read nothing: `threadly doctor` says how to mend it."


class StatementTooSlow(Refusal):
    code = "platform.statement_too_slow"
    kind = Kind.UNAVAILABLE
    message = "The database took too long for this. Please try again in a moment."
    retry_after_s = 5


class Connection(asyncpg.Connection):
    """A connection that remembers which tenant its session setting names (None: unknown)."""

    __slots__ = ("served_tenant",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # asyncpg's own constructor, passed through
        super().__init__(*args, **kwargs)
        self.served_tenant: int | None = None

    async def serve(self, tenant_id: int) -> None:
        if self.served_tenant == tenant_id:
            return
        # Forgotten first: should the statement fail halfway, the next user sets it again.
        self.served_tenant = None
        await self.execute(f"SET app.tenant = {tenant_id:d}")
        self.served_tenant = tenant_id


class Lease:
    """A connection of a pool for the time of an `async with`, serving `tenant_id` if one is given.

    It raises DatabaseUnavailable, and StatementTooSlow after STATEMENT_TIMEOUT_MS, also in place of what is
    raised inside. The pool's own `fetch` and the like are not used: they give a connection back without a
    time limit, and a server that hangs never confirms that a query was cancelled.

    A class and no generator, since every request takes one: measured, 12 µs less.
    """

    __slots__ = ("_connection", "_pool", "_tenant_id")

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", tenant_id: int | None = None) -> None:
        self._pool = pool
        self._tenant_id = tenant_id

    async def __aenter__(self) -> Connection:
        try:
            with span("platform.connection", kind="pool"):
                pooled = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except Exception as error:
            _translate(error, gone=True)
            raise
        self._connection = cast(Connection, pooled)  # a proxy of it, which forwards everything
        if self._tenant_id is not None and self._connection.served_tenant != self._tenant_id:
            try:
                await self._connection.serve(self._tenant_id)
            except BaseException as error:
                await self.__aexit__(type(error), error, error.__traceback__)
                raise
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gone = _is_gone(self._connection)
        try:
            await self._pool.release(self._connection)  # type: ignore[arg-type]  # the proxy that it is
        except Exception as failure:
            _translate(failure, gone=gone)
            raise
        if isinstance(error, Exception):
            _translate(error, gone=gone)


class Database:
    """The primary's pool and the replica's (the same one when there is no replica)."""

    def __init__(self, url: str, replica_url: str | None = None, *, pool_size: int = 10) -> None:
        self.url = url
        self._replica_url = replica_url
        self._pool_size = pool_size
        self.primary: asyncpg.Pool[asyncpg.Record]
        self.replica: asyncpg.Pool[asyncpg.Record]

    @property
    def has_replica(self) -> bool:
        return self._replica_url is not None

    async def start(self) -> None:
        """Open the pools' first connections. Raises DatabaseUnavailable."""
        self.primary = await self._open(self.url)
        self.replica = await self._open(self._replica_url) if self._replica_url else self.primary

    async def stop(self) -> None:
        for pool in {self.primary, self.replica}:
            try:
                await asyncio.wait_for(pool.close(), timeout=ACQUIRE_TIMEOUT_S)
            except TimeoutError:
                pool.terminate()

    def count_connections(self) -> dict[str, float]:
        """This process's connections, by pool and state."""
        pools = {"primary": self.primary} | ({"replica": self.replica} if self.has_replica else {})
        return {
            f"{name} {state}": float(count)
            for name, pool in pools.items()
            for state, count in (
                ("idle", pool.get_idle_size()),
                ("busy", pool.get_size() - pool.get_idle_size()),
            )
        }

    def connection(self, tenant_id: int, *, reads: bool = False) -> "Lease":
        """A connection whose row level security shows `tenant_id` only; use it with `async with`."""
        return Lease(self.replica if reads else self.primary, tenant_id)

    def unbound(self, *, reads: bool = False) -> "Lease":
        """A connection of no tenant in particular, for what belongs to none; use it with `async with`."""
        return Lease(self.replica if reads else self.primary)

    async def _open(self, url: str) -> "asyncpg.Pool[asyncpg.Record]":
        try:
            return await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=self._pool_size,
                max_inactive_connection_lifetime=IDLE_CONNECTION_LIFETIME_S,
                connection_class=Connection,
                init=_prepare_connection,
                reset=_keep_session,
                timeout=CONNECT_TIMEOUT_S,
                command_timeout=COMMAND_TIMEOUT_S,
                server_settings={
                    "application_name": "threadly",
                    "plan_cache_mode": "force_generic_plan",
                    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                    "idle_in_transaction_session_timeout": "30000",
                    "timezone": "UTC",
                },
            )
        except (*OUTAGES, asyncpg.InterfaceError) as error:
            raise DatabaseUnavailable from error


def _translate(error: Exception, *, gone: bool) -> None:
    """Raises what this error of the database means to us; returns if it is something else."""
    if isinstance(error, asyncpg.InterfaceError):
        # Also how asyncpg reports a wrong argument, which is our bug and no outage.
        if gone:
            raise DatabaseUnavailable from error
    elif isinstance(error, asyncpg.QueryCanceledError):
        raise StatementTooSlow from error
    elif isinstance(error, OUTAGES):
        if _is_cancelled():
            # The pool waited in vain for the cancelled query to end, and told of that instead.
            raise asyncio.CancelledError from error
        raise DatabaseUnavailable from error


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_gone(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # cut off, and so no longer the pool's
        return True


async def _prepare_connection(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),  # \x01: the version byte of jsonb
        decoder=lambda wire: msgspec.json.decode(wire[1:]),
    )


async def _keep_session(_connection: asyncpg.Connection) -> None:
    """Replaces the pool's reset, a round trip per checkout: asyncpg still rolls open transactions back."""
