"""Who follows whom, and everybody's numbers."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from types import NoneType

from threadly.modules.feed.repository.rows import NumbersRow, PersonRow, SuggestedRow
from threadly.platform.db import sql
from threadly.platform.ids import UUID

PERSON = """
    a.id, a.username, a.name, a.bio, a.avatar_url, coalesce(u.follower_count, 0) AS follower_count,
    EXISTS (
        SELECT FROM feed.follows mine WHERE mine.follower_id = $1::uuid AND mine.followee_id = a.id
    ) AS followed_by_me
"""

FOLLOWERS = sql(
    "feed.followers",
    f"""
    SELECT f.id AS position, {PERSON}
    FROM feed.follows f
    JOIN identity.profiles a ON a.id = f.follower_id
    LEFT JOIN feed.authors u ON u.user_id = a.id
    WHERE f.followee_id = $2 AND f.id < $3 ORDER BY f.id DESC LIMIT $4
    """,
    into=PersonRow,
)
FOLLOWING = sql(
    "feed.following",
    f"""
    SELECT f.id AS position, {PERSON}
    FROM feed.follows f
    JOIN identity.profiles a ON a.id = f.followee_id
    LEFT JOIN feed.authors u ON u.user_id = a.id
    WHERE f.follower_id = $2 AND f.id < $3 ORDER BY f.id DESC LIMIT $4
    """,
    into=PersonRow,
)
# Most followed first, then those who have no numbers yet, newest first: they are asked for only once the
# others do not fill the page.
PEOPLE_TO_FOLLOW = sql(
    "feed.people_to_follow",
    f"""
    WITH known AS (
        SELECT u.user_id, u.follower_count FROM feed.authors u JOIN identity.profiles a ON a.id = u.user_id
        WHERE (u.follower_count, u.user_id) < ($2, $3) AND u.user_id IS DISTINCT FROM $1 AND (
            SELECT true FROM feed.follows f WHERE f.follower_id = $1 AND f.followee_id = u.user_id
        ) IS NOT TRUE
        ORDER BY u.follower_count DESC, u.user_id DESC LIMIT $4
    ), fresh AS (
        SELECT a.id FROM identity.profiles a
        WHERE (SELECT count(*) FROM known) < $4 AND ($2 >= 0 OR a.id < $3) AND a.id IS DISTINCT FROM $1
          AND NOT EXISTS (SELECT FROM feed.authors u WHERE u.user_id = a.id)
        ORDER BY a.id DESC LIMIT $4
    ), page AS (
        SELECT user_id, follower_count AS place FROM known UNION ALL SELECT id, -1 FROM fresh
        ORDER BY place DESC, user_id DESC LIMIT $4
    )
    SELECT page.place, {PERSON}
    FROM page JOIN identity.profiles a ON a.id = page.user_id LEFT JOIN feed.authors u ON u.user_id = a.id
    ORDER BY page.place DESC, page.user_id DESC
    """,
    into=SuggestedRow,
)
NUMBERS = sql(
    "feed.numbers",
    """
    SELECT coalesce(u.follower_count, 0) AS follower_count,
           coalesce(u.following_count, 0) AS following_count,
           coalesce(u.post_count, 0) AS post_count,
           EXISTS (
               SELECT FROM feed.follows f WHERE f.follower_id = $1 AND f.followee_id = $2
           ) AS followed_by_me
    FROM (SELECT $2::uuid AS id) member LEFT JOIN feed.authors u ON u.user_id = member.id
    """,
    into=NumbersRow,
)
# Both numbers in one statement, rows in the order of their ids: two people who follow each other at the same
# moment do not wait for one another.
FOLLOW = sql(
    "feed.follow",
    """
    WITH followed AS (
        INSERT INTO feed.follows (id, follower_id, followee_id, created_at)
        SELECT $1, me.id, them.id, $4 FROM identity.profiles me, identity.profiles them
        WHERE me.id = $2 AND them.id = $3
        ON CONFLICT DO NOTHING RETURNING follower_id, followee_id
    )
    INSERT INTO feed.authors (user_id, follower_count, following_count, pulled)
    SELECT user_id, followers, following, followers >= $5::int FROM (
        SELECT followee_id AS user_id, 1 AS followers, 0 AS following FROM followed
        UNION ALL SELECT follower_id, 0, 1 FROM followed
    ) counted
    ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE
    SET follower_count = authors.follower_count + EXCLUDED.follower_count,
        following_count = authors.following_count + EXCLUDED.following_count,
        pulled = authors.pulled OR authors.follower_count + EXCLUDED.follower_count >= $5::int
    """,
    into=NoneType,
)
UNFOLLOW = sql(
    "feed.unfollow",
    """
    WITH unfollowed AS (
        DELETE FROM feed.follows WHERE follower_id = $1 AND followee_id = $2
        RETURNING follower_id, followee_id
    ), counted AS (
        SELECT u.user_id FROM feed.authors u, unfollowed f
        WHERE u.user_id IN (f.follower_id, f.followee_id) ORDER BY u.user_id FOR NO KEY UPDATE OF u
    )
    UPDATE feed.authors u
    SET follower_count = u.follower_count - (u.user_id = $2)::int,
        following_count = u.following_count - (u.user_id = $1)::int
    FROM counted WHERE u.user_id = counted.user_id
    """,
    into=NoneType,
)
FOLLOWERS_AMONG = sql(
    "feed.followers_among",
    "SELECT follower_id FROM feed.follows WHERE followee_id = $1 AND follower_id = ANY($2::uuid[])",
    into=UUID,
)
