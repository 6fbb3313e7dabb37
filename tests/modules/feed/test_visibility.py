"""Who may see a post for followers, everywhere it could show"""

from collections.abc import Awaitable, Callable

import pytest

from tests.cast import Visit
from tests.modules.feed.acts import comment, follow, home_of, publish, seen_by, unfollow
from tests.modules.feed.conftest import Drain, SignUp
from threadly.modules import feed
from threadly.platform.ids import UUID
from threadly.platform.work import SignInRequired

Act = Callable[[Visit, UUID], Awaitable[object]]


async def comments(by: Visit, post_id: UUID) -> object:
    return await by.read(lambda work: feed.list_comments(work, post_id=post_id))


async def history(by: Visit, post_id: UUID) -> object:
    return await by.read(lambda work: feed.list_revisions(work, post_id=post_id))


async def like(by: Visit, post_id: UUID) -> object:
    return await by.write(lambda work: feed.like_post(work, post_id=post_id))


async def unlike(by: Visit, post_id: UUID) -> object:
    return await by.write(lambda work: feed.unlike_post(work, post_id=post_id))


async def edit(by: Visit, post_id: UUID) -> object:
    return await by.write(lambda work: feed.edit_post(work, post_id=post_id, content="x"))


async def delete(by: Visit, post_id: UUID) -> object:
    return await by.write(lambda work: feed.delete_post(work, post_id=post_id))


READS: list[Act] = [seen_by, comments, history]
WRITES: list[Act] = [like, unlike, comment, edit, delete]


@pytest.fixture
async def secret(alex: Visit, bob: Visit, drain: Drain) -> UUID:
    """A post of Alex for followers, of whom Bob is one."""
    await follow(bob, alex)
    post_id = await publish(alex, "A #secret", visibility="followers")
    await drain()
    return post_id


@pytest.mark.parametrize("act", [*READS, *WRITES])
async def test_to_others_it_does_not_exist(act: Act, secret: UUID, sarah: Visit) -> None:
    with pytest.raises(feed.PostMissing):
        await act(sarah, secret)


@pytest.mark.parametrize("act", READS)
async def test_to_who_is_not_signed_in_it_does_not_exist(act: Act, secret: UUID, visitor: Visit) -> None:
    with pytest.raises(feed.PostMissing):
        await act(visitor, secret)


@pytest.mark.parametrize("act", WRITES)
async def test_writing_asks_for_a_sign_in_before_it_tells_anything(
    act: Act, secret: UUID, visitor: Visit
) -> None:
    with pytest.raises(SignInRequired):
        await act(visitor, secret)


@pytest.mark.parametrize("act", [*READS, like, unlike, comment])
async def test_its_author_followers_and_moderators_see_it(
    act: Act, secret: UUID, alex: Visit, bob: Visit, join: SignUp
) -> None:
    for whom in (alex, bob, await join("mona")):
        await act(whom, secret)


async def test_its_comments_are_as_hidden_as_it_is(
    secret: UUID, bob: Visit, sarah: Visit, alex: Visit
) -> None:
    comment_id = await comment(bob, secret)
    # Whoever follows the commenter is not who the author wrote for.
    await follow(sarah, bob)
    for act in (seen_by, history, like):
        with pytest.raises(feed.PostMissing):
            await act(sarah, comment_id)
    assert (await seen_by(alex, comment_id)).content == "Well said"
    await unfollow(bob, alex)
    assert (await seen_by(bob, comment_id)).author.username == "bob"
    with pytest.raises(feed.PostMissing):
        await seen_by(bob, secret)


async def test_public_lists_never_show_it(secret: UUID, alex: Visit, bob: Visit, sarah: Visit) -> None:
    await like(bob, secret)
    for whom in (alex, bob, sarah):
        explore = await whom.read(lambda work: feed.list_explore(work))
        tagged = await whom.read(lambda work: feed.list_tagged(work, tag="secret"))
        trending = await whom.read(lambda work: feed.list_trending_ids(work))
        tags = await whom.read(lambda work: feed.list_trending_tags(work))
        assert explore.items == tagged.items == trending == tags == []


async def test_a_profile_shows_it_to_followers_only(
    secret: UUID, alex: Visit, bob: Visit, sarah: Visit
) -> None:
    shown = []
    for whom in (alex, bob, sarah):
        page = await whom.read(lambda work: feed.list_posts_of(work, user_id=alex.actor.me))
        shown.append(len(page.items))
    assert shown == [1, 1, 0]


async def test_a_list_of_trending_posts_that_is_older_than_a_change_does_not_betray_it(
    alex: Visit, sarah: Visit
) -> None:
    post_id = await publish(alex)
    await like(alex, post_id)
    cached = await sarah.read(lambda work: feed.list_trending_ids(work))
    await alex.write(lambda work: feed.edit_post(work, post_id=post_id, visibility="followers"))
    assert cached == [post_id]
    assert await sarah.read(lambda work: feed.list_posts(work, post_ids=cached)) == []


async def test_it_is_in_the_home_feed_of_followers_only(
    secret: UUID, bob: Visit, alex: Visit, sarah: Visit
) -> None:
    assert await home_of(bob) == await home_of(alex) == [secret]
    assert await home_of(sarah) == []
    await unfollow(bob, alex)
    assert await home_of(bob) == []
