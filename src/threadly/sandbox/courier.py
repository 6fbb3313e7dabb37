"""Delivers webhooks, and lets the bank decide pending charges, when their time has come."""

import asyncio
import contextlib
import sqlite3
import time
from math import inf
from sqlite3 import Connection

from threadly.sandbox import book, webhooks
from threadly.sandbox.behaviour import Mood
from threadly.sandbox.postman import Postman
from threadly.sandbox.storage import Storage
from threadly.sandbox.types import Endpoint
from threadly.sandbox.webhooks import Delivery

__all__ = ["Courier"]

_AT_ONCE = 8
_STORAGE_PAUSE_S = 1.0


class Courier:
    """`run` it for as long as the process lives; `wake` it when there may be something to do."""

    def __init__(self, storage: Storage, mood: Mood) -> None:
        self._storage = storage
        self._mood = mood
        self._woken = asyncio.Event()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._postman = Postman()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        while True:
            self._woken.clear()
            try:
                next_at = await self._do_due()
            except sqlite3.Error:  # the disk is full, say: whoever calls is told so, and this goes on
                next_at = time.time() + _STORAGE_PAUSE_S
            await self._sleep_until(next_at)

    async def stop(self) -> None:
        """What is under way will be sent again after the next start."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._postman.close()

    async def _do_due(self) -> float:
        """Decide what is due, and begin as many deliveries as may go at once. Returns when there is more to
        do; infinity if there is not."""
        told = self._mood.behaviour
        free, besides = _AT_ONCE - len(self._under_way), set(self._under_way)

        def look(db: Connection) -> tuple[float | None, list[Delivery], Endpoint | None, float | None]:
            decided_at = book.decide_due(db, told.webhooks, told.seed)
            return decided_at, *webhooks.find_due(db, limit=free, besides=besides)

        decided_at, due, endpoint, due_at = await self._storage.run(look)
        for delivery in due if endpoint else ():
            task = asyncio.create_task(self._deliver(delivery, endpoint))  # type: ignore[arg-type]  # asked above
            self._under_way[delivery.number] = task
        return min(moment for moment in (decided_at, due_at, inf) if moment is not None)

    async def _deliver(self, delivery: Delivery, endpoint: Endpoint) -> None:
        try:
            taken = await self._postman.post(endpoint, delivery.body)
            note = webhooks.note_delivered if taken else webhooks.note_failure
            with contextlib.suppress(sqlite3.Error):  # then it is sent once more
                await self._storage.run(lambda db: note(db, delivery))
        finally:
            del self._under_way[delivery.number]
            self.wake()

    async def _sleep_until(self, moment: float) -> None:
        timeout_s = None if moment == inf else max(moment - time.time(), 0.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), timeout_s)
