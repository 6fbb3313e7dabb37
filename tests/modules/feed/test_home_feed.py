"""feed.list_home_feed: pushed, pulled, paged; and the reaction that fans out"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from tests.cast import Visit
from tests.modules.feed.acts import comment, every_page, follow, home_of, publish, unfollow
from tests.modules.feed.conftest import Crowd, Drain
from threadly.modules import feed
from threadly.modules.feed.reactions import fan_out
from threadly.platform.ids import UUID
from threadly.platform.paging import Page
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, SignInRequired, Tenant, Work, Works


@pytest.fixture
def pulling(runtime: Runtime) -> Works:
    """Works in which an author is pulled from two followers on."""
    return Works(runtime.database, msgspec.structs.replace(runtime.settings, feed_pull_threshold=2))


async def walk(
    whom: Visit, *, limit: int, meanwhile: Callable[[], Awaitable[object]] | None = None
) -> list[UUID]:
    """The ids of the whole home feed."""
    posts = await every_page(
        whom,
        lambda work, after: feed.list_home_feed(work, after=after, limit=limit),
        meanwhile=meanwhile,
    )
    return [post.id for post in posts]


async def test_home_has_ones_own_posts_and_those_of_people_one_follows(
    alex: Visit, bob: Visit, sarah: Visit, drain: Drain
) -> None:
    await follow(bob, alex)
    posts = [await publish(by) for by in (alex, sarah, bob)]
    await drain()
    assert await home_of(bob) == [posts[2], posts[0]]


async def test_home_needs_a_sign_in(visitor: Visit) -> None:
    with pytest.raises(SignInRequired):
        await home_of(visitor)


async def test_pages_have_no_gaps_and_no_repeats_while_others_post(
    alex: Visit, bob: Visit, drain: Drain
) -> None:
    await follow(bob, alex)
    posts = [await publish(by) for by in [alex, bob] * 6]
    await drain()

    async def meanwhile() -> None:
        await publish(alex)
        await publish(bob)
        await drain()

    assert await walk(bob, limit=5, meanwhile=meanwhile) == list(reversed(posts))


async def test_a_page_is_full_though_some_of_its_posts_were_deleted_or_their_authors_unfollowed(
    alex: Visit, bob: Visit, sarah: Visit, drain: Drain
) -> None:
    await follow(bob, alex)
    await follow(bob, sarah)
    posts = [await publish(by) for by in [alex, sarah] * 5]
    await drain()
    await unfollow(bob, sarah)
    await alex.write(lambda work: feed.delete_post(work, post_id=posts[8]))
    # No reaction has run since: the timeline still has all ten.
    page = await bob.read(lambda work: feed.list_home_feed(work, limit=4))
    assert [post.id for post in page.items] == [posts[6], posts[4], posts[2], posts[0]]
    assert page.after is None


async def test_running_the_fan_out_again_changes_nothing(
    alex: Visit, bob: Visit, works: Works, tenant: Tenant, drain: Drain
) -> None:
    await follow(bob, alex)
    post_id = await publish(alex)
    event = feed.PostPublished(post_id=post_id, author_id=alex.actor.me)
    for _ in range(2):
        async with works.write(tenant, SYSTEM) as work:
            await fan_out(work, event)
    await drain()
    assert await home_of(bob) == [post_id]


async def test_the_fan_out_of_a_post_that_was_deleted_meanwhile_leaves_nothing(
    alex: Visit, bob: Visit, works: Works, tenant: Tenant
) -> None:
    await follow(bob, alex)
    post_id = await publish(alex)
    await alex.write(lambda work: feed.delete_post(work, post_id=post_id))
    async with works.write(tenant, SYSTEM) as work:
        await fan_out(work, feed.PostPublished(post_id=post_id, author_id=alex.actor.me))
    assert await timeline_of(works, bob) == []


async def test_the_fan_out_is_one_statement_for_any_number_of_followers(
    crowd: Crowd, works: Works, tenant: Tenant
) -> None:
    counts = []
    people = await crowd(30)
    star = people[0]
    for fans in (people[1:3], people[3:]):
        await asyncio.gather(*(follow(fan, star) for fan in fans))
        event = feed.PostPublished(post_id=await publish(star), author_id=star.actor.me)
        async with works.write(tenant, SYSTEM) as work:
            await fan_out(work, event)
            counts.append(work.statement_count)
    assert counts[0] == counts[1] <= 2
    assert len(await home_of(people[-1])) == 1


async def test_a_pulled_authors_posts_are_merged_in_and_pushed_to_nobody(
    crowd: Crowd, pulling: Works, drain: Drain
) -> None:
    star, friend, reader, other = await crowd(4)
    pull = [Visit(pulling, each.tenant, each.actor) for each in (reader, other)]
    before = await publish(star)
    await follow(reader, star)
    await drain()
    # The second follower makes the star a pulled author.
    for each in pull:
        await follow(each, star)
    await follow(reader, friend)
    after = [await publish(by) for by in (star, friend, star, friend, reader)]
    await drain()
    assert await home_of(reader) == [*reversed(after), before]
    assert await home_of(other) == [after[2], after[0], before]
    assert await walk(reader, limit=2) == [*reversed(after), before]
    assert await timeline_of(pulling, other) == []
    await unfollow(reader, star)
    assert await home_of(reader) == [after[4], after[3], after[1]]


async def test_an_author_once_pulled_stays_pulled(crowd: Crowd, pulling: Works, drain: Drain) -> None:
    star, one, two, three = await crowd(4)
    for each in (one, two):
        await follow(Visit(pulling, each.tenant, each.actor), star)
    post_id = await publish(star)
    await drain()
    await unfollow(one, star)
    # Far below the threshold of these Works.
    await follow(three, star)
    assert await home_of(two) == await home_of(three) == [post_id]


async def test_a_pulled_authors_own_page_shows_each_post_once(
    crowd: Crowd, pulling: Works, drain: Drain
) -> None:
    star, one, two = await crowd(3)
    for each in (one, two):
        await follow(Visit(pulling, each.tenant, each.actor), star)
    post_id = await publish(star)
    await drain()
    assert await home_of(star) == [post_id]


@pytest.mark.parametrize("count", [5, 50])
async def test_any_page_of_any_list_is_one_statement(
    alex: Visit, bob: Visit, drain: Drain, count: int
) -> None:
    await follow(bob, alex)
    for number in range(count):
        await publish(alex, f"#many {number}")
    await drain()

    async def listed(work: Work) -> list[tuple[int, int]]:
        taken = []
        pages: list[Callable[[], Awaitable[Page[feed.Post]]]] = [
            lambda: feed.list_home_feed(work, limit=50),
            lambda: feed.list_explore(work, limit=50),
            lambda: feed.list_posts_of(work, user_id=alex.actor.me, limit=50),
            lambda: feed.list_tagged(work, tag="many", limit=50),
        ]
        for page in pages:
            before = work.statement_count
            items = (await page()).items
            taken.append((len(items), work.statement_count - before))
        return taken

    assert await bob.read(listed) == [(count, 1)] * 4


async def test_comments_and_people_take_the_same_statements_for_few_and_many(
    alex: Visit, crowd: Crowd
) -> None:
    people = await crowd(30)
    post_id = await publish(alex)

    async def counted(work: Work) -> tuple[int, int, int]:
        comments = await feed.list_comments(work, post_id=post_id, limit=100)
        people = await feed.list_followers(work, user_id=alex.actor.me, limit=100)
        return len(comments.items), len(people.items), work.statement_count

    assert await alex.read(counted) == (0, 0, 3)
    await asyncio.gather(*(comment(each, post_id) for each in people))
    await asyncio.gather(*(follow(each, alex) for each in people))
    assert await alex.read(counted) == (30, 30, 3)


async def test_new_posts_are_those_above_the_newest_that_one_has(
    alex: Visit, bob: Visit, drain: Drain
) -> None:
    await follow(bob, alex)
    posts = [await publish(alex) for _ in range(4)]
    await drain()
    new = await bob.read(lambda work: feed.list_new_posts(work, newer_than=posts[1]))
    assert [post.id for post in new] == [posts[3], posts[2]]


async def timeline_of(works: Works, whom: Visit) -> list[UUID]:
    """What was written for somebody, whether it is shown or not."""
    async with works.database.connection(whom.tenant.id) as connection:
        rows = await connection.fetch(
            "SELECT post_id FROM feed.timelines WHERE owner_id = $1 ORDER BY post_id", whom.actor.me
        )
    return [row["post_id"] for row in rows]
