"""One post: written, edited, deleted, liked, commented on."""

from collections.abc import Mapping, Sequence

from threadly.modules import identity, media, moderation
from threadly.modules.feed.errors import CommentMedia, CommentOnComment, CommentVisibility, PostMissing
from threadly.modules.feed.events import CommentPublished, PostEdited, PostLiked, PostPublished
from threadly.modules.feed.repository.writing import (
    EDIT_POST,
    INSERT_COMMENT,
    INSERT_POST,
    LIKE,
    LOCK_POST,
    REPLACE_TAGS,
    SHOW_COMMENTS_TO,
    UNLIKE,
)
from threadly.modules.feed.rules import clean_content, hashtags_of, mentions_of
from threadly.modules.feed.types import Post, Visibility
from threadly.modules.feed.verbs.moderating import (
    hide_post,
    is_held,
    remove_post,
    restrict_media,
    subject_of,
)
from threadly.modules.feed.verbs.reading import get_post
from threadly.modules.feed.verbs.rows import FEED_MODERATE
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import SignInRequired, Work

FEED_EDIT_ANY = "feed.edit_any"


async def publish_post(
    work: Work,
    *,
    content: str,
    visibility: Visibility = "public",
    media_ids: Sequence[UUID] = (),
    reply_to: UUID | None = None,
) -> Post:
    """A new post of the actor, or a comment when it replies to a post. `media_ids` are the actor's uploads.

    It may be held for a moderator: then it is "hidden", and published when it is released.

    Raises SignInRequired, moderation.Muted, PostEmpty, PostTooLong, PostUnreadable, CommentMedia, what
    `media.attach` raises, and what `comment_on_post` raises.
    """
    author = work.actor.me
    content = clean_content(content)
    if reply_to:
        if media_ids:
            raise CommentMedia
        return await comment_on_post(work, post_id=reply_to, content=content)
    await moderation.require_voice(work)
    mentioned = await _mentioned(work, content)
    post_id = new_id()
    chosen = await media.list_chosen(work, media_ids=media_ids)
    subject = subject_of(post_id, author, content, reply_to=None)
    held = await is_held(work, subject, content, alts=[each.alt for each in chosen])
    images = await _attach(work, post_id, media_ids, private=held or visibility != "public")
    values = (post_id, author, content, visibility, list(mentioned), hashtags_of(content), work.now)
    if not await work.run(INSERT_POST, *values, images or None, held):
        raise SignInRequired  # the account is gone
    if not held:
        work.emit(PostPublished(post_id=post_id, author_id=author, mentioned=tuple(mentioned.values())))
    return await get_post(work, post_id=post_id)


async def comment_on_post(work: Work, *, post_id: UUID, content: str) -> Post:
    """A new comment of the actor, seen by whoever sees the post. It may be held, as a post may.

    Raises SignInRequired, moderation.Muted, PostMissing, CommentOnComment, PostEmpty, PostTooLong,
    PostUnreadable.
    """
    author = work.actor.me
    content = clean_content(content)
    post = await get_post(work, post_id=post_id)
    if post.reply_to:
        raise CommentOnComment
    await moderation.require_voice(work)
    mentioned = await _mentioned(work, content)
    comment_id = new_id()
    held = await is_held(work, subject_of(comment_id, author, content, reply_to=post_id), content)
    values = (comment_id, author, post_id, content, list(mentioned), work.now, held)
    if not await work.run(INSERT_COMMENT, *values):
        raise PostMissing  # deleted meanwhile
    if not held:
        work.emit(
            CommentPublished(
                comment_id=comment_id,
                post_id=post_id,
                author_id=author,
                mentioned=tuple(mentioned.values()),
            )
        )
    return await get_post(work, post_id=comment_id)


