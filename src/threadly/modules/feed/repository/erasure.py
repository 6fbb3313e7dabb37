"""A deleted account: LOCK_POSTS first, then in the order of ERASURE what is counted elsewhere, and all
that is left."""

from types import NoneType

from threadly.platform.db import sql
from threadly.platform.ids import UUID

# Whoever writes one of them into timelines at this moment is waited for, and nobody begins to: so
# ERASE_TIMELINES finds all there is.
# Said in two parts, because posts and comments of an author have an index each.
_OF_AUTHOR = "author_id = $1 AND (reply_to IS NULL OR reply_to IS NOT NULL)"
LOCK_POSTS = sql(
    "feed.lock_posts",
    f"SELECT id FROM feed.posts WHERE {_OF_AUTHOR} FOR UPDATE",  # noqa: S608  # the constant above
    into=UUID,
)
# What others wrote under them goes with them.
COMMENTS_OF_OTHERS = sql(
    "feed.comments_of_others",
    """
    SELECT c.id FROM feed.posts p JOIN feed.posts c ON c.reply_to = p.id
    WHERE p.author_id = $1 AND p.reply_to IS NULL AND c.author_id <> $1
    """,
    into=UUID,
)
ERASE_LIKES = sql(
    "feed.erase_likes",
    """
    WITH gone AS (DELETE FROM feed.likes WHERE user_id = $1 RETURNING post_id)
    UPDATE feed.posts p SET like_count = like_count - 1 FROM gone WHERE p.id = gone.post_id
    """,
    into=NoneType,
)
ERASE_COMMENTS = sql(
    "feed.erase_comments",
    """
    WITH gone AS (
        DELETE FROM feed.posts WHERE author_id = $1 AND reply_to IS NOT NULL
        RETURNING reply_to, hidden_visibility
    ), counted AS (
        SELECT reply_to, count(*)::int AS comments FROM gone WHERE hidden_visibility IS NULL GROUP BY reply_to
    )
    UPDATE feed.posts p SET comment_count = comment_count - counted.comments
    FROM counted WHERE p.id = counted.reply_to
    """,
    into=NoneType,
)
ERASE_FOLLOWS = sql(
    "feed.erase_follows",
    """
    WITH gone AS (
        DELETE FROM feed.follows WHERE follower_id = $1 OR followee_id = $1 RETURNING follower_id, followee_id
    ), counted AS (
        SELECT user_id, sum(followers)::int AS followers, sum(following)::int AS following FROM (
            SELECT followee_id AS user_id, 1 AS followers, 0 AS following FROM gone
            UNION ALL SELECT follower_id, 0, 1 FROM gone
        ) each GROUP BY user_id
    )
    UPDATE feed.authors u
    SET follower_count = follower_count - counted.followers,
        following_count = following_count - counted.following
    FROM counted WHERE u.user_id = counted.user_id
    """,
    into=NoneType,
)
ERASE_TIMELINES = sql(
    "feed.erase_timelines",
    """
    WITH own AS (DELETE FROM feed.timelines WHERE owner_id = $1)
    DELETE FROM feed.timelines t USING feed.posts p
    WHERE p.author_id = $1 AND p.reply_to IS NULL AND t.post_id = p.id
    """,
    into=NoneType,
)
ERASE_POSTS = sql(
    "feed.erase_posts",
    f"DELETE FROM feed.posts WHERE {_OF_AUTHOR}",  # noqa: S608  # the constant above
    into=NoneType,
)
ERASE_AUTHOR = sql("feed.erase_author", "DELETE FROM feed.authors WHERE user_id = $1", into=NoneType)
ERASE_AUDIT = sql("feed.erase_audit", "SELECT platform.erase_audit($1)", into=NoneType)

ERASURE = (
    ERASE_LIKES,
    ERASE_COMMENTS,
    ERASE_FOLLOWS,
    ERASE_TIMELINES,
    ERASE_POSTS,
    ERASE_AUTHOR,
    # Last, because removing posts records what they were.
    ERASE_AUDIT,
)
