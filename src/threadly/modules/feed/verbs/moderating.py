"""Posts and comments as moderation sees them: screened, reported, hidden, released, removed."""

from collections.abc import Sequence

import msgspec

from threadly.modules import identity, media, moderation
from threadly.modules.feed.errors import PostNotHeld
from threadly.modules.feed.events import CommentPublished, PostDeleted, PostEdited, PostPublished
from threadly.modules.feed.repository.rows import ReleasedRow
from threadly.modules.feed.repository.writing import (
    COMMENT_IDS,
    DELETE_POST,
    HIDE_POST,
    LOCK_POST,
    RELEASE_POST,
    RESTRICT_MEDIA,
)
from threadly.modules.feed.verbs.reading import get_post
from threadly.platform.ids import UUID
from threadly.platform.work import Work

# What a case keeps of a text.
EXCERPT_CHARACTERS = 500


def subject_of(post_id: UUID, author_id: UUID, content: str, *, reply_to: UUID | None) -> moderation.Subject:
    return moderation.Subject(
        kind="comment" if reply_to else "post",
        id=post_id,
        author_id=author_id,
        excerpt=content[:EXCERPT_CHARACTERS],
        url=f"/posts/{reply_to}#comment-{post_id}" if reply_to else f"/posts/{post_id}",
    )


async def is_held(work: Work, subject: moderation.Subject, text: str, *, alts: Sequence[str] = ()) -> bool:
    """Whether `text`, about to be published, has to wait for a moderator. `alts` are what its images are said
    to show."""
    beside = "\n".join(filter(None, alts))
    if beside:
        excerpt = f"{text}\n{beside}"[:EXCERPT_CHARACTERS]
        subject = msgspec.structs.replace(subject, excerpt=excerpt)
    return (await moderation.screen(work, subject=subject, text=text, beside=beside)).held


async def report_post(
    work: Work, *, post_id: UUID, reason: moderation.ReportReason, note: str = ""
) -> moderation.Report:
    """The actor says that the post or comment should not be here.

    Raises PostMissing, and what `moderation.file_report` raises.
    """
    _ = work.actor.me
    # Whoever deletes it meanwhile waits, and withdraws the report with it.
    await work.one(LOCK_POST, post_id)
    post = await get_post(work, post_id=post_id)
    subject = subject_of(post.id, post.author.id, post.content, reply_to=post.reply_to)
    return await moderation.file_report(work, subject=subject, reason=reason, note=note)


async def find_hold(work: Work, *, post_id: UUID, comment: bool = False) -> moderation.Hold | None:
    """Why it is hidden, for its author and moderators."""
    return await moderation.explain_hold(work, kind="comment" if comment else "post", subject_id=post_id)


async def get_hold(work: Work, *, post_id: UUID) -> moderation.Hold:
    """Why the post or comment is hidden. Raises PostMissing, and PostNotHeld for one that is not."""
    post = await get_post(work, post_id=post_id)
    hold = await find_hold(work, post_id=post_id, comment=post.reply_to is not None)
    if hold is None:
        raise PostNotHeld
    return hold


async def hide_post(work: Work, *, post_id: UUID) -> None:
    """Only its author and moderators see it from now on, and nothing counts it; twice is the same."""
    if hidden := await work.one(HIDE_POST, post_id):
        await restrict_media(work, post_id=post_id, private=True)
        work.emit(PostEdited(post_id=post_id, author_id=hidden.author_id))


async def release_post(work: Work, *, post_id: UUID) -> None:
    """It is seen as before it was hidden; what had been held at once is published only now."""
    freed = await work.one(RELEASE_POST, post_id)
    if freed is None:
        return
    if freed.visibility == "public":
        await restrict_media(work, post_id=post_id, private=False)
    if freed.was_announced:
        work.emit(PostEdited(post_id=post_id, author_id=freed.author_id))
    else:
        await _announce(work, post_id, freed)


async def restrict_media(work: Work, *, post_id: UUID, private: bool) -> None:
    """Its images, if it has any, are seen by signed addresses only, or by everybody."""
    if await work.run(RESTRICT_MEDIA, post_id, private):
        await media.restrict(work, owner="post", owner_id=post_id, private=private)


async def remove_post(work: Work, *, post_id: UUID) -> None:
    """It is gone, with its comments and images; twice is the same. Nothing of it waits for a moderator."""
    await work.one(LOCK_POST, post_id)  # no comment is added from here on
    comment_ids = await work.all(COMMENT_IDS, post_id)
    gone = await work.one(DELETE_POST, post_id)
    if gone is None:
        return
    await moderation.withdraw(work, subject_ids=[post_id, *comment_ids])
    if gone.with_media:
        await media.detach(work, owner="post", owner_id=post_id)
    work.emit(PostDeleted(post_id=post_id, author_id=gone.author_id, reply_to=gone.reply_to))


async def _announce(work: Work, post_id: UUID, freed: ReleasedRow) -> None:
    profiles = await identity.list_profiles_by_username(work, usernames=freed.mentions)
    mentioned = tuple(profile.id for profile in profiles)
    if freed.reply_to is None:
        work.emit(PostPublished(post_id=post_id, author_id=freed.author_id, mentioned=mentioned))
        return
    work.emit(
        CommentPublished(
            comment_id=post_id, post_id=freed.reply_to, author_id=freed.author_id, mentioned=mentioned
        )
    )