async def edit_post(
    work: Work, *, post_id: UUID, content: str | None = None, visibility: Visibility | None = None
) -> Post:
    """The post or comment with another text or visibility; None leaves it. The old text stays readable. The
    new text may be held; what is hidden stays so.

    Raises SignInRequired, moderation.Muted, PostMissing, Denied unless it is the actor's or the actor may
    `feed.edit_any`, CommentVisibility, PostEmpty, PostTooLong, PostUnreadable.
    """
    actor = work.actor.me
    kept = await work.one(LOCK_POST, post_id)
    post = await get_post(work, post_id=post_id)
    if post.author.id != actor:
        work.actor.require(FEED_EDIT_ANY)
    await moderation.require_voice(work)
    new_content = post.content if content is None else clean_content(content)
    new_visibility = visibility or kept or post.visibility
    if post.reply_to and new_visibility != kept:
        raise CommentVisibility
    if (new_content, new_visibility) == (post.content, kept):
        return post
    mentioned = await _mentioned(work, new_content)
    held = new_content != post.content and await is_held(
        work,
        subject_of(post_id, post.author.id, new_content, reply_to=post.reply_to),
        new_content,
        alts=[each.alt for each in post.media],
    )
    values = (post_id, new_content, new_visibility, list(mentioned), work.now, new_id())
    if not await work.run(EDIT_POST, *values):
        raise PostMissing  # deleted meanwhile
    if not post.reply_to:
        await work.run(REPLACE_TAGS, post_id, hashtags_of(new_content))
        if post.visibility != "hidden":
            await work.run(SHOW_COMMENTS_TO, post_id, new_visibility)
    if post.media and post.visibility != "hidden" and new_visibility != kept:
        await restrict_media(work, post_id=post_id, private=new_visibility != "public")
    if held:
        await hide_post(work, post_id=post_id)
    added = () if held or post.visibility == "hidden" else _added(mentioned, post.content)
    work.emit(PostEdited(post_id=post_id, author_id=post.author.id, mentioned=added))
    return await get_post(work, post_id=post_id)


async def delete_post(work: Work, *, post_id: UUID) -> None:
    """The post is gone, with its comments, likes, images and history. Somebody else's is hidden at once: that
    is a moderator's decision, which its author is told, and it goes for good once nobody can undo it.

    Raises SignInRequired, PostMissing, Denied unless it is the actor's or the actor may `feed.moderate`, and
    then what `moderation.delete_content` raises.
    """
    actor = work.actor.me
    post = await get_post(work, post_id=post_id)
    if post.author.id != actor:
        work.actor.require(FEED_MODERATE)
        await hide_post(work, post_id=post_id)
        subject = subject_of(post_id, post.author.id, post.content, reply_to=post.reply_to)
        await moderation.delete_content(work, subject=subject)
        return
    await remove_post(work, post_id=post_id)


async def like_post(work: Work, *, post_id: UUID) -> None:
    """The actor likes the post or comment; twice is the same. Raises SignInRequired, PostMissing."""
    actor = work.actor.me
    await get_post(work, post_id=post_id)
    if await work.run(LIKE, post_id, actor, work.now):
        work.emit(PostLiked(post_id=post_id, user_id=actor))


async def unlike_post(work: Work, *, post_id: UUID) -> None:
    """The actor does not like it, or not any more. Raises SignInRequired, PostMissing."""
    actor = work.actor.me
    await get_post(work, post_id=post_id)
    await work.run(UNLIKE, post_id, actor)


async def _attach(
    work: Work, post_id: UUID, media_ids: Sequence[UUID], *, private: bool
) -> list[media.StoredMedia]:
    """What the post's row keeps of its images."""
    if not media_ids:
        return []
    return await media.attach(work, media_ids=media_ids, owner="post", owner_id=post_id, private=private)


def _added(mentioned: Mapping[str, UUID], before: str) -> tuple[UUID, ...]:
    """Those of the `mentioned` whom the text did not address before."""
    known = set(mentions_of(before))
    return tuple(user_id for username, user_id in mentioned.items() if username not in known)


async def _mentioned(work: Work, content: str) -> dict[str, UUID]:
    """The members whom `content` addresses and may: username to id."""
    names = mentions_of(content)
    if not names:
        return {}
    profiles = await identity.list_profiles_by_username(work, usernames=names)
    apart = await moderation.list_blocked_among(work, user_ids=[profile.id for profile in profiles])
    return {profile.username: profile.id for profile in profiles if profile.id not in apart}
