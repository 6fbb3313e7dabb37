"""What the storage promises to whoever waits for it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from threadly.sandbox.serving import kept_key
from threadly.sandbox.storage import Storage

INSERT = "INSERT INTO cancelled_keys (key, at) VALUES (?, '')"


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path / "storage")
    yield storage
    await storage.close()


async def test_it_is_written_to_the_disk_at_each_commit(storage: Storage) -> None:
    assert await storage.run(lambda db: db.execute("PRAGMA synchronous").fetchone()) == {"synchronous": 2}
    assert await storage.run(lambda db: db.execute("PRAGMA journal_mode").fetchone()) == {
        "journal_mode": "wal"
    }


async def test_whoever_has_an_answer_finds_it_committed(storage: Storage, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "storage" / "sandbox.sqlite3")
    for number in range(20):
        await storage.run(lambda db, key=str(number): db.execute(INSERT, (key,)).rowcount)  # type: ignore[misc]
        assert other.execute("SELECT count(*) FROM cancelled_keys").fetchone() == (number + 1,)
    other.close()


async def test_of_calls_that_share_a_transaction_only_the_failing_one_is_undone(storage: Storage) -> None:
    def insert(db: sqlite3.Connection, key: str) -> str:
        db.execute(INSERT, (key,))
        if key == "b":
            raise ValueError(key)
        return key

    calls = [storage.run(lambda db, key=key: insert(db, key)) for key in "abc"]  # type: ignore[misc]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(answer) for answer in answers] == ["a", "b", "c"]
    assert isinstance(answers[1], ValueError)
    kept = await storage.run(lambda db: db.execute("SELECT key FROM cancelled_keys ORDER BY key").fetchall())
    assert kept == [{"key": "a"}, {"key": "c"}]


async def test_one_who_waits_no_more_does_not_disturb_the_others(storage: Storage) -> None:
    waiting = asyncio.create_task(storage.run(lambda db: db.execute(INSERT, ("left",)).rowcount))
    await asyncio.sleep(0)
    waiting.cancel()
    found = await storage.run(lambda db: db.execute("SELECT key FROM cancelled_keys").fetchall())
    assert found == [{"key": "left"}], "and what was asked for is done"


async def test_storage_and_key_are_for_their_owner_alone(storage: Storage, tmp_path: Path) -> None:
    directory = tmp_path / "storage"
    key = kept_key(directory)
    assert len(key) == 64
    assert kept_key(directory) == key
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / "key").stat().st_mode & 0o777 == 0o600
