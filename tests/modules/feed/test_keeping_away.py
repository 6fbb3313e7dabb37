"""Members who block or mute each other"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

import asyncpg
import msgspec
import pytest

from tests.cast import Visit
from tests.modules.feed.acts import comment, follow, home_of, member, publish, seen_by
from tests.modules.feed.conftest import Drain, SignUp
from threadly.modules import feed, identity, moderation
from threadly.modules.feed.repository.people import KEEP_MUTED
from threadly.platform.ids import UUID
from threadly.platform.paging import Page
from threadly.platform.runtime import Runtime
from threadly.platform.work import Work, Works

Act = Callable[[Work], Awaitable[object]]
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def mute(by: Visit, whom: Visit) -> None:
    await by.write(lambda work: moderation.mute_member(work, member=str(whom.actor.me)))


async def unmute(by: Visit, whom: Visit) -> None:
    await by.write(lambda work: moderation.unmute_member(work, member=str(whom.actor.me)))


async def block(by: Visit, whom: Visit) -> None:
    await by.write(lambda work: moderation.block_member(work, member=str(whom.actor.me)))


async def posts_in(whom: Visit, read: Callable[[Work], Awaitable[Page[feed.Post]]]) -> list[UUID]:
    return [post.id for post in (await whom.read(read)).items]


async def suggested(whom: Visit) -> set[str]:
    return {each.username for each in (await whom.read(lambda work: feed.list_people_to_follow(work))).items}


async def test_a_mute_empties_the_home_feed_of_somebody_and_its_end_brings_them_back(
    alex: Visit, bob: Visit, sarah: Visit, drain: Drain, owner: Owner
) -> None:
    await follow(bob, alex)
    await follow(bob, sarah)
    first, other = await publish(alex, "One #tea"), await publish(sarah, "Two #tea")
    await drain()
    await mute(bob, alex)
    # What a late fan-out might leave in the timeline is not shown.
    await bob.write(lambda work: work.run(KEEP_MUTED, bob.actor.me, alex.actor.me))
    assert await home_of(bob) == [other]
    await owner.execute("UPDATE feed.follows SET muted = false WHERE follower_id = $1", bob.actor.me)
    await drain()
    second = await publish(alex, "Three #tea")
    await drain()
    assert await home_of(bob) == [other]
    kept = await owner.fetch("SELECT post_id FROM feed.timelines WHERE owner_id = $1", bob.actor.me)
    assert [row["post_id"] for row in kept] == [other]
    commented = await comment(alex, other)
    for read in (
        lambda work: feed.list_explore(work),
        lambda work: feed.list_tagged(work, tag="tea"),
    ):
        assert await posts_in(bob, read) == [other]
        assert await posts_in(sarah, read) == [second, other, first]
    assert await posts_in(bob, lambda work: feed.list_comments(work, post_id=other)) == []
    shown = await bob.read(lambda work: feed.list_trending(work, post_ids=[first, other]))
    assert [post.id for post in shown] == [other]
    # Who is muted is not told, may be visited, and is still followed.
    assert (await seen_by(bob, first)).content == "One #tea"
    assert (await member(alex, seen_by=bob)).muted_by_me
    assert (await member(alex, seen_by=bob)).followed_by_me
    assert not (await member(bob, seen_by=alex)).muted_by_me
    await unmute(bob, alex)
    await drain()
    assert await home_of(bob) == [second, other, first]
    assert await posts_in(bob, lambda work: feed.list_comments(work, post_id=other)) == [commented]


async def test_a_mute_also_holds_for_authors_who_are_pulled_and_for_followings_to_come(
    alex: Visit, bob: Visit, sarah: Visit, runtime: Runtime, drain: Drain
) -> None:
    pulling = Works(runtime.database, msgspec.structs.replace(runtime.settings, feed_pull_threshold=2))
    await mute(sarah, alex)
    for whom in (bob, sarah):
        await follow(Visit(pulling, whom.tenant, whom.actor), alex)
    post_id = await publish(alex)
    await drain()
    assert await home_of(bob) == [post_id]
    assert await home_of(sarah) == []
    (post,) = (await bob.read(lambda work: feed.list_home_feed(work))).items
    assert post.reason
    assert post.reason.kind == "pulled"
    assert "Alex Smith" in post.reason.sentence
    await unmute(sarah, alex)
    await mute(bob, alex)
    await drain()
    assert await home_of(sarah) == [post_id]
    assert await home_of(bob) == []


async def test_those_who_block_each_other_are_gone_for_each_other(
    alex: Visit, bob: Visit, sarah: Visit, join: SignUp, drain: Drain
) -> None:
    mona = await join("mona")
    for one, other in ((alex, bob), (bob, alex)):
        await follow(one, other)
    posts = {alex: await publish(alex, "One"), bob: await publish(bob, "Two")}
    thread = await publish(sarah, "Three")
    comments = {alex: await comment(alex, thread), bob: await comment(bob, thread)}
    await drain()
    await block(alex, bob)
    await drain()
    for one in (alex, bob):
        assert (await member(one)).following_count == (await member(one)).follower_count == 0
    for one, other in ((alex, bob), (bob, alex)):
        assert posts[other] not in await home_of(one)
        name = str(other.actor.me)
        refused: list[Act] = [
            partial(feed.get_member, member=name),
            partial(feed.get_profile, member=name),
            partial(feed.follow_member, member=name),
        ]
        for act in refused:
            with pytest.raises(identity.AccountMissing):
                await one.write(act)
        for post_id in (posts[other], comments[other]):
            writes: list[Act] = [
                partial(feed.get_post, post_id=post_id),
                partial(feed.like_post, post_id=post_id),
                partial(feed.comment_on_post, post_id=post_id, content="x"),
                partial(feed.list_comments, post_id=post_id),
            ]
            for act in writes:
                with pytest.raises(feed.PostMissing):
                    await one.write(act)
        assert await posts_in(one, lambda work: feed.list_comments(work, post_id=thread)) == [comments[one]]
        assert await posts_in(one, lambda work: feed.list_explore(work)) == [
            post_id for post_id in (thread, posts[bob], posts[alex]) if post_id != posts[other]
        ]
        assert "mona" in await suggested(one)
        assert not {"bob", "alexsmith"} & await suggested(one)
        await follow(other, sarah)
        fans = await one.read(lambda work: feed.list_followers(work, user_id=sarah.actor.me))
        assert other.actor.me not in {person.id for person in fans.items}
    # Everybody else sees both, and so do moderators whom one of them blocks.
    await block(bob, mona)
    for whom in (sarah, mona):
        assert (await seen_by(whom, posts[bob])).content == "Two"
    assert (await member(bob, seen_by=mona)).username == "bob"


async def test_nobody_is_told_of_a_mention_by_somebody_they_block(
    alex: Visit, bob: Visit, sarah: Visit, drain: Drain
) -> None:
    await block(bob, alex)
    made = await alex.write(lambda work: feed.publish_post(work, content="Hi @bob and @sarahj"))
    assert made.mentions == ["sarahj"]
    await drain()
