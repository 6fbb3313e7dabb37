"""Posts and comments that moderation holds, hides, releases and removes"""

from functools import partial

import pytest
from msgspec.structs import replace

from tests.cast import Visit
from tests.modules.feed.acts import comment, follow, home_of, member, publish, seen_by
from tests.modules.feed.conftest import Drain, SignUp
from tests.modules.moderation.acts import ORDINARY, SPAM
from threadly.modules import feed, identity, moderation
from threadly.modules.moderation.verbs.deciding import decide
from threadly.platform.events import Event
from threadly.platform.ids import UUID, new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Works


@pytest.fixture
def decided(works: Works, tenant: Tenant, drain: Drain) -> "Decided":
    return Decided(works, tenant, drain)


@pytest.fixture
async def mona(join: SignUp) -> Visit:
    return await join("mona")


class Decided:
    """What moderation tells once somebody has decided."""

    def __init__(self, works: Works, tenant: Tenant, drain: Drain) -> None:
        self._works = works
        self._tenant = tenant
        self._drain = drain

    async def tell(self, event: Event) -> None:
        async with self._works.write(self._tenant, SYSTEM) as work:
            work.emit(event)
        await self._drain()

    async def hide(self, post_id: UUID, *, kind: str = "post") -> None:
        await self.tell(moderation.ContentHidden(new_id(), kind, post_id, new_id()))

    async def release(self, post_id: UUID, *, kind: str = "post") -> None:
        await self.tell(moderation.ContentReleased(new_id(), kind, post_id, new_id()))

    async def remove(self, post_id: UUID, *, kind: str = "post") -> None:
        await self.tell(moderation.ContentRemoved(new_id(), kind, post_id, new_id()))


async def is_visible(whom: Visit, post_id: UUID) -> bool:
    try:
        await seen_by(whom, post_id)
    except feed.PostMissing:
        return False
    return True


async def explored(whom: Visit) -> list[UUID]:
    return [post.id for post in (await whom.read(lambda work: feed.list_explore(work))).items]


async def comments_of(whom: Visit, post_id: UUID) -> list[UUID]:
    page = await whom.read(lambda work: feed.list_comments(work, post_id=post_id))
    return [each.id for each in page.items]


async def test_spam_is_held_and_published_only_when_it_is_released(
    alex: Visit, bob: Visit, mona: Visit, drain: Drain, decided: Decided
) -> None:
    await follow(bob, alex)
    made = await alex.write(lambda work: feed.publish_post(work, content=f"{SPAM} #coins"))
    await drain()
    assert made.visibility == "hidden"
    assert await home_of(alex) == [made.id]
    assert await home_of(bob) == await explored(alex) == []
    assert not await is_visible(bob, made.id)
    assert (await seen_by(mona, made.id)).visibility == "hidden"
    assert (await member(alex)).post_count == 0
    hold = await alex.read(lambda work: feed.find_hold(work, post_id=made.id), fresh=True)
    assert hold
    assert hold.by_itself
    assert any("spam" in sentence for sentence in hold.reasons)
    assert await bob.read(lambda work: feed.find_hold(work, post_id=made.id), fresh=True) is None
    await decided.release(made.id)
    await decided.release(made.id)
    assert await home_of(bob) == await explored(bob) == [made.id]
    assert (await seen_by(bob, made.id)).visibility == "public"
    assert (await member(alex)).post_count == 1
    tags = await bob.read(lambda work: feed.list_tagged(work, tag="coins"))
    assert [post.id for post in tags.items] == [made.id]


async def test_a_hidden_post_leaves_every_list_and_comes_back_as_it_was(
    alex: Visit, bob: Visit, sarah: Visit, mona: Visit, drain: Drain, decided: Decided
) -> None:
    await follow(bob, alex)
    post_id = await publish(alex, "About #tea", visibility="followers")
    await drain()
    comment_id = await comment(bob, post_id)
    await bob.write(lambda work: feed.like_post(work, post_id=post_id))
    await decided.hide(post_id)
    await decided.hide(post_id)
    for whom in (bob, sarah):
        assert not await is_visible(whom, post_id)
        assert not await is_visible(sarah, comment_id)
        profile = await whom.read(lambda work: feed.list_posts_of(work, user_id=alex.actor.me))
        assert profile.items == []
    assert await home_of(bob) == []
    assert await home_of(alex) == [post_id]
    assert await comments_of(mona, post_id) == [comment_id]
    assert (await member(alex)).post_count == 0
    with pytest.raises(feed.PostMissing):
        await comment(bob, post_id)
    # What its author writes meanwhile stays hidden, and so do its comments.
    changed = await alex.write(
        lambda work: feed.edit_post(work, post_id=post_id, content="About #coffee", visibility="public")
    )
    assert changed.visibility == "hidden"
    assert not await is_visible(sarah, comment_id)
    await decided.release(post_id)
    assert (await seen_by(sarah, post_id)).visibility == "public"
    assert (await seen_by(sarah, post_id)).comment_count == 1
    assert await is_visible(sarah, comment_id)
    assert await home_of(bob) == [post_id]
    assert (await member(alex)).post_count == 1
    versions = await bob.read(lambda work: feed.list_revisions(work, post_id=post_id))
    # The text that was hidden is not told by its history.
    assert [each.content for each in versions.items] == ["About #coffee"]


