"""What happens to the feed when an account is deleted"""

import asyncio

import asyncpg
import pytest

from tests.cast import Visit
from tests.modules.feed.acts import comment, follow, home_of, member, publish, seen_by
from tests.modules.feed.conftest import Drain
from threadly.modules import feed, identity
from threadly.modules.feed.events import PostPublished
from threadly.modules.feed.reactions import erase_member, fan_out
from threadly.platform.work import SYSTEM, Tenant, Works

TABLES = ("posts", "post_revisions", "post_tags", "likes", "follows", "authors", "timelines")


@pytest.fixture
async def gone(alex: Visit, bob: Visit, sarah: Visit, drain: Drain) -> None:
    """Alex was everywhere, and is deleted."""
    await follow(alex, bob)
    await follow(bob, alex)
    await follow(sarah, bob)
    await follow(sarah, alex)
    of_alex = await publish(alex, "#mine, my very own words")
    of_bob = await publish(bob, "Bob's")
    await drain()
    await alex.write(lambda work: feed.edit_post(work, post_id=of_alex, content="#mine, but other words"))
    await comment(alex, of_bob, "A comment by Alex")
    await comment(sarah, of_bob)
    await comment(sarah, of_alex)
    for by in (alex, sarah):
        await by.write(lambda work: feed.like_post(work, post_id=of_bob))
        await by.write(lambda work: feed.like_post(work, post_id=of_alex))
    await alex.write(lambda work: identity.delete_account(work, user_id=alex.actor.me))
    await drain()


async def test_every_number_that_counted_them_is_right_again(gone: None, bob: Visit, sarah: Visit) -> None:
    (left,) = await home_of(sarah)
    post = await seen_by(bob, left)
    assert (post.author.username, post.like_count, post.comment_count) == ("bob", 1, 1)
    found = await member(bob)
    assert (found.follower_count, found.following_count, found.post_count) == (1, 0, 1)
    found = await member(sarah)
    assert (found.follower_count, found.following_count) == (0, 1)


async def test_no_row_of_theirs_is_left_in_any_table(
    gone: None, alex: Visit, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    me = str(alex.actor.me)
    for table in TABLES:
        rows = await owner.fetch(
            f"SELECT 1 FROM feed.{table} t WHERE tenant_id = $1 AND to_jsonb(t)::text LIKE '%' || $2 || '%'",
            alex.tenant.id,
            me,
        )
        assert rows == [], table


async def test_a_post_that_is_being_delivered_meanwhile_stays_in_nobodys_timeline(
    works: Works, tenant: Tenant, alex: Visit, bob: Visit, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await follow(bob, alex)
    post_id = await publish(alex)

    async def erase() -> None:
        async with works.write(tenant, SYSTEM) as work:
            await erase_member(work, identity.AccountDeleted(user_id=alex.actor.me))

    async with works.write(tenant, SYSTEM) as work:
        await fan_out(work, PostPublished(post_id=post_id, author_id=alex.actor.me))
        erasing = asyncio.create_task(erase())
        await asyncio.wait([erasing], timeout=0.3)
    await erasing
    left = await owner.fetchval("SELECT count(*) FROM feed.timelines WHERE post_id = $1", post_id)
    assert left == 0


async def test_none_of_their_words_is_left_in_the_audit_log(
    gone: None, alex: Visit, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    rows = await owner.fetch("SELECT * FROM platform.audit_log WHERE tenant_id = $1", alex.tenant.id)
    text = repr([tuple(row) for row in rows])
    assert "words" not in text
    assert "comment by Alex" not in text
    assert any(row["subject"] == alex.actor.me and row["relation"] == "feed.posts" for row in rows)


async def test_it_takes_the_same_statements_for_few_and_for_many_posts(
    alex: Visit, bob: Visit, works: Works, tenant: Tenant
) -> None:
    for _ in range(20):
        await publish(alex)
    counts = []
    for whom in (alex, bob):
        async with works.write(tenant, SYSTEM) as work:
            await erase_member(work, identity.AccountDeleted(user_id=whom.actor.me))
            counts.append(work.statement_count)
    assert counts[0] == counts[1]
    page = await bob.read(lambda work: feed.list_explore(work))
    assert page.items == []
