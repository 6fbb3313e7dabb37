"""kill -9 of the worker while it sends digests: each person's is one, with all that belongs in it, once."""

import asyncpg
import httpx

from tests.conftest import eventually
from tests.faults.installation import Installation, Member, halt, resume

DUE = """
    UPDATE notifications.deliveries SET due_at = now() - interval '1 min'
    WHERE state = 'digest' OR (state = 'sending' AND due_at > now())
"""


async def test_a_worker_killed_while_it_sends_digests_leaves_one_for_each(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    authors = [await installation.sign_up(http, f"digested{number}") for number in range(2)]
    fans = [await installation.sign_up(http, f"fan{number}") for number in range(2)]
    async with installation.database() as database:
        await database.execute("UPDATE identity.users SET email_verified_at = now()")
        worker = installation.server("worker")
        for author in authors:
            post = (await author.post("Like this")).json()["data"]["id"]
            for fan in fans:
                liked = await http.post(f"/api/v1/posts/{post}/likes", headers=fan.headers)
                assert liked.status_code < 300, liked.text
        await eventually(lambda: _count(database, authors, "digest", 2))
        halt([worker])
        await database.execute(DUE)
        async with database.transaction():
            # The worker stands still with a letter in its hand.
            await database.execute("LOCK TABLE platform.mailbox IN SHARE MODE")
            resume([worker])
            await eventually(lambda: _somebody_waits(database))
            worker.kill()
        await database.execute(DUE)  # its lease is over
        await eventually(lambda: _count(database, authors, "sent", 4))
        for author in authors:
            found = await database.fetch(
                "SELECT FROM platform.mailbox WHERE recipient = $1 AND subject LIKE '%liked your post%'",
                f"{author.username}@example.com",
            )
            assert len(found) == 1


async def _count(
    database: "asyncpg.Connection[asyncpg.Record]", members: list[Member], state: str, wanted: int
) -> bool:
    count = await database.fetchval(
        "SELECT count(*) FROM notifications.deliveries WHERE user_id = ANY($1::uuid[]) AND state = $2",
        [member.id for member in members],
        state,
    )
    return bool(count == wanted)


async def _somebody_waits(database: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(
        await database.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'platform.mailbox'::regclass"
        )
    )
