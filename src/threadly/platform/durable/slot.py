"""A worker's number: the lowest that no other worker holds, by an advisory lock of PostgreSQL."""

import asyncio

import asyncpg
import structlog

__all__ = ["Slot", "SlotLost"]

log = structlog.get_logger(__name__)

LOCK = 0x7468_7264  # "thrd": the first key of the locks, the number is the second
MAX_SLOTS = 1024
CONNECT_TIMEOUT_S = 5
RETRY_S = 0.5
TRY = "SELECT pg_try_advisory_lock($1::int, $2::int)"

Connection = asyncpg.Connection


class SlotLost(Exception):
    """Another worker took the number while our connection was gone: it now recovers what we had in hand."""


class Slot:
    """Held as long as its connection lives; `hold` takes it back after the database was away."""

    def __init__(self, url: str, number: int, connection: "Connection[asyncpg.Record]") -> None:
        self.number = number
        self._url = url
        self._lost = asyncio.Event()
        self._watch(connection)

    @classmethod
    async def take(cls, url: str) -> "Slot":
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
        for number in range(MAX_SLOTS):
            if await connection.fetchval(TRY, LOCK, number):
                return cls(url, number, connection)
        raise RuntimeError(f"more than {MAX_SLOTS} workers on one database")

    async def hold(self) -> None:
        """Runs until cancelled. Raises SlotLost."""
        while True:
            await self._lost.wait()
            log.warning("worker slot is without its connection", slot=self.number)
            while not await self._retake():  # noqa: ASYNC110  # nothing tells when a server is back
                await asyncio.sleep(RETRY_S)

    def release(self) -> None:
        self._connection.remove_termination_listener(self._note)
        self._connection.terminate()

    async def _retake(self) -> bool:
        try:
            connection = await asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT_S)
            mine = await connection.fetchval(TRY, LOCK, self.number)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return False
        if not mine:
            connection.terminate()
            raise SlotLost
        self._watch(connection)
        return True

    def _watch(self, connection: "Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._lost.clear()
        connection.add_termination_listener(self._note)

    def _note(self, _connection: object) -> None:
        self._lost.set()
