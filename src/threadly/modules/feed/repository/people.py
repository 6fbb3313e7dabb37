"""Who follows whom, and everybody's numbers."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from types import NoneType

from threadly.modules.feed.repository.relations import BLOCKED, SILENCED
from threadly.modules.feed.repository.rows import NumbersRow, PersonRow, SuggestedRow
from threadly.platform.db import sql
from threadly.platform.ids import UUID

# What is looked at for suggestions: so many followings, of each so many of theirs, so many posts of one's
# own, so many of their tags, and so many posts with each of these.
FRIENDS = 30
OWN_POSTS = 30
OWN_TAGS = 5
TAGGED_POSTS = 20
MOST_CLOSE = 50
# Where the close ones stand: above every follower count that there can be.
CLOSE = 1_000_000_000

OWN = "SELECT own.followee_id FROM feed.follows own WHERE own.follower_id = $1"
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
    WHERE f.followee_id = $2 AND f.id < $3 AND (a.id IN ({BLOCKED})) IS NOT TRUE
    ORDER BY f.id DESC LIMIT $4
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
    WHERE f.follower_id = $2 AND f.id < $3 AND (a.id IN ({BLOCKED})) IS NOT TRUE
    ORDER BY f.id DESC LIMIT $4
    """,
    into=PersonRow,
)
# First those close to the reader: followed by whom the reader follows, or writing about the same tags. Only
# the latest are looked at, so that this costs the same for everybody. Then the most followed, then those who
# have no numbers yet, newest first: they are asked for only once the others do not fill the page.
PEOPLE_TO_FOLLOW = sql(
    "feed.people_to_follow",
    f"""
    WITH mine AS (
        SELECT id, followee_id FROM feed.follows WHERE follower_id = $1 ORDER BY id DESC LIMIT {FRIENDS}
    ), befriended AS (
        SELECT theirs.followee_id AS user_id, count(*)::int AS friend_count,
            (array_agg(mine.followee_id ORDER BY mine.id DESC))[1] AS friend_id
        FROM mine CROSS JOIN LATERAL (
            SELECT followee_id FROM feed.follows WHERE follower_id = mine.followee_id
            ORDER BY id DESC LIMIT {FRIENDS}
        ) theirs
        WHERE theirs.followee_id <> $1 AND (theirs.followee_id IN ({OWN})) IS NOT TRUE
        GROUP BY theirs.followee_id
        ORDER BY friend_count DESC, user_id DESC LIMIT {MOST_CLOSE}
    ), tags AS (
        SELECT t.tag, count(*) AS uses FROM (
            SELECT id FROM feed.posts WHERE author_id = $1 AND reply_to IS NULL
            ORDER BY id DESC LIMIT {OWN_POSTS}
        ) own JOIN feed.post_tags t ON t.post_id = own.id
        GROUP BY t.tag ORDER BY uses DESC, t.tag LIMIT {OWN_TAGS}
    ), likeminded AS (
        SELECT DISTINCT ON (p.author_id) p.author_id AS user_id, tags.tag
        FROM tags CROSS JOIN LATERAL (
            SELECT post_id FROM feed.post_tags WHERE tag = tags.tag ORDER BY post_id DESC LIMIT {TAGGED_POSTS}
        ) recent
        JOIN feed.posts p ON p.id = recent.post_id AND p.visibility = 'public'
        WHERE p.author_id <> $1 AND (p.author_id IN ({OWN})) IS NOT TRUE
        ORDER BY p.author_id, tags.uses DESC, tags.tag
    ), near AS (
        SELECT user_id, coalesce(friend_count, 0) AS friend_count, friend_id, tag,
            {CLOSE} + 2 * coalesce(friend_count, 0) + (tag IS NOT NULL)::int AS place
        FROM befriended FULL JOIN likeminded USING (user_id)
        WHERE (user_id IN ({SILENCED})) IS NOT TRUE
        ORDER BY place DESC, user_id DESC LIMIT {MOST_CLOSE}
    ), known AS (
        SELECT u.user_id, u.follower_count FROM feed.authors u JOIN identity.profiles a ON a.id = u.user_id
        WHERE (u.follower_count, u.user_id) < ($2, $3) AND u.user_id IS DISTINCT FROM $1 AND (
            SELECT true FROM feed.follows f WHERE f.follower_id = $1 AND f.followee_id = u.user_id
        ) IS NOT TRUE
          AND (u.user_id IN (SELECT user_id FROM near)) IS NOT TRUE
          AND (u.user_id IN ({SILENCED})) IS NOT TRUE
        ORDER BY u.follower_count DESC, u.user_id DESC LIMIT $4
    ), fresh AS (
        SELECT a.id FROM identity.profiles a
        WHERE (SELECT count(*) FROM known) < $4 AND ($2 >= 0 OR a.id < $3) AND a.id IS DISTINCT FROM $1
          AND NOT EXISTS (SELECT FROM feed.authors u WHERE u.user_id = a.id)
          AND (a.id IN ({SILENCED})) IS NOT TRUE
        ORDER BY a.id DESC LIMIT $4
    ), page AS (
        SELECT user_id, place, friend_id, friend_count, tag FROM near WHERE (place, user_id) < ($2, $3)
        UNION ALL SELECT user_id, follower_count, NULL, 0, NULL FROM known
        UNION ALL SELECT id, -1, NULL, 0, NULL FROM fresh
        ORDER BY place DESC, user_id DESC LIMIT $4
    )
    SELECT page.place, {PERSON}, a.created_at AS joined_at, page.friend_id, friend.name AS friend,
        page.friend_count, page.tag
    FROM page JOIN identity.profiles a ON a.id = page.user_id
    LEFT JOIN feed.authors u ON u.user_id = a.id
    LEFT JOIN identity.profiles friend ON friend.id = page.friend_id
    ORDER BY page.place DESC, page.user_id DESC
    """,
    into=SuggestedRow,
)
# Those of some candidates who can still be suggested, as they are now. A friend whom the reader does not
# follow any more is not named.
STILL_TO_FOLLOW = sql(
    "feed.still_to_follow",
    f"""
    SELECT place, {PERSON}, a.created_at AS joined_at, friend.id AS friend_id, friend.name AS friend,
        friend_count, tag
    FROM unnest($2::int[], $3::uuid[], $4::uuid[], $5::int[], $6::text[]) WITH ORDINALITY
        AS given (place, user_id, friend_id, friend_count, tag, number)
    JOIN identity.profiles a ON a.id = given.user_id
    LEFT JOIN feed.authors u ON u.user_id = a.id
    LEFT JOIN (
        feed.follows own JOIN identity.profiles friend ON friend.id = own.followee_id
    ) ON own.follower_id = $1 AND own.followee_id = given.friend_id
    WHERE NOT EXISTS (SELECT FROM feed.follows f WHERE f.follower_id = $1 AND f.followee_id = a.id)
      AND (a.id IN ({SILENCED})) IS NOT TRUE
    ORDER BY number LIMIT $7
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
           ) AS followed_by_me,
           EXISTS (
               SELECT FROM moderation.blocks b WHERE b.blocker_id = $1 AND b.blocked_id = $2
               UNION ALL SELECT FROM moderation.blocks b WHERE b.blocker_id = $2 AND b.blocked_id = $1
           ) AS apart,
           EXISTS (
               SELECT FROM moderation.silenced s WHERE s.viewer_id = $1 AND s.silenced_id = $2
           ) AS muted_by_me
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
        INSERT INTO feed.follows (id, follower_id, followee_id, created_at, muted)
        SELECT $1, me.id, them.id, $4, EXISTS (
            SELECT FROM moderation.silenced s WHERE s.viewer_id = $2 AND s.silenced_id = $3
        )
        FROM identity.profiles me, identity.profiles them
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
    """
    SELECT follower_id FROM feed.follows
    WHERE followee_id = $1 AND follower_id = ANY($2::uuid[]) AND NOT muted
    """,
    into=UUID,
)
# What moderation says now, so that it does not matter in which order mutes are told.
KEEP_MUTED = sql(
    "feed.keep_muted",
    """
    UPDATE feed.follows SET muted = NOT muted
    WHERE follower_id = $1 AND followee_id = $2 AND muted <> EXISTS (
        SELECT FROM moderation.silenced s WHERE s.viewer_id = $1 AND s.silenced_id = $2
    )
    """,
    into=NoneType,
)
IS_APART = sql(
    "feed.is_apart",
    """
    SELECT EXISTS (
        SELECT FROM moderation.blocks b WHERE b.blocker_id = $1 AND b.blocked_id = $2
        UNION ALL SELECT FROM moderation.blocks b WHERE b.blocker_id = $2 AND b.blocked_id = $1
    )
    """,
    into=bool,
)
