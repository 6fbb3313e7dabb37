"""The experiments as the database has them: read as soon as one changes, written to when one begins or ends.

It has a connection of its own, past the proxies: what they do to others must not keep it from ending that.
"""

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Callable
from typing import Final

import asyncpg

from threadly.faults.board import Due

__all__ = ["Book"]

CHANNEL: Final = "threadly_experiments"
LOOK_EVERY_S: Final = 1.0
RETRY_S: Final = 0.5
TIMEOUT_S: Final = 5.0
MOST_OWED: Final = 1_000

LIST = "SELECT id, tenant_id, kind, remaining_s, is_known FROM atlas.list_open_experiments()"
BEGAN = "SELECT atlas.note_experiment($1, $2)"
ENDED = "SELECT atlas.conclude_experiment($1)"
OUTAGES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Book:
    """`take` is called with all that is open, at least every second while the database answers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._owed: deque[tuple[str, tuple[object, ...]]] = deque(maxlen=MOST_OWED)
        self._changed = asyncio.Event()

    # What the board tells

    def began(self, due: Due, effect: str) -> None:
        self._owe(BEGAN, due.id, effect)

    def ended(self, due: Due) -> None:
        self._owe(ENDED, due.id)

    # In touch

    async def keep(self, take: Callable[[list[Due]], None]) -> None:
        """Runs until cancelled; without the database it goes on trying, and owes what it has to say."""
        was_in_touch = True
        while True:
            try:
                connection = await asyncpg.connect(
                    self._url, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S,
                    server_settings={"application_name": "threadly faults"},
                )  # fmt: skip
                try:
                    await connection.add_listener(CHANNEL, self._note)
                    was_in_touch = True
                    await self._follow(connection, take)
                finally:
                    connection.terminate()
            except OUTAGES as error:
                if was_in_touch:
                    sys.stderr.write(f"faults: no database: {type(error).__name__}: {error}\n")
                was_in_touch = False
            await asyncio.sleep(RETRY_S)

    async def _follow(
        self, connection: "asyncpg.Connection[asyncpg.Record]", take: Callable[[list[Due]], None]
    ) -> None:
        while True:
            self._changed.clear()
            # First what is owed: what has ended here must not be found open.
            while self._owed:
                statement, arguments = self._owed[0]
                await connection.execute(statement, *arguments)
                self._owed.popleft()
            take([Due(**row) for row in await connection.fetch(LIST)])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), LOOK_EVERY_S)

    def _owe(self, statement: str, *arguments: object) -> None:
        self._owed.append((statement, arguments))
        self._changed.set()

    def _note(self, *_: object) -> None:
        self._changed.set()
