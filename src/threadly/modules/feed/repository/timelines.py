"""Home timelines: filled, emptied, kept short."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from types import NoneType

from threadly.modules.feed.rules import TIMELINE_LENGTH
from threadly.platform.db import sql
from threadly.platform.ids import FIRST_ID, UUID

IS_PULLED = sql("feed.is_pulled", "SELECT pulled FROM feed.authors WHERE user_id = $1", into=bool)
# The post is locked against its deletion, which therefore finds all that is written here.
FAN_OUT = sql(
    "feed.fan_out",
    """
    WITH post AS (
        SELECT id, author_id FROM feed.posts WHERE id = $1 AND reply_to IS NULL FOR KEY SHARE
    )
    INSERT INTO feed.timelines (owner_id, post_id, author_id)
    SELECT f.follower_id, post.id, post.author_id
    FROM post JOIN feed.follows f ON f.followee_id = post.author_id AND NOT f.muted
    ON CONFLICT DO NOTHING RETURNING owner_id
    """,
    into=UUID,
)
# The newest of the one now followed, as far as they are newer than what the timeline keeps.
BACKFILL = sql(
    "feed.backfill",
    f"""
    WITH followed AS (
        SELECT f.follower_id, f.followee_id
        FROM feed.follows f JOIN feed.authors u ON u.user_id = f.followee_id
        WHERE f.follower_id = $1 AND f.followee_id = $2 AND NOT u.pulled AND NOT f.muted FOR KEY SHARE OF f
    ), oldest AS (
        SELECT post_id FROM feed.timelines WHERE owner_id = $1
        ORDER BY post_id DESC OFFSET {TIMELINE_LENGTH - 1} LIMIT 1
    )
    INSERT INTO feed.timelines (owner_id, post_id, author_id)
    SELECT followed.follower_id, p.id, p.author_id
    FROM followed CROSS JOIN LATERAL (
        SELECT id, author_id FROM feed.posts
        WHERE author_id = followed.followee_id AND reply_to IS NULL
          AND id > coalesce((SELECT post_id FROM oldest), '{FIRST_ID}')
        ORDER BY id DESC LIMIT {TIMELINE_LENGTH}
    ) p
    ORDER BY p.id
    ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
DROP_AUTHOR_FROM_TIMELINE = sql(
    "feed.drop_author_from_timeline",
    """
    DELETE FROM feed.timelines WHERE owner_id = $1 AND author_id = $2
      AND NOT EXISTS (
        SELECT FROM feed.follows f WHERE f.follower_id = $1 AND f.followee_id = $2 AND NOT f.muted
      )
    """,
    into=NoneType,
)
DROP_POST_FROM_TIMELINES = sql(
    "feed.drop_post_from_timelines", "DELETE FROM feed.timelines WHERE post_id = $1", into=NoneType
)
LIST_OWNERS = sql(
    "feed.list_timeline_owners",
    "SELECT user_id FROM feed.authors WHERE user_id > $1 ORDER BY user_id LIMIT $2",
    into=UUID,
)
TRIM_TIMELINES = sql(
    "feed.trim_timelines",
    f"""
    DELETE FROM feed.timelines t
    USING unnest($1::uuid[]) owner (id) CROSS JOIN LATERAL (
        SELECT post_id FROM feed.timelines WHERE owner_id = owner.id
        ORDER BY post_id DESC OFFSET {TIMELINE_LENGTH} LIMIT 1
    ) cut
    WHERE t.owner_id = owner.id AND t.post_id <= cut.post_id
    """,
    into=NoneType,
)
