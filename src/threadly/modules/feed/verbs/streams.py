"""Lists of posts, newest first; each page is one statement."""

from collections.abc import Sequence
from datetime import timedelta

from threadly.modules.feed.repository.reading import (
    COMMUNITY_SIZE,
    EXPLORE,
    HOME_FEED,
    LIST_POSTS,
    POSTS_OF,
    TAGGED,
    TRENDING,
    TRENDING_TAGS,
)
from threadly.modules.feed.repository.rows import FIRST_ID, LAST_ID
from threadly.modules.feed.rules import first_id_at
from threadly.modules.feed.types import CommunitySize, Post, TagCount
from threadly.modules.feed.verbs.rows import FEED_MODERATE, id_before, page_of_posts, post_of
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page
from threadly.platform.work import Work

TRENDING_WINDOW = timedelta(hours=24)
MOST_TRENDING = 100
TAGS_WINDOW = timedelta(days=7)
MOST_TAGS = 8
MOST_NEW = 100


async def list_home_feed(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[Post]:
    """The actor's own posts and those of the people they follow. Raises SignInRequired."""
    rows = await work.all(HOME_FEED, work.actor.me, id_before(after), FIRST_ID, limit + 1)
    return page_of_posts(rows, limit=limit)


async def list_new_posts(work: Work, *, newer_than: UUID, limit: int = MOST_NEW) -> list[Post]:
    """The newest of the actor's home feed above `newer_than`. Raises SignInRequired."""
    rows = await work.all(HOME_FEED, work.actor.me, LAST_ID, newer_than, limit)
    return [post_of(row) for row in rows]


async def list_explore(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[Post]:
    """All public posts."""
    rows = await work.all(EXPLORE, work.actor.user_id, id_before(after), limit + 1)
    return page_of_posts(rows, limit=limit)


async def list_posts_of(
    work: Work, *, user_id: UUID, after: Keyset | None = None, limit: int = 20
) -> Page[Post]:
    """The member's posts that the actor may see."""
    rows = await work.all(
        POSTS_OF,
        *(work.actor.user_id, work.actor.may(FEED_MODERATE), user_id, id_before(after), limit + 1),
    )
    return page_of_posts(rows, limit=limit)


async def list_tagged(work: Work, *, tag: str, after: Keyset | None = None, limit: int = 20) -> Page[Post]:
    """Public posts with the hashtag `tag`, in any case, without its sign."""
    rows = await work.all(TAGGED, work.actor.user_id, tag.lower(), id_before(after), limit + 1)
    return page_of_posts(rows, limit=limit)


async def list_trending_ids(work: Work) -> list[UUID]:
    """The public posts that were liked most in the last 24 hours, most liked first: the same for everybody,
    therefore worth caching. `list_posts` makes them what the actor sees."""
    return await work.all(TRENDING, work.now - TRENDING_WINDOW, MOST_TRENDING)


async def list_posts(work: Work, *, post_ids: Sequence[UUID]) -> list[Post]:
    """Those of the posts that the actor may see, in the order given."""
    rows = await work.all(LIST_POSTS, work.actor.user_id, work.actor.may(FEED_MODERATE), list(post_ids))
    found = {row.id: row for row in rows}
    return [post_of(found[post_id]) for post_id in post_ids if post_id in found]


async def list_trending_tags(work: Work) -> list[TagCount]:
    """The hashtags that most public posts of the last week carry; worth caching."""
    return await work.all(TRENDING_TAGS, first_id_at(work.now - TAGS_WINDOW), MOST_TAGS)


async def get_community_size(work: Work) -> CommunitySize:
    """How many members there are, and how many posts; worth caching."""
    return await work.one(COMMUNITY_SIZE) or CommunitySize(0, 0)
