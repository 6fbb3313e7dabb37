"""What the feed does when something happened. Each runs in the transaction that marks its event done, may see
an event again (replay) and does not rely on the order of two events."""

from itertools import islice

from threadly.modules import identity, moderation
from threadly.modules.feed.events import FollowEnded, FollowStarted, PostDeleted, PostPublished
from threadly.modules.feed.live import TOPIC
from threadly.modules.feed.repository.erasure import COMMENTS_OF_OTHERS, ERASURE, LOCK_POSTS
from threadly.modules.feed.repository.people import KEEP_MUTED, UNFOLLOW
from threadly.modules.feed.repository.timelines import (
    BACKFILL,
    DROP_AUTHOR_FROM_TIMELINE,
    DROP_POST_FROM_TIMELINES,
    FAN_OUT,
    IS_PULLED,
    TRIM_TIMELINES,
)
from threadly.modules.feed.verbs.moderating import hide_post, release_post, remove_post
from threadly.modules.feed.verbs.people import candidates_tag
from threadly.platform.events import Reactions
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["wire"]

# How many people one message to live pages may name.
OWNERS_PER_SIGNAL = 1_000
# What of moderation's subjects is a row of feed.posts.
KINDS = frozenset({"post", "comment"})


def wire(reactions: Reactions) -> None:
    reactions.on(PostPublished, fan_out, name="feed.fan_out")
    reactions.on(PostDeleted, clear_from_timelines, name="feed.clear_from_timelines")
    reactions.on(FollowStarted, backfill, name="feed.backfill")
    reactions.on(FollowEnded, clear_author, name="feed.clear_author")
    reactions.on(moderation.MuteStarted, keep_muted, name="feed.mute")
    reactions.on(moderation.MuteEnded, keep_muted, name="feed.unmute")
    reactions.on(moderation.BlockStarted, part, name="feed.part")
    reactions.on(moderation.ContentHidden, hide, name="feed.hide")
    reactions.on(moderation.ContentReleased, release, name="feed.release")
    reactions.on(moderation.ContentRemoved, remove, name="feed.remove")
    reactions.on(identity.AccountDeleted, erase_member, name="feed.erase_member")


async def fan_out(work: Work, event: PostPublished) -> None:
    """The post into its author's followers' timelines, unless the author is pulled."""
    post = {"post_id": str(event.post_id), "author_id": str(event.author_id)}
    if await work.one(IS_PULLED, event.author_id):
        work.signal(TOPIC, {**post, "pulled": True})
        return
    reached = await work.all(FAN_OUT, event.post_id)
    # The author's other devices too.
    owners = iter([str(event.author_id), *map(str, reached)])
    while chunk := list(islice(owners, OWNERS_PER_SIGNAL)):
        work.signal(TOPIC, {**post, "owners": chunk})


async def clear_from_timelines(work: Work, event: PostDeleted) -> None:
    if event.reply_to is None:
        await work.run(DROP_POST_FROM_TIMELINES, event.post_id)


async def backfill(work: Work, event: FollowStarted) -> None:
    """The newest posts of the one now followed, then the oldest entries beyond what is kept make room."""
    # Muted while the following was on its way.
    await work.run(KEEP_MUTED, event.follower_id, event.followee_id)
    if await work.run(BACKFILL, event.follower_id, event.followee_id):
        await work.run(TRIM_TIMELINES, [event.follower_id])
    work.signal(TOPIC, {"owners": [str(event.follower_id)]})


async def clear_author(work: Work, event: FollowEnded) -> None:
    await work.run(DROP_AUTHOR_FROM_TIMELINE, event.follower_id, event.followee_id)


async def keep_muted(work: Work, event: moderation.MuteStarted | moderation.MuteEnded) -> None:
    """Whom somebody does not want to read leaves their home feed, and comes back when that ends."""
    if not await work.run(KEEP_MUTED, event.muter_id, event.muted_id):
        return
    await work.run(DROP_AUTHOR_FROM_TIMELINE, event.muter_id, event.muted_id)
    if await work.run(BACKFILL, event.muter_id, event.muted_id):
        await work.run(TRIM_TIMELINES, [event.muter_id])
    work.signal(TOPIC, {"owners": [str(event.muter_id)]})


async def part(work: Work, event: moderation.BlockStarted) -> None:
    """Neither follows the other any more."""
    for follower, followee in (
        (event.blocker_id, event.blocked_id),
        (event.blocked_id, event.blocker_id),
    ):
        if await work.run(UNFOLLOW, follower, followee):
            work.forget(candidates_tag(follower))
            work.emit(FollowEnded(follower_id=follower, followee_id=followee))


async def hide(work: Work, event: moderation.ContentHidden) -> None:
    if event.kind in KINDS:
        await hide_post(work, post_id=event.subject_id)


async def release(work: Work, event: moderation.ContentReleased) -> None:
    if event.kind in KINDS:
        await release_post(work, post_id=event.subject_id)


async def remove(work: Work, event: moderation.ContentRemoved) -> None:
    if event.kind in KINDS:
        await remove_post(work, post_id=event.subject_id)


async def erase_member(work: Work, event: identity.AccountDeleted) -> None:
    """All that the member wrote, liked and followed, and every number that counted it."""
    user_id: UUID = event.user_id
    gone = [*await work.all(LOCK_POSTS, user_id), *await work.all(COMMENTS_OF_OTHERS, user_id)]
    for statement in ERASURE:
        await work.run(statement, user_id)
    await moderation.withdraw(work, subject_ids=gone)
