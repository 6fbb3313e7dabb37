"""feed.like_post and feed.unlike_post"""

import asyncio

import pytest

from tests.cast import Visit
from tests.modules.feed.acts import publish, seen_by
from tests.modules.feed.conftest import Crowd
from threadly.modules import feed
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import SignInRequired


async def like(by: Visit, post_id: UUID) -> None:
    await by.write(lambda work: feed.like_post(work, post_id=post_id))


async def unlike(by: Visit, post_id: UUID) -> None:
    await by.write(lambda work: feed.unlike_post(work, post_id=post_id))


async def test_a_like_twice_is_one_like(alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex)
    await like(bob, post_id)
    await like(bob, post_id)
    seen = await seen_by(bob, post_id)
    assert (seen.like_count, seen.liked_by_me) == (1, True)
    assert not (await seen_by(alex, post_id)).liked_by_me


async def test_a_like_taken_back_twice_is_none(alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex)
    await like(bob, post_id)
    await unlike(bob, post_id)
    await unlike(bob, post_id)
    seen = await seen_by(bob, post_id)
    assert (seen.like_count, seen.liked_by_me) == (0, False)


async def test_ones_own_post_may_be_liked(alex: Visit) -> None:
    post_id = await publish(alex)
    await like(alex, post_id)
    assert (await seen_by(alex, post_id)).like_count == 1


async def test_a_hundred_likes_at_the_same_moment_are_a_hundred(crowd: Crowd) -> None:
    people = await crowd(100)
    post_id = await publish(people[0])
    # Each of them twice, to see that only one of the two counts.
    await asyncio.gather(*(like(each, post_id) for each in people * 2))
    assert (await seen_by(people[0], post_id)).like_count == 100
    await asyncio.gather(*(unlike(each, post_id) for each in people[:40] * 2))
    assert (await seen_by(people[0], post_id)).like_count == 60


async def test_liking_while_the_post_is_deleted_is_missing_or_done_but_no_bug(crowd: Crowd) -> None:
    people = await crowd(20)
    post_id = await publish(people[0])
    acts = [like(each, post_id) for each in people]
    acts.insert(10, people[0].write(lambda work: feed.delete_post(work, post_id=post_id)))
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    assert all(each is None or isinstance(each, feed.PostMissing) for each in outcomes)


async def test_what_is_not_there_cannot_be_liked(alex: Visit) -> None:
    with pytest.raises(feed.PostMissing):
        await like(alex, new_id())


async def test_liking_needs_a_sign_in(alex: Visit, visitor: Visit) -> None:
    post_id = await publish(alex)
    with pytest.raises(SignInRequired):
        await like(visitor, post_id)
