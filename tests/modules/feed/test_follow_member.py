"""feed.follow_member, feed.unfollow_member, and the lists of people"""

import asyncio

import pytest

from tests.cast import Visit
from tests.modules.feed.acts import every_page, follow, home_of, member, publish, unfollow
from tests.modules.feed.conftest import Crowd, Drain
from threadly.modules import feed, identity


async def numbers(whom: Visit) -> tuple[int, int]:
    found = await member(whom)
    return found.follower_count, found.following_count


async def test_following_twice_is_following_once(alex: Visit, bob: Visit) -> None:
    await follow(bob, alex)
    await follow(bob, alex)
    assert await numbers(alex) == (1, 0)
    assert await numbers(bob) == (0, 1)
    assert (await member(alex, seen_by=bob)).followed_by_me
    assert not (await member(bob, seen_by=alex)).followed_by_me


async def test_unfollowing_twice_is_unfollowing_once(alex: Visit, bob: Visit) -> None:
    await follow(bob, alex)
    await unfollow(bob, alex)
    await unfollow(bob, alex)
    assert await numbers(alex) == await numbers(bob) == (0, 0)


async def test_one_cannot_follow_oneself(alex: Visit) -> None:
    with pytest.raises(feed.SelfFollow):
        await follow(alex, alex)


@pytest.mark.parametrize("name", ["nobody", "x", "018f0000-0000-7000-8000-000000000000", "'; --", ""])
async def test_one_cannot_follow_nobody(alex: Visit, name: str) -> None:
    with pytest.raises(identity.AccountMissing):
        await alex.write(lambda work: feed.follow_member(work, member=name))


async def test_numbers_are_exact_when_everybody_follows_everybody_at_once(crowd: Crowd) -> None:
    people = await crowd(8)
    await asyncio.gather(*(follow(one, other) for one in people for other in people if one is not other))
    assert [await numbers(each) for each in people] == [(7, 7)] * 8
    await asyncio.gather(*(unfollow(one, other) for one in people for other in people if one is not other))
    assert [await numbers(each) for each in people] == [(0, 0)] * 8


async def test_following_brings_earlier_posts_and_unfollowing_takes_them(
    alex: Visit, bob: Visit, drain: Drain
) -> None:
    posts = [await publish(alex) for _ in range(3)]
    mine = await publish(bob)
    await drain()
    await follow(bob, alex)
    await drain()
    assert await home_of(bob) == [mine, *reversed(posts)]
    await unfollow(bob, alex)
    # At once, before any reaction.
    assert await home_of(bob) == [mine]
    await drain()
    await follow(bob, alex)
    # Nothing stale comes back by itself either.
    assert await home_of(bob) == [mine]
    await drain()
    assert await home_of(bob) == [mine, *reversed(posts)]


async def test_late_events_of_a_follow_that_is_over_leave_nothing(
    alex: Visit, bob: Visit, drain: Drain
) -> None:
    await publish(alex)
    await follow(bob, alex)
    await unfollow(bob, alex)
    await drain()
    assert await home_of(bob) == []
    await follow(bob, alex)
    await unfollow(bob, alex)
    await follow(bob, alex)
    await drain()
    assert len(await home_of(bob)) == 1


async def test_followers_and_following_page_latest_first(crowd: Crowd) -> None:
    star, *fans = await crowd(8)
    for fan in fans:
        await follow(fan, star)
    await follow(star, fans[0])
    seen = await every_page(
        star, lambda work, after: feed.list_followers(work, user_id=star.actor.me, after=after, limit=3)
    )
    assert [each.id for each in seen] == [fan.actor.me for fan in reversed(fans)]
    assert [each.followed_by_me for each in seen] == [False] * 6 + [True]
    following = await star.read(lambda work: feed.list_following(work, user_id=star.actor.me))
    assert [each.id for each in following.items] == [fans[0].actor.me]


async def test_people_to_follow_are_those_one_does_not_follow_the_most_followed_first(crowd: Crowd) -> None:
    people = await crowd(9)
    me, star, second, known = people[:4]
    for fan in people[4:7]:
        await follow(fan, star)
    await follow(people[4], second)
    for fan in people[4:9]:
        await follow(fan, known)
    await follow(me, known)
    found = await every_page(me, lambda work, after: feed.list_people_to_follow(work, after=after, limit=2))
    ids = [each.id for each in found]
    assert ids[:2] == [star.actor.me, second.actor.me]
    assert sorted(ids) == sorted(each.actor.me for each in people if each not in (me, known))


async def test_people_without_any_numbers_are_suggested_too(alex: Visit, bob: Visit, sarah: Visit) -> None:
    page = await alex.read(lambda work: feed.list_people_to_follow(work, limit=1))
    rest = await alex.read(lambda work: feed.list_people_to_follow(work, after=page.after))
    assert {each.username for each in [*page.items, *rest.items]} == {"bob", "sarahj"}
    assert rest.after is None
