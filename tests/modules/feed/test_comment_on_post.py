"""feed.comment_on_post, and a post with `reply_to`"""

import asyncio

import pytest

from tests.cast import Visit
from tests.modules.feed.acts import comment, home_of, member, publish, seen_by
from threadly.modules import feed
from threadly.platform.ids import UUID, new_id


async def comments_on(post_id: UUID, whom: Visit) -> list[UUID]:
    page = await whom.read(lambda work: feed.list_comments(work, post_id=post_id, limit=100))
    return [each.id for each in page.items]


async def test_comments_are_listed_oldest_first_and_counted(alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex)
    made = [await comment(by, post_id) for by in (bob, alex, bob)]
    assert await comments_on(post_id, alex) == made
    assert (await seen_by(alex, post_id)).comment_count == 3


async def test_a_post_that_replies_is_a_comment(alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex)
    made = await bob.write(lambda work: feed.publish_post(work, content="Yes", reply_to=post_id))
    assert made.reply_to == post_id
    assert await comments_on(post_id, alex) == [made.id]


async def test_comments_are_in_no_feed_and_no_post_count(alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex)
    await comment(bob, post_id, "With a #tag")
    assert await home_of(bob) == []
    explore = await bob.read(lambda work: feed.list_explore(work))
    profile = await bob.read(lambda work: feed.list_posts_of(work, user_id=bob.actor.me))
    tagged = await bob.read(lambda work: feed.list_tagged(work, tag="tag"))
    assert [each.id for each in explore.items] == [post_id]
    assert profile.items == tagged.items == []
    assert (await member(bob)).post_count == 0


async def test_the_count_is_exact_when_many_comment_at_once(alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex)
    await asyncio.gather(*(comment(by, post_id) for by in [alex, bob] * 20))
    assert (await seen_by(alex, post_id)).comment_count == 40
    assert len(await comments_on(post_id, alex)) == 40


async def test_a_comment_cannot_be_commented_on(alex: Visit, bob: Visit) -> None:
    comment_id = await comment(bob, await publish(alex))
    with pytest.raises(feed.CommentOnComment):
        await comment(alex, comment_id)
    assert (await seen_by(alex, comment_id)).comment_count == 0


async def test_a_post_that_does_not_exist_cannot_be_commented_on(alex: Visit) -> None:
    with pytest.raises(feed.PostMissing):
        await comment(alex, new_id())


async def test_a_comment_has_the_visibility_of_its_post_also_after_that_changes(
    alex: Visit, bob: Visit
) -> None:
    post_id = await publish(alex)
    comment_id = await comment(bob, post_id)
    await alex.write(lambda work: feed.edit_post(work, post_id=post_id, visibility="followers"))
    assert (await seen_by(alex, comment_id)).visibility == "followers"
    with pytest.raises(feed.CommentVisibility):
        await bob.write(lambda work: feed.edit_post(work, post_id=comment_id, visibility="public"))
