"""Lists of posts, newest first; each page is one statement."""

from collections.abc import Sequence
from datetime import timedelta

from threadly.modules.feed import reasons
from threadly.modules.feed.repository.reading import (
    COMMUNITY_SIZE,
    EXPLORE,
    HOME_FEED,
    LIST_POSTS,
    POSTS_OF,
    PUBLIC_POSTS_OF,
    TAGGED,
    TRENDING,
    TRENDING_TAGS,
)
from threadly.modules.feed.repository.rows import HomeRow
from threadly.modules.feed.rules import first_id_at
from threadly.modules.feed.types import CommunitySize, Post, TagCount
from threadly.modules.feed.verbs.rows import FEED_MODERATE, key_of, page_of_posts, post_of
from threadly.platform.ids import FIRST_ID, LAST_ID, UUID
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

TRENDING_WINDOW = timedelta(hours=24)
MOST_TRENDING = 100
TAGS_WINDOW = timedelta(days=7)
MOST_TAGS = 8
MOST_NEW = 100


async def list_home_feed(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[Post]:
    """The actor's own posts and those of the people they follow. Raises SignInRequired."""
    rows = await work.all(HOME_FEED, work.actor.me, id_before(after), FIRST_ID, limit + 1)
    return page_of([_at_home(row, work) for row in rows], limit=limit, key=key_of)


async def list_new_posts(work: Work, *, newer_than: UUID, limit: int = MOST_NEW) -> list[Post]:
    """The newest of the actor's home feed above `newer_than`. Raises SignInRequired."""
    rows = await work.all(HOME_FEED, work.actor.me, LAST_ID, newer_than, limit)
    return [_at_home(row, work) for row in rows]


def _at_home(row: HomeRow, work: Work) -> Post:
    return post_of(row, work, reasons.pulled(row.name)) if row.pulled else post_of(row, work)


async def list_explore(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[Post]:
    """All public posts, but for those of people whom the actor has muted."""
    rows = await work.all(EXPLORE, work.actor.user_id, id_before(after), limit + 1)
    return page_of_posts(rows, work, limit=limit, reason=reasons.EXPLORED)


async def list_posts_of(
    work: Work, *, user_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Post]:
    """The member's posts that the actor may see."""
    rows = await work.all(
        POSTS_OF,
        *(work.actor.user_id, work.actor.may(FEED_MODERATE), user_id, id_before(after), limit + 1),
    )
    return page_of_posts(rows, work, limit=limit)


async def list_tagged(work: Work, *, tag: str, after: Keyset | None = None, limit: int = 20) -> Page[Post]:
    """Public posts with the hashtag `tag`, in any case, without its sign."""
    rows = await work.all(TAGGED, work.actor.user_id, tag.lower(), id_before(after), limit + 1)
    return page_of_posts(rows, work, limit=limit)


async def list_public_posts_of(
    work: Work, *, user_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Post]:
    """The member's public posts as anybody sees them, whoever asks."""
    rows = await work.all(PUBLIC_POSTS_OF, None, user_id, id_before(after), limit + 1)
    return page_of_posts(rows, work, limit=limit)


async def list_public_tagged(
    work: Work, *, tag: str, after: Keyset | None = None, limit: int = 20
) -> Page[Post]:
    """As `list_tagged`, but as anybody sees them, whoever asks."""
    rows = await work.all(TAGGED, None, tag.lower(), id_before(after), limit + 1)
    return page_of_posts(rows, work, limit=limit)


async def list_trending_ids(work: Work) -> list[UUID]:
    """The public posts that were liked most in the last 24 hours, most liked first: the same for everybody,
    therefore worth caching. `list_posts` makes them what the actor sees."""
    return await work.all(TRENDING, work.now - TRENDING_WINDOW, MOST_TRENDING)


async def list_posts(work: Work, *, post_ids: Sequence[UUID]) -> list[Post]:
    """Those of the posts that the actor may and wants to see (no hidden ones, no muted authors), in the order
    given."""
    rows = await work.all(LIST_POSTS, work.actor.user_id, work.actor.may(FEED_MODERATE), list(post_ids))
    found = {row.id: row for row in rows}
    return [post_of(found[post_id], work) for post_id in post_ids if post_id in found]


async def list_trending(work: Work, *, post_ids: Sequence[UUID]) -> list[Post]:
    """As `list_posts`, of `list_trending_ids`: with the place that each has as its reason."""
    rows = await work.all(LIST_POSTS, work.actor.user_id, work.actor.may(FEED_MODERATE), list(post_ids))
    places = {post_id: place for place, post_id in enumerate(post_ids, start=1)}
    rows.sort(key=lambda row: places[row.id])
    return [post_of(row, work, reasons.trending(places[row.id])) for row in rows]


async def list_trending_tags(work: Work) -> list[TagCount]:
    """The hashtags that most public posts of the last week carry; worth caching."""
    return await work.all(TRENDING_TAGS, first_id_at(work.now - TAGS_WINDOW), MOST_TAGS)


async def get_community_size(work: Work) -> CommunitySize:
    """How many members there are, and how many posts; worth caching."""
    return await work.one(COMMUNITY_SIZE) or CommunitySize(0, 0)
