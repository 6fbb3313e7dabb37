"""feed.publish_post"""

import pytest

from tests.cast import Visit
from tests.modules.feed.acts import home_of, member, publish, seen_by
from threadly.modules import feed, identity, media
from threadly.platform.ids import new_id
from threadly.platform.work import SignInRequired, Tenant, Works


async def test_a_post_is_shown_as_it_was_written(alex: Visit) -> None:
    made = await alex.write(lambda work: feed.publish_post(work, content="  Hello, world  "))
    assert (made.content, made.visibility, made.author.username) == ("Hello, world", "public", "alexsmith")
    assert (made.like_count, made.comment_count, made.liked_by_me, made.edited) == (0, 0, False, False)
    assert made.media == ()
    assert await seen_by(alex, made.id) == made


async def test_its_author_sees_it_at_home_at_once(alex: Visit) -> None:
    post_id = await publish(alex)
    assert await home_of(alex) == [post_id]


async def test_posts_are_counted(alex: Visit) -> None:
    for _ in range(3):
        await publish(alex)
    assert (await member(alex)).post_count == 3


async def test_only_members_who_exist_are_mentioned(alex: Visit, bob: Visit) -> None:
    made = await alex.write(lambda work: feed.publish_post(work, content="Hi @Bob and @nobody"))
    assert made.mentions == ["bob"]


async def test_markup_and_sql_are_only_text(alex: Visit) -> None:
    content = "<b>x</b>'; DROP TABLE feed.posts; -- ${{7*7}} %s \\x00"
    assert (await seen_by(alex, await publish(alex, content))).content == content


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        ("", feed.PostEmpty),
        (" \n\u200b", feed.PostEmpty),
        ("x" * 281, feed.PostTooLong),
        ("a\0", feed.PostUnreadable),
    ],
)
async def test_bad_content_is_refused_and_nothing_is_written(
    alex: Visit, content: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await publish(alex, content)
    assert await home_of(alex) == []
    assert (await member(alex)).post_count == 0


async def test_media_that_does_not_exist_is_refused(alex: Visit) -> None:
    with pytest.raises(media.MediaUnknown):
        await alex.write(lambda work: feed.publish_post(work, content="x", media_ids=[new_id()]))


async def test_publishing_needs_a_sign_in(visitor: Visit) -> None:
    with pytest.raises(SignInRequired):
        await publish(visitor)


async def test_a_token_that_outlived_its_account_writes_nothing(alex: Visit, bob: Visit) -> None:
    await alex.write(lambda work: identity.delete_account(work, user_id=alex.actor.me))
    with pytest.raises(SignInRequired):
        await publish(alex)
    page = await bob.read(lambda work: feed.list_explore(work))
    assert page.items == []


async def test_a_post_does_not_exist_in_another_tenant(
    alex: Visit, works: Works, other_tenant: Tenant
) -> None:
    post_id = await publish(alex)
    stranger = Visit(works, other_tenant, alex.actor)
    with pytest.raises(feed.PostMissing):
        await seen_by(stranger, post_id)
    assert (await stranger.read(lambda work: feed.list_explore(work))).items == []
    assert await home_of(stranger) == []
