"""feed.seed_feed"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg

from tests.cast import Visit
from tests.modules.feed.acts import home_of, member
from tests.modules.feed.conftest import Crowd
from threadly.modules import feed
from threadly.modules.feed.rules import clean_content
from threadly.platform.ids import UUID

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

WRONG_COUNTERS = """
SELECT 'post' FROM feed.posts p WHERE tenant_id = $1 AND (
    like_count <> (SELECT count(*) FROM feed.likes l WHERE l.post_id = p.id)
    OR comment_count <> (SELECT count(*) FROM feed.posts c WHERE c.reply_to = p.id)
)
UNION ALL
SELECT 'author' FROM feed.authors u WHERE tenant_id = $1 AND (
    follower_count <> (SELECT count(*) FROM feed.follows f WHERE f.followee_id = u.user_id)
    OR following_count <> (SELECT count(*) FROM feed.follows f WHERE f.follower_id = u.user_id)
    OR post_count <> (SELECT count(*) FROM feed.posts p WHERE p.author_id = u.user_id AND p.reply_to IS NULL)
)
"""


async def seed(
    owner: Owner,
    people: list[Visit],
    *,
    posts: int = 300,
    follows: int = 150,
    number: int = 7,
    progress: Callable[[int], None] = lambda _rows: None,
) -> None:
    await feed.seed_feed(
        owner,
        tenant_id=people[0].tenant.id,
        users=[each.actor.me for each in people],
        posts=posts,
        follows=follows,
        seed=number,
        now=NOW,
        progress=progress,
    )


async def test_the_same_arguments_make_the_same_rows(crowd: Crowd, owner: Owner) -> None:
    people = await crowd(10)
    made = []
    for number in (7, 7, 8):
        undone = owner.transaction()
        await undone.start()
        await seed(owner, people, posts=50, follows=20, number=number)
        rows = [
            await owner.fetch(
                f"SELECT t::text FROM feed.{table} t WHERE tenant_id = $1 ORDER BY 1", people[0].tenant.id
            )
            for table in ("posts", "follows", "likes", "authors", "timelines")
        ]
        made.append([[row["t"] for row in table] for table in rows])
        await undone.rollback()
    assert all(made[0])
    assert made[0] == made[1] != made[2]


async def test_it_makes_what_was_asked_for_with_right_counters(crowd: Crowd, owner: Owner) -> None:
    people = await crowd(25)
    done: list[int] = []
    await seed(owner, people, progress=done.append)
    tenant_id = people[0].tenant.id
    assert sum(done) == feed.seed_units(users=25, posts=300, follows=150)
    assert await owner.fetchval("SELECT count(*) FROM feed.follows WHERE tenant_id = $1", tenant_id) == 150
    assert (
        await owner.fetchval(
            "SELECT count(*) FROM feed.posts WHERE tenant_id = $1 AND reply_to IS NULL", tenant_id
        )
        == 300
    )
    assert await owner.fetch(WRONG_COUNTERS, tenant_id) == []


async def test_posts_are_what_the_rules_allow_and_spread_over_the_past(crowd: Crowd, owner: Owner) -> None:
    people = await crowd(25)
    await seed(owner, people)
    rows = await owner.fetch(
        "SELECT id, content, created_at FROM feed.posts WHERE tenant_id = $1", people[0].tenant.id
    )
    for row in rows:
        assert clean_content(row["content"]) == row["content"]
        assert NOW - timedelta(days=91) < row["created_at"] <= NOW
        post_id: UUID = row["id"]
        assert (post_id.version, post_id.variant) == (7, "specified in RFC 4122")
        assert post_id.int >> 80 == int(row["created_at"].timestamp() * 1000)


async def test_feeds_are_as_if_everybody_had_posted(crowd: Crowd, owner: Owner) -> None:
    people = await crowd(25)
    await seed(owner, people)
    for each in people[:5]:
        wanted = await owner.fetch(
            "SELECT id FROM feed.posts p WHERE reply_to IS NULL AND (author_id = $1 OR author_id IN"
            " (SELECT followee_id FROM feed.follows WHERE follower_id = $1)) ORDER BY id DESC LIMIT 100",
            each.actor.me,
        )
        assert await home_of(each) == [row["id"] for row in wanted]


async def test_some_are_followed_much_more_than_others(crowd: Crowd, owner: Owner) -> None:
    people = await crowd(100)
    await seed(owner, people, follows=1_500)
    followers = sorted([(await member(each)).follower_count for each in people])
    assert followers[-1] >= 2 * followers[len(followers) // 2] > 0


async def test_no_more_follows_are_made_than_there_can_be(crowd: Crowd, owner: Owner) -> None:
    people = await crowd(3)
    await seed(owner, people, follows=1_000, posts=10)
    assert sum([(await member(each)).following_count for each in people]) <= 6
