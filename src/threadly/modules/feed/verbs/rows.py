"""From rows to what leaves the feed, and from a page's key to where the next one starts."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from threadly.modules import media
from threadly.modules.feed.reasons import suggested
from threadly.modules.feed.repository.rows import PersonRow, PostRow, SuggestedRow
from threadly.modules.feed.types import Author, Person, Post, Reason
from threadly.platform.paging import Page, page_of
from threadly.platform.work import Work

__all__ = [
    "FEED_MODERATE",
    "key_of",
    "page_of_people",
    "page_of_posts",
    "post_of",
    "stored_of",
    "suggestion_of",
]

FEED_MODERATE = "feed.moderate"


def post_of(row: PostRow, work: Work, reason: Reason | UnsetType = UNSET) -> Post:
    return Post(
        row.id,
        row.content,
        row.visibility,
        row.created_at,
        row.updated_at,
        Author(row.author_id, row.username, row.name, row.avatar_url),
        row.like_count,
        row.comment_count,
        row.liked_by_me,
        row.edited,
        row.reply_to,
        row.mentions,
        _shown(row.media, work) if row.media else (),
        reason,
    )


def stored_of(kept: object) -> list[media.StoredMedia]:
    """What a post's row keeps of its images, as it comes from jsonb."""
    return msgspec.convert(kept or [], list[media.StoredMedia])


def _shown(kept: object, work: Work) -> tuple[media.Media, ...]:
    return tuple(media.show(each, work.settings, work.now) for each in stored_of(kept))


def page_of_posts(
    rows: Sequence[PostRow], work: Work, *, limit: int, reason: Reason | UnsetType = UNSET
) -> Page[Post]:
    """A page of posts, from one row more than it has when there are more."""
    return page_of([post_of(row, work, reason) for row in rows], limit=limit, key=key_of)


def key_of(post: Post) -> tuple[str]:
    return (str(post.id),)


def page_of_people(rows: list[PersonRow], *, limit: int) -> Page[Person]:
    page = page_of(rows, limit=limit, key=lambda row: (str(row.position),))
    return Page([person_of(row) for row in page.items], page.after)


def person_of(row: PersonRow | SuggestedRow, reason: Reason | UnsetType = UNSET) -> Person:
    return Person(
        *(row.id, row.username, row.name, row.bio, row.avatar_url, row.follower_count, row.followed_by_me),
        reason,
    )


def suggestion_of(row: SuggestedRow, work: Work) -> Person:
    return person_of(row, suggested(row, now=work.now))
