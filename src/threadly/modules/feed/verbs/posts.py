"""One post: written, read, edited, deleted, liked, commented on."""

from collections.abc import Sequence

from threadly.modules import identity
from threadly.modules.feed.errors import CommentOnComment, CommentVisibility, MediaUnknown, PostMissing
from threadly.modules.feed.events import CommentPublished, PostDeleted, PostEdited, PostLiked, PostPublished
from threadly.modules.feed.repository.reading import COMMENTS, FIND_POST, REVISIONS, WRITTEN_AT
from threadly.modules.feed.repository.rows import LAST_ID, RevisionRow
from threadly.modules.feed.repository.writing import (
    DELETE_POST,
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
from threadly.modules.feed.types import Post, Revision, Visibility
from threadly.modules.feed.verbs.rows import FEED_MODERATE, id_after, id_before, page_of_posts, post_of
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, page_of
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
    """A new post of the actor, or a comment when it replies to a post.

    Raises SignInRequired, PostEmpty, PostTooLong, PostUnreadable, MediaUnknown, and what `comment_on_post`
    raises.
    """
    author = work.actor.me
    content = clean_content(content)
    if media_ids:
        raise MediaUnknown
    if reply_to:
        return await comment_on_post(work, post_id=reply_to, content=content)
    mentioned = await _mentioned(work, content)
    post_id = new_id()
    values = (post_id, author, content, visibility, list(mentioned), hashtags_of(content), work.now)
    if not await work.run(INSERT_POST, *values):
        raise SignInRequired  # the account is gone
    work.emit(PostPublished(post_id=post_id, author_id=author, mentioned=tuple(mentioned.values())))
    return await get_post(work, post_id=post_id)


async def comment_on_post(work: Work, *, post_id: UUID, content: str) -> Post:
    """A new comment of the actor, seen by whoever sees the post.

    Raises SignInRequired, PostMissing, CommentOnComment, PostEmpty, PostTooLong, PostUnreadable.
    """
    author = work.actor.me
    content = clean_content(content)
    post = await get_post(work, post_id=post_id)
    if post.reply_to:
        raise CommentOnComment
    mentioned = await _mentioned(work, content)
    comment_id = new_id()
    values = (comment_id, author, post_id, content, list(mentioned), work.now)
    if not await work.run(INSERT_COMMENT, *values):
        raise PostMissing  # deleted meanwhile
    work.emit(
        CommentPublished(
            comment_id=comment_id, post_id=post_id, author_id=author, mentioned=tuple(mentioned.values())
        )
    )
    return await get_post(work, post_id=comment_id)


async def edit_post(
    work: Work, *, post_id: UUID, content: str | None = None, visibility: Visibility | None = None
) -> Post:
    """The post or comment with another text or visibility; None leaves it. The old text stays readable.

    Raises SignInRequired, PostMissing, Denied unless it is the actor's or the actor may `feed.edit_any`,
    CommentVisibility, PostEmpty, PostTooLong, PostUnreadable.
    """
    actor = work.actor.me
    await work.one(LOCK_POST, post_id)
    post = await get_post(work, post_id=post_id)
    if post.author.id != actor:
        work.actor.require(FEED_EDIT_ANY)
    new_content = post.content if content is None else clean_content(content)
    new_visibility = visibility or post.visibility
    if post.reply_to and new_visibility != post.visibility:
        raise CommentVisibility
    if (new_content, new_visibility) == (post.content, post.visibility):
        return post
    mentioned = await _mentioned(work, new_content)
    values = (post_id, new_content, new_visibility, list(mentioned), work.now, new_id())
    if not await work.run(EDIT_POST, *values):
        raise PostMissing  # deleted meanwhile
    if not post.reply_to:
        await work.run(REPLACE_TAGS, post_id, hashtags_of(new_content))
        await work.run(SHOW_COMMENTS_TO, post_id, new_visibility)
    work.emit(PostEdited(post_id=post_id, author_id=post.author.id))
    return await get_post(work, post_id=post_id)


async def delete_post(work: Work, *, post_id: UUID) -> None:
    """The post is gone, with its comments, likes and history.

    Raises SignInRequired, PostMissing, Denied unless it is the actor's or the actor may `feed.moderate`.
    """
    actor = work.actor.me
    post = await get_post(work, post_id=post_id)
    if post.author.id != actor:
        work.actor.require(FEED_MODERATE)
    gone = await work.one(DELETE_POST, post_id)
    if gone is None:
        raise PostMissing
    work.emit(PostDeleted(post_id=post_id, author_id=gone.author_id, reply_to=gone.reply_to))


async def get_post(work: Work, *, post_id: UUID) -> Post:
    """The post or comment. Raises PostMissing, also for one that the actor may not see."""
    row = await work.one(FIND_POST, work.actor.user_id, work.actor.may(FEED_MODERATE), post_id)
    if row is None:
        raise PostMissing
    return post_of(row)


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


async def list_comments(
    work: Work, *, post_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Post]:
    """The comments on a post, oldest first. Raises PostMissing."""
    await get_post(work, post_id=post_id)
    rows = await work.all(COMMENTS, work.actor.user_id, post_id, id_after(after), limit + 1)
    return page_of_posts(rows, limit=limit)


async def list_revisions(
    work: Work, *, post_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Revision]:
    """What the post says and has said to the actor, newest first: at least what it says now.

    Raises PostMissing.
    """
    post = await get_post(work, post_id=post_id)
    viewer, moderates = work.actor.user_id, work.actor.may(FEED_MODERATE)
    rows = await work.all(REVISIONS, viewer, moderates, post_id, id_before(after), limit + 1)
    if after is None:
        # The present text is in no revision; it takes the first place of the first page.
        written_at = await work.one(WRITTEN_AT, post_id)
        rows.insert(0, RevisionRow(LAST_ID, post.content, post.mentions, written_at or post.created_at))
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page(
        [Revision(row.content, row.mentions, row.written_at, row.id == LAST_ID) for row in page.items],
        page.after,
    )


async def _mentioned(work: Work, content: str) -> dict[str, UUID]:
    """The members whom `content` addresses: username to id."""
    names = mentions_of(content)
    if not names:
        return {}
    profiles = await identity.list_profiles_by_username(work, usernames=names)
    return {profile.username: profile.id for profile in profiles}
