"""Explore, profiles, tags, trending"""

from datetime import UTC, datetime, timedelta

from tests.cast import Visit
from tests.modules.feed.acts import every_page, publish
from threadly.modules import feed
from threadly.platform.ids import UUID
from threadly.platform.runtime import Runtime
from threadly.platform.work import Works


async def like(by: Visit, post_id: UUID) -> None:
    await by.write(lambda work: feed.like_post(work, post_id=post_id))


async def trending(whom: Visit) -> list[UUID]:
    return await whom.read(lambda work: feed.list_trending_ids(work))


async def test_explore_needs_no_sign_in_and_pages_while_others_post(alex: Visit, visitor: Visit) -> None:
    posts = [await publish(alex) for _ in range(7)]
    posts_seen = await every_page(
        visitor,
        lambda work, after: feed.list_explore(work, after=after, limit=3),
        meanwhile=lambda: publish(alex),
    )
    seen = [post.id for post in posts_seen]
    assert seen == list(reversed(posts))


async def test_a_full_last_page_says_that_it_is_the_last(alex: Visit) -> None:
    for _ in range(3):
        await publish(alex)
    page = await alex.read(lambda work: feed.list_explore(work, limit=3))
    assert (len(page.items), page.after) == (3, None)


async def test_a_profile_shows_its_members_posts_only(alex: Visit, bob: Visit) -> None:
    mine = [await publish(alex) for _ in range(2)]
    await publish(bob)
    page = await bob.read(lambda work: feed.list_posts_of(work, user_id=alex.actor.me))
    assert [post.id for post in page.items] == list(reversed(mine))


async def test_a_tag_is_found_in_any_case(alex: Visit) -> None:
    post_id = await publish(alex, "#Été")
    page = await alex.read(lambda work: feed.list_tagged(work, tag="ÉTÉ"))
    assert [post.id for post in page.items] == [post_id]


async def test_trending_is_the_most_liked_first(alex: Visit, bob: Visit, sarah: Visit) -> None:
    quiet, liked, loved = [await publish(alex) for _ in range(3)]
    for by in (alex, bob, sarah):
        await like(by, loved)
    await like(bob, liked)
    assert await trending(bob) == [loved, liked]
    shown = await bob.read(lambda work: feed.list_posts(work, post_ids=[loved, liked, quiet]))
    assert [(post.like_count, post.liked_by_me) for post in shown] == [(3, True), (1, True), (0, False)]


async def test_likes_older_than_a_day_do_not_count(alex: Visit, bob: Visit, runtime: Runtime) -> None:
    old, new = [await publish(alex) for _ in range(2)]
    await like(bob, old)
    await like(alex, old)
    later = Works(runtime.database, runtime.settings, clock=lambda: datetime.now(UTC) + timedelta(hours=25))
    tomorrow = Visit(later, alex.tenant, bob.actor)
    await like(tomorrow, new)
    assert await trending(tomorrow) == [new]
    assert await trending(bob) == [old, new]


async def test_trending_tags_count_public_posts(alex: Visit) -> None:
    for content in ("#tea", "#tea #cake", "#cake #tea", "#scone"):
        await publish(alex, content)
    tags = await alex.read(lambda work: feed.list_trending_tags(work))
    assert [(tag.name, tag.post_count) for tag in tags] == [("tea", 3), ("cake", 2), ("scone", 1)]


async def test_the_size_of_a_community_is_its_members_and_posts(alex: Visit, bob: Visit) -> None:
    await publish(alex)
    size = await bob.read(lambda work: feed.get_community_size(work))
    assert size == feed.CommunitySize(members=2, posts=1)
