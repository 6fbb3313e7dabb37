"""One post: read, with its comments and its history."""

from threadly.modules.feed.errors import PostMissing
from threadly.modules.feed.repository.reading import COMMENTS, FIND_POST, REVISIONS, WRITTEN_AT
from threadly.modules.feed.repository.rows import RevisionRow
from threadly.modules.feed.types import Post, Revision
from threadly.modules.feed.verbs.rows import FEED_MODERATE, page_of_posts, post_of
from threadly.platform.ids import LAST_ID, UUID
from threadly.platform.paging import Keyset, Page, id_after, id_before, page_of
from threadly.platform.work import Work


async def get_post(work: Work, *, post_id: UUID) -> Post:
    """The post or comment. Raises PostMissing, also for one that the actor may not see."""
    row = await work.one(FIND_POST, work.actor.user_id, work.actor.may(FEED_MODERATE), post_id)
    if row is None:
        raise PostMissing
    return post_of(row, work)


async def list_comments(
    work: Work, *, post_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Post]:
    """The comments on a post, oldest first, but for those of people whom the actor has muted.

    Raises PostMissing.
    """
    await get_post(work, post_id=post_id)
    viewer, moderates = work.actor.user_id, work.actor.may(FEED_MODERATE)
    rows = await work.all(COMMENTS, viewer, moderates, post_id, id_after(after), limit + 1)
    return page_of_posts(rows, work, limit=limit)


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
