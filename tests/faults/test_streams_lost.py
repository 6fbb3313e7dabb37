"""Five hundred open bells lose Valkey and get it back, and none of them loses a notification."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psutil

from tests.conftest import eventually
from tests.faults.installation import Installation, Member, halt, resume
from threadly.modules.identity.opaque import hash_of

STREAMS = 500
# A member may have twelve open at once.
READERS = 50
STREAM = "/api/v1/notifications/stream"
ADD_READERS = """
    WITH people AS (
        INSERT INTO identity.users (id, tenant_id, username, email, password_hash, name, created_at)
        SELECT gen_random_uuid(), u.tenant_id, 'reader_' || n, 'reader' || n || '@example.com', '-',
               'Reader ' || n, now()
        FROM identity.users u, generate_series(1, $2::int) n WHERE u.id = ($1::uuid[])[1]
        RETURNING id, tenant_id, username
    ), following AS (
        INSERT INTO feed.follows (id, tenant_id, follower_id, followee_id, created_at)
        SELECT gen_random_uuid(), tenant_id, id, author_id, now() FROM people, unnest($1::uuid[]) author_id
    )
    INSERT INTO identity.sessions
        (id, tenant_id, user_id, kind, token_hash, device, created_at, last_seen_at, expires_at)
    SELECT gen_random_uuid(), tenant_id, id, 'browser', token_hash, 'test', now(), now(), now() + '1 day'
    FROM people JOIN unnest($3::text[], $4::bytea[]) session (owner, token_hash) ON owner = username
"""


class Bell:
    """An open page: the entries that it was told of, by who caused them, and the positions it was told."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.is_open = False
        self.authors: list[str] = []
        self.positions: list[int] = []

    async def listen(self, http: httpx.AsyncClient) -> None:
        headers = {"Cookie": f"threadly_session={self.session}"}
        async with http.stream("GET", STREAM, headers=headers, timeout=None) as stream:
            assert stream.status_code == 200
            event = ""
            async for line in stream.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data":
                    self._hear(event, json.loads(value))

    def _hear(self, event: str, told: dict[str, object]) -> None:
        if event == "unread":
            self.is_open = True
        else:
            self.authors += [actor["username"] for actor in told["actors"]]  # type: ignore[attr-defined]
            self.positions.append(told["position"])  # type: ignore[arg-type]


async def test_valkey_comes_back_under_open_streams_and_each_tells_what_happened_meanwhile_once(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    authors = [await installation.sign_up(http, f"author_{letter}") for letter in "abc"]
    sessions = [f"session-of-reader-{number}" for number in range(READERS)]
    await _add_readers(installation, authors, sessions)
    async with _listening(installation, sessions) as bells:
        await authors[0].post("With Valkey")
        await _all_heard(bells, ["author_a"])

        valkey, supervisor = installation.server("valkey"), psutil.Process(installation.pid)
        halt([supervisor])  # so that nobody starts it again yet
        try:
            valkey.kill()
            for author in authors[1:]:
                await author.post("Without Valkey")
            await eventually(lambda: _all_are_written(installation, READERS * len(authors)))
        finally:
            resume([supervisor])
        await _all_heard(bells, ["author_a", "author_b", "author_c"])
        assert all(bell.positions == sorted(set(bell.positions)) for bell in bells)


@asynccontextmanager
async def _listening(installation: Installation, sessions: list[str]) -> AsyncIterator[list[Bell]]:
    bells = [Bell(sessions[number % READERS]) for number in range(STREAMS)]
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=installation.url, limits=limits, timeout=60) as http:
        listening = [asyncio.create_task(bell.listen(http)) for bell in bells]
        try:
            await eventually(lambda: _are_open(bells))
            yield bells
            assert not any(task.done() for task in listening), "every stream stayed open"
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)


async def _add_readers(installation: Installation, authors: list[Member], sessions: list[str]) -> None:
    names = [f"reader_{number + 1}" for number in range(READERS)]
    hashes = [hash_of(session) for session in sessions]
    async with installation.database() as connection:
        await connection.execute(ADD_READERS, [each.id for each in authors], READERS, names, hashes)


async def _are_open(bells: list[Bell]) -> bool:
    return all(bell.is_open for bell in bells)


async def _all_heard(bells: list[Bell], authors: list[str]) -> None:
    async def check() -> bool:
        return all(len(bell.authors) >= len(authors) for bell in bells)

    await eventually(check, within_s=30)
    assert all(sorted(bell.authors) == authors for bell in bells)


async def _all_are_written(installation: Installation, count: int) -> bool:
    async with installation.database() as connection:
        found = await connection.fetchval("SELECT count(*) FROM notifications.facts WHERE kind = 'post'")
    return bool(found == count)