async def test_a_held_comment_is_counted_once_it_is_released(
    alex: Visit, bob: Visit, sarah: Visit, decided: Decided
) -> None:
    post_id = await publish(alex, ORDINARY)
    kept = await comment(sarah, post_id)
    held = await comment(bob, post_id, SPAM)
    assert await comments_of(bob, post_id) == [kept, held]
    assert await comments_of(alex, post_id) == [kept]
    assert (await seen_by(alex, post_id)).comment_count == 1
    # A comment that was hidden by itself stays so when its post is hidden and comes back.
    await decided.hide(post_id)
    await decided.release(post_id)
    assert await comments_of(sarah, post_id) == [kept]
    assert not await is_visible(sarah, held)
    await decided.release(held, kind="comment")
    assert await comments_of(alex, post_id) == [kept, held]
    assert (await seen_by(alex, post_id)).comment_count == 2
    await decided.hide(kept, kind="comment")
    await decided.remove(kept, kind="comment")
    assert (await seen_by(alex, post_id)).comment_count == 1
    await decided.remove(post_id)
    assert not await is_visible(alex, held)
    assert (await member(alex)).post_count == 0


async def test_an_edit_that_reads_like_spam_hides_the_post(alex: Visit, bob: Visit, decided: Decided) -> None:
    post_id = await publish(alex, ORDINARY)
    edited = await alex.write(lambda work: feed.edit_post(work, post_id=post_id, content=SPAM))
    assert edited.visibility == "hidden"
    assert not await is_visible(bob, post_id)
    assert (await member(alex)).post_count == 0
    await decided.release(post_id)
    versions = await bob.read(lambda work: feed.list_revisions(work, post_id=post_id))
    assert [each.content for each in versions.items] == [SPAM, ORDINARY]


async def test_a_deleted_account_takes_what_was_held_along_and_no_count_with_it(
    alex: Visit, bob: Visit, drain: Drain
) -> None:
    post_id = await publish(alex, ORDINARY)
    await comment(bob, post_id, "Well said indeed")
    held = [await comment(bob, post_id, SPAM), await publish(bob, f"{SPAM} now")]
    await bob.write(lambda work: identity.delete_account(work, user_id=bob.actor.me))
    await drain()
    assert (await seen_by(alex, post_id)).comment_count == 0
    for gone in held:
        assert not await is_visible(bob, gone)


async def test_a_hidden_post_of_an_author_who_is_pulled_joins_no_feed(
    alex: Visit, bob: Visit, sarah: Visit, runtime: Runtime, drain: Drain, decided: Decided
) -> None:
    pulling = Works(runtime.database, replace(runtime.settings, feed_pull_threshold=2))
    for whom in (bob, sarah):
        await follow(Visit(pulling, whom.tenant, whom.actor), alex)
    shown, hidden = await publish(alex, "One"), await publish(alex, "Two")
    await drain()
    assert await home_of(bob) == [hidden, shown]
    await decided.hide(hidden)
    assert await home_of(bob) == [shown]
    assert await home_of(alex) == [hidden, shown]


async def test_trending_passes_over_what_is_hidden(alex: Visit, bob: Visit, decided: Decided) -> None:
    shown, hidden = await publish(alex, "One #tea"), await publish(alex, "Two #cake")
    for post_id in (shown, hidden):
        await bob.write(partial(feed.like_post, post_id=post_id))
    before = await bob.read(lambda work: feed.list_trending_ids(work))
    await decided.hide(hidden)
    for whom in (alex, bob):
        # Also where the list is a little old.
        posts = await whom.read(lambda work: feed.list_trending(work, post_ids=before))
        assert [post.id for post in posts] == [shown]
    assert await bob.read(lambda work: feed.list_trending_ids(work)) == [shown]
    tags = await bob.read(lambda work: feed.list_trending_tags(work))
    assert [tag.name for tag in tags] == ["tea"]


async def test_who_is_muted_by_a_moderator_reads_and_does_not_write(
    alex: Visit, bob: Visit, mona: Visit
) -> None:
    post_id = await publish(bob)
    case = await mona.write(
        lambda work: feed.report_post(work, post_id=post_id, reason="harassment", note="Look at this.")
    )
    assert case.reason == "harassment"
    with pytest.raises(moderation.ReportOfOneself):
        await bob.write(lambda work: feed.report_post(work, post_id=post_id, reason="spam"))
    await mona.write(
        lambda work: decide(work, case_id=case.case_id, action="mute", hours=24, hides=False, note="")
    )
    for write in (
        lambda work: feed.publish_post(work, content="x"),
        lambda work: feed.comment_on_post(work, post_id=post_id, content="x"),
        lambda work: feed.edit_post(work, post_id=post_id, content="x"),
    ):
        with pytest.raises(moderation.Muted):
            await bob.write(write)
    assert await is_visible(alex, post_id)
