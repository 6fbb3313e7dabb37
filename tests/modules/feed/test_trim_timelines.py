"""Timelines keep their newest entries"""

from tests.cast import Visit
from tests.modules.feed.acts import follow, home_of
from tests.modules.feed.conftest import Drain
from threadly.modules.feed.jobs import trim_some
from threadly.modules.feed.rules import TIMELINE_LENGTH
from threadly.platform.ids import FIRST_ID, UUID, new_id
from threadly.platform.work import SYSTEM, Works


async def write_posts(works: Works, author: Visit, count: int) -> list[UUID]:
    """Posts that nobody was told of, oldest first."""
    ids = [new_id() for _ in range(count)]
    async with works.database.connection(author.tenant.id) as connection:
        await connection.execute(
            "INSERT INTO feed.posts"
            " (id, author_id, thread_author_id, content, visibility, created_at, updated_at)"
            " SELECT id, $2, $2, 'x', 'public', now(), now() FROM unnest($1::uuid[]) id",
            ids,
            author.actor.me,
        )
    return ids


async def length(works: Works, owner: Visit) -> int:
    async with works.database.connection(owner.tenant.id) as connection:
        found = await connection.fetchval(
            "SELECT count(*) FROM feed.timelines WHERE owner_id = $1", owner.actor.me
        )
    return int(found)


async def test_following_many_people_keeps_the_newest_of_all(
    works: Works, alex: Visit, sarah: Visit, bob: Visit, drain: Drain
) -> None:
    old = await write_posts(works, alex, 500)
    new = await write_posts(works, sarah, 500)
    await follow(bob, sarah)
    await follow(bob, alex)
    await drain()
    assert await length(works, bob) == TIMELINE_LENGTH
    assert (await home_of(bob))[:100] == new[:-101:-1]
    kept = [*old, *new][-TIMELINE_LENGTH:]
    async with works.database.connection(bob.tenant.id) as connection:
        rows = await connection.fetch("SELECT post_id FROM feed.timelines WHERE owner_id = $1", bob.actor.me)
    assert sorted(row["post_id"] for row in rows) == kept


async def test_the_job_trims_every_owner(works: Works, alex: Visit, bob: Visit, drain: Drain) -> None:
    await follow(bob, alex)
    await drain()
    ids = await write_posts(works, alex, TIMELINE_LENGTH + 50)
    async with works.database.connection(bob.tenant.id) as connection:
        for owner in (alex, bob):
            await connection.execute(
                "INSERT INTO feed.timelines (owner_id, post_id, author_id)"
                " SELECT $1, id, $2 FROM unnest($3::uuid[]) id",
                owner.actor.me,
                alex.actor.me,
                ids,
            )
    after: str | None = str(FIRST_ID)
    while after is not None:
        async with works.write(bob.tenant, SYSTEM) as work:
            after = await trim_some(work, after=after)
    assert [await length(works, owner) for owner in (alex, bob)] == [TIMELINE_LENGTH] * 2
    assert (await home_of(bob))[0] == ids[-1]
