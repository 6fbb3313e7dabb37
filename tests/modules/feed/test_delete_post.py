"""feed.delete_post"""

from functools import partial

import pytest

from tests.cast import Visit
from tests.modules.feed.acts import comment, follow, home_of, member, publish, seen_by
from tests.modules.feed.conftest import Drain, SignUp
from threadly.modules import feed, moderation
from threadly.modules.moderation.verbs.cases import count_waiting
from threadly.platform.ids import UUID
from threadly.platform.work import Denied


async def delete(by: Visit, post_id: UUID) -> None:
    await by.write(lambda work: feed.delete_post(work, post_id=post_id))


async def test_with_a_post_go_its_comments_likes_history_and_count(alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex, "#tag")
    comment_id = await comment(bob, post_id)
    await bob.write(lambda work: feed.like_post(work, post_id=comment_id))
    await alex.write(lambda work: feed.edit_post(work, post_id=post_id, content="#tag 2"))
    await delete(alex, post_id)
    for gone in (post_id, comment_id):
        with pytest.raises(feed.PostMissing):
            await seen_by(bob, gone)
    assert (await member(alex)).post_count == 0


async def test_it_leaves_feeds_at_once_and_timelines_soon(alex: Visit, bob: Visit, drain: Drain) -> None:
    await follow(bob, alex)
    kept, gone = await publish(alex), await publish(alex)
    await drain()
    assert await home_of(bob) == [gone, kept]
    await delete(alex, gone)
    assert await home_of(bob) == await home_of(alex) == [kept]
    await drain()
    assert await home_of(bob) == [kept]


async def test_a_deleted_comment_is_not_counted_any_more(alex: Visit, bob: Visit) -> None:
    post_id = await publish(alex)
    first = await comment(bob, post_id)
    await comment(bob, post_id)
    await publish(bob)
    await delete(bob, first)
    assert (await seen_by(alex, post_id)).comment_count == 1
    assert (await member(bob)).post_count == 1


async def test_deleting_twice_is_missing(alex: Visit) -> None:
    post_id = await publish(alex)
    await delete(alex, post_id)
    with pytest.raises(feed.PostMissing):
        await delete(alex, post_id)
    assert (await member(alex)).post_count == 0


async def test_members_delete_their_own_only_and_moderators_and_admins_any(alex: Visit, join: SignUp) -> None:
    bob, mona, omar = [await join(name) for name in ("bob", "mona", "omar")]
    post_id = await publish(alex)
    with pytest.raises(Denied):
        await delete(bob, post_id)
    for moderator, gone in ((mona, post_id), (omar, await publish(alex))):
        await delete(moderator, gone)
        with pytest.raises(feed.PostMissing):
            await seen_by(bob, gone)


async def test_what_a_moderator_deletes_is_a_decision_that_is_told_appealed_and_undone(
    alex: Visit, join: SignUp, drain: Drain
) -> None:
    bob, mona, omar = [await join(name) for name in ("bob", "mona", "omar")]
    post_id = await publish(alex)
    filed = await bob.write(partial(feed.report_post, post_id=post_id, reason="spam"))
    await delete(mona, post_id)
    await delete(omar, post_id)  # twice is the same
    hold = await alex.read(partial(feed.get_hold, post_id=post_id), fresh=True)
    assert (hold.case_id, hold.by_itself, hold.may_appeal) == (filed.case_id, False, True)
    waiting = await mona.read(count_waiting, fresh=True)
    assert (waiting.open, waiting.appealed) == (0, 0)
    await alex.write(partial(moderation.file_appeal, case_id=filed.case_id, text="Why?"))
    await mona.write(partial(moderation.undo_decision, case_id=filed.case_id))
    await drain()
    assert (await seen_by(bob, post_id)).visibility == "public"
    unreported = await comment(alex, post_id)
    await delete(mona, unreported)
    hold = await alex.read(partial(feed.get_hold, post_id=unreported), fresh=True)
    assert hold.reasons[0].startswith("A moderator deleted this")


async def test_the_author_of_a_post_does_not_own_its_comments(alex: Visit, bob: Visit) -> None:
    comment_id = await comment(bob, await publish(alex))
    with pytest.raises(Denied):
        await delete(alex, comment_id)
