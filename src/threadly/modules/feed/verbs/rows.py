"""From rows to what leaves the feed, and from a page's key to where the next one starts."""

from threadly.modules.feed.repository.rows import FIRST_ID, LAST_ID, PersonRow, PostRow, SuggestedRow
from threadly.modules.feed.types import Author, Person, Post
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page, page_of

__all__ = [
    "FEED_MODERATE",
    "id_after",
    "id_before",
    "page_of_people",
    "page_of_posts",
    "person_of",
    "post_of",
]

FEED_MODERATE = "feed.moderate"


def post_of(row: PostRow) -> Post:
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
    )


def page_of_posts(rows: list[PostRow], *, limit: int) -> Page[Post]:
    """A page of posts, from one row more than it has when there are more."""
    return page_of([post_of(row) for row in rows], limit=limit, key=lambda post: (str(post.id),))


def page_of_people(rows: list[PersonRow], *, limit: int) -> Page[Person]:
    page = page_of(rows, limit=limit, key=lambda row: (str(row.position),))
    return Page([person_of(row) for row in page.items], page.after)


def person_of(row: PersonRow | SuggestedRow) -> Person:
    return Person(
        row.id, row.username, row.name, row.bio, row.avatar_url, row.follower_count, row.followed_by_me
    )


def id_before(after: Keyset | None) -> UUID:
    """The id that a list of the newest first goes on below."""
    return UUID(after[0]) if after else LAST_ID


def id_after(after: Keyset | None) -> UUID:
    """The id that a list of the oldest first goes on above."""
    return UUID(after[0]) if after else FIRST_ID
