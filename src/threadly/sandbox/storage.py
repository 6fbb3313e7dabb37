"""The storage: one SQLite file, one thread that uses it.

Calls that wait at the same time share a transaction, so that they share the price of making it durable; an
answer is given only after the commit. What one thread does cannot race with itself: no call needs a lock.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

__all__ = ["Row", "Storage", "stamp"]

T = TypeVar("T")
Row = dict[str, Any]

_BATCH_LONGEST = 200
_SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
  id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, status TEXT NOT NULL, amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL, fee_minor INTEGER NOT NULL, decline_code TEXT, label TEXT NOT NULL,
  token TEXT NOT NULL, reference TEXT NOT NULL, description TEXT NOT NULL, created_at TEXT NOT NULL,
  decide_at REAL
);
CREATE INDEX IF NOT EXISTS charges_undecided ON charges (decide_at) WHERE decide_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS cancelled_keys (key TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faulted_keys (key TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS refunds (
  id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, charge TEXT NOT NULL REFERENCES charges (id),
  amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_of_charge ON refunds (charge);
CREATE TABLE IF NOT EXISTS payouts (
  id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS movements (
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL, at TEXT NOT NULL, key TEXT NOT NULL, charge TEXT, refund TEXT, payout TEXT
);
CREATE INDEX IF NOT EXISTS movements_by_time ON movements (at);
CREATE TABLE IF NOT EXISTS endpoint (
  only INTEGER PRIMARY KEY CHECK (only = 1), url TEXT NOT NULL, secret TEXT NOT NULL, host TEXT
);
CREATE TABLE IF NOT EXISTS deliveries (
  number INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, state TEXT NOT NULL, due_at REAL NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at);
"""


class _Call(Generic[T]):
    """Something to do with the storage, and who waits for it."""

    def __init__(self, act: Callable[[sqlite3.Connection], T], done: "asyncio.Future[T]") -> None:
        self._act = act
        self._done = done
        self._result: T | None = None
        self._error: Exception | None = None

    def run(self, db: sqlite3.Connection) -> None:
        """Its effect is undone if it fails, and only its."""
        db.execute("SAVEPOINT call")
        try:
            self._result = self._act(db)
        except Exception as error:
            self._error = error
            db.execute("ROLLBACK TO call")
        db.execute("RELEASE call")

    def fail(self, error: Exception) -> None:
        self._error = error

    def answer(self) -> None:
        """On the loop."""
        if self._done.done():  # whoever waited was cancelled
            return
        if self._error is not None:
            self._done.set_exception(self._error)
        else:
            self._done.set_result(self._result)  # type: ignore[arg-type]  # set when there is no error


class Storage:
    """Opened in `directory`, which is made for this user alone. Call `close` in the end."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = directory / "sandbox.sqlite3"
        self._calls: queue.SimpleQueue[_Call[Any] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._db = _open(self._path)
        self._thread = threading.Thread(target=self._work, name="storage", daemon=True)
        self._thread.start()

    async def run(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """What `act` returns or raises, once its effect is on the disk."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._calls.put(_Call(act, done))
        return await done

    async def close(self) -> None:
        """After what was asked before is done."""
        self._calls.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        goes_on = True
        while goes_on:
            batch, goes_on = self._next_batch()
            try:
                with self._db:  # commits, or rolls back
                    self._db.execute("BEGIN IMMEDIATE")
                    for call in batch:
                        call.run(self._db)
            except sqlite3.Error as error:  # the disk is full, say: nobody's effect is there
                for call in batch:
                    call.fail(error)
            self._loop.call_soon_threadsafe(_answer, batch)
        self._db.close()

    def _next_batch(self) -> tuple[list[_Call[Any]], bool]:
        """At least one call, and whether to go on after it."""
        batch: list[_Call[Any]] = []
        call = self._calls.get()
        while call is not None:
            batch.append(call)
            if len(batch) == _BATCH_LONGEST or self._calls.empty():
                return batch, True
            call = self._calls.get()
        return batch, False


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.row_factory = _as_dict
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA cache_size = -1000")
    db.executescript(_SCHEMA)
    return db


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def _answer(batch: list[_Call[Any]]) -> None:
    for call in batch:
        call.answer()


def stamp(at: datetime | None = None) -> str:
    """A moment (now) in UTC to the microsecond; always of one length, so that text sorts as time does."""
    return (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
