"""A community's worth of posts, follows, likes and comments, for demonstrations and measurements.

The same arguments give the same rows. Rows are made in memory and copied in batches; counters and timelines
are filled by SQL, on a connection of the schema's owner, who sees every tenant: so each statement names one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, islice
from random import Random

import asyncpg
import msgspec

from threadly.modules.feed.rules import TIMELINE_LENGTH, hashtags_of, mentions_of
from threadly.modules.feed.seed_texts import compose_comment, compose_post
from threadly.platform.ids import UUID, id_at

__all__ = ["seed_feed", "seed_units"]

BATCH_ROWS = 10_000
OWNERS_PER_STATEMENT = 100
# Filling a timeline takes about as long as copying so many rows.
UNITS_PER_TIMELINE = 100
DAYS = 90
# How unequal people are: the weight of the n-th most popular member is (n + HEAD) ** -STEEPNESS.
STEEPNESS = 0.8
HEAD = 5
SHARE_COMMENTED = 0.15
MOST_LIKES = 60
FOLLOWERS_ONLY = 0.06

COUNT_POSTS = """
UPDATE feed.posts p SET like_count = c.likes, comment_count = c.comments
FROM (
    SELECT post_id, sum(likes) AS likes, sum(comments) AS comments
    FROM (
        SELECT post_id, 1 AS likes, 0 AS comments FROM feed.likes WHERE tenant_id = $1
        UNION ALL
        SELECT reply_to, 0, 1 FROM feed.posts WHERE tenant_id = $1 AND reply_to IS NOT NULL
    ) each
    GROUP BY post_id
) c
WHERE p.id = c.post_id AND (p.like_count, p.comment_count) IS DISTINCT FROM (c.likes, c.comments)
"""
COUNT_AUTHORS = """
INSERT INTO feed.authors (user_id, tenant_id, follower_count, following_count, post_count, pulled)
SELECT user_id, $1, sum(followers), sum(following), sum(posts), sum(followers) >= $2
FROM (
    SELECT followee_id AS user_id, 1 AS followers, 0 AS following, 0 AS posts
    FROM feed.follows WHERE tenant_id = $1
    UNION ALL
    SELECT follower_id, 0, 1, 0 FROM feed.follows WHERE tenant_id = $1
    UNION ALL
    SELECT author_id, 0, 0, 1 FROM feed.posts WHERE tenant_id = $1 AND reply_to IS NULL
) each
GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE
SET follower_count = EXCLUDED.follower_count, following_count = EXCLUDED.following_count,
    post_count = EXCLUDED.post_count, pulled = authors.pulled OR EXCLUDED.pulled
"""
FILL_TIMELINES = f"""
INSERT INTO feed.timelines (owner_id, post_id, author_id, tenant_id)
SELECT owner.id, newest.id, newest.author_id, $1
FROM unnest($2::uuid[]) owner (id)
CROSS JOIN LATERAL (
    SELECT p.id, p.author_id FROM feed.posts p
    WHERE p.reply_to IS NULL AND (p.author_id = owner.id OR p.author_id IN (
        SELECT f.followee_id FROM feed.follows f JOIN feed.authors a ON a.user_id = f.followee_id
        WHERE f.follower_id = owner.id AND NOT a.pulled
    ))
    ORDER BY p.id DESC LIMIT {TIMELINE_LENGTH}
) newest
ORDER BY owner.id, newest.id
ON CONFLICT DO NOTHING
"""  # noqa: S608  # only a constant is put in


COLUMNS = {
    "follows": ("follower_id", "followee_id", "tenant_id", "id", "created_at"),
    "posts": (
        *("id", "tenant_id", "author_id", "thread_author_id", "reply_to"),
        *("content", "visibility", "mentions", "created_at", "updated_at"),
    ),
    "post_tags": ("tenant_id", "tag", "post_id"),
    "likes": ("post_id", "user_id", "tenant_id", "created_at"),
}
Row = tuple[object, ...]


class _Post(msgspec.Struct, frozen=True):
    """A post made here, as far as its tags, likes and comments need it."""

    id: UUID
    author: int
    at: datetime
    visibility: str
    tags: Sequence[str]


class _Community:
    """The members, by number, most popular first, and one source of chance."""

    def __init__(self, users: Sequence[UUID], usernames: Sequence[str], *, seed: str, now: datetime) -> None:
        self.random = Random(seed)  # noqa: S311  # repeatable on purpose; nothing secret comes from it
        order = list(range(len(users)))
        self.random.shuffle(order)
        self.users = [users[number] for number in order]
        self.usernames = [usernames[number] for number in order]
        self.numbers = range(len(users))
        self.weights = list(accumulate((number + HEAD) ** -STEEPNESS for number in self.numbers))
        self.now = now

    def anyone(self, count: int = 1) -> list[int]:
        """`count` members, the popular more often, perhaps some of them twice."""
        return self.random.choices(self.numbers, cum_weights=self.weights, k=count)

    def id_at(self, at: datetime) -> UUID:
        """A UUIDv7 of that time."""
        return id_at(at, self.random.getrandbits(74))

    def after(self, at: datetime, *, within: timedelta) -> datetime:
        """A time soon after `at`, never in the future."""
        return min(at + within * self.random.random() ** 3, self.now)


def seed_units(*, users: int, posts: int, follows: int) -> int:
    """How much work `seed_feed` has with so many, in the units that its `progress` is told."""
    return follows + posts + users * UNITS_PER_TIMELINE


async def seed_feed(
    connection: "asyncpg.Connection[asyncpg.Record]",
    *,
    tenant_id: int,
    users: Sequence[UUID],
    posts: int,
    follows: int,
    seed: int,
    now: datetime,
    pull_threshold: int = 10_000,
    progress: Callable[[int], None] = lambda _rows: None,
) -> None:
    """Fill the feed for `users`, who follow nobody yet; `connection` is the schema's owner's.

    `posts` counts posts without comments; `follows` is capped by what that many users allow. `progress` is
    told how many more of the `seed_units` are done.
    """
    # Two tenants must not get the same ids.
    community = await _community(connection, users, seed=f"{tenant_id}:{seed}", now=now)
    written: list[_Post] = []
    async with connection.transaction():
        await _copy(connection, "follows", _follows(community, tenant_id, follows), progress)
        await _copy(connection, "posts", _posts(community, tenant_id, posts, written), progress)
        await _copy(connection, "post_tags", _tags(tenant_id, written))
        await _copy(connection, "posts", _comments(community, tenant_id, written))
        await _copy(connection, "likes", _likes(community, tenant_id, written))
        for table in ("posts", "likes", "follows"):
            await connection.execute(f"ANALYZE feed.{table}")
        await connection.execute(COUNT_POSTS, tenant_id)
        await connection.execute(COUNT_AUTHORS, tenant_id, pull_threshold)
        for start in range(0, len(users), OWNERS_PER_STATEMENT):
            owners = users[start : start + OWNERS_PER_STATEMENT]
            await connection.execute(FILL_TIMELINES, tenant_id, owners)
            progress(len(owners) * UNITS_PER_TIMELINE)
        for table in ("posts", "authors", "timelines"):
            await connection.execute(f"ANALYZE feed.{table}")


async def _community(
    connection: "asyncpg.Connection[asyncpg.Record]", users: Sequence[UUID], *, seed: str, now: datetime
) -> _Community:
    rows = await connection.fetch(
        "SELECT id, username FROM identity.profiles WHERE id = ANY($1)", list(users)
    )
    names = {row["id"]: row["username"] for row in rows}
    assert len(names) == len(users) > 0, "every user must be a member"
    return _Community(users, [names[user] for user in users], seed=seed, now=now)


def _follows(community: _Community, tenant_id: int, count: int) -> Iterator[Row]:
    """Whoever is popular is followed more; everyone follows as eagerly as the next."""
    people = len(community.users)
    # Beyond this share of all pairs, new ones are found too seldom.
    wanted = min(count, people * (people - 1) * 6 // 10)
    pairs: dict[tuple[int, int], None] = {}
    while len(pairs) < wanted:
        followees = community.anyone(wanted)
        followers = community.random.choices(community.numbers, k=wanted)
        pairs |= {pair: None for pair in zip(followers, followees, strict=True) if pair[0] != pair[1]}
    for follower, followee in islice(pairs, wanted):
        at = community.now - timedelta(days=DAYS) * community.random.random()
        yield (community.users[follower], community.users[followee], tenant_id, community.id_at(at), at)


def _posts(community: _Community, tenant_id: int, count: int, written: list[_Post]) -> Iterator[Row]:
    """Oldest first, evenly over the days; what was made is added to `written`."""
    random = community.random
    usernames = set(community.usernames)
    step = timedelta(days=DAYS) / max(count, 1)
    authors = random.choices(community.numbers, cum_weights=community.weights, k=count)
    for number, author in enumerate(authors):
        at = community.now - step * (count - number - random.random())
        content = compose_post(random, community.usernames)
        visibility = "followers" if random.random() < FOLLOWERS_ONLY else "public"
        post = _Post(community.id_at(at), author, at, visibility, hashtags_of(content))
        written.append(post)
        mentions = [name for name in mentions_of(content) if name in usernames]
        user = community.users[author]
        yield (post.id, tenant_id, user, user, None, content, visibility, mentions, at, at)


def _tags(tenant_id: int, written: Iterable[_Post]) -> Iterator[Row]:
    return ((tenant_id, tag, post.id) for post in written for tag in post.tags)


def _comments(community: _Community, tenant_id: int, written: Iterable[_Post]) -> Iterator[Row]:
    random = community.random
    for post in written:
        if random.random() > SHARE_COMMENTED:
            continue
        for commenter in community.anyone(random.randint(1, 4)):
            at = community.after(post.at, within=timedelta(days=2))
            author, thread = community.users[commenter], community.users[post.author]
            content = compose_comment(random)
            yield (
                *(community.id_at(at), tenant_id, author, thread, post.id),
                *(content, post.visibility, [], at, at),
            )


def _likes(community: _Community, tenant_id: int, written: Iterable[_Post]) -> Iterator[Row]:
    """Most posts get a few likes and a few get many."""
    random = community.random
    most = min(MOST_LIKES, len(community.users))
    for post in written:
        count = min(int(random.paretovariate(1.1)) - 1, most)
        if not count:
            continue
        for liker in dict.fromkeys(random.choices(community.numbers, k=count)):
            at = community.after(post.at, within=timedelta(days=3))
            yield (post.id, community.users[liker], tenant_id, at)


async def _copy(
    connection: "asyncpg.Connection[asyncpg.Record]",
    table: str,
    rows: Iterator[Row],
    progress: Callable[[int], None] = lambda _rows: None,
) -> None:
    while batch := list(islice(rows, BATCH_ROWS)):
        await connection.copy_records_to_table(
            table, schema_name="feed", columns=COLUMNS[table], records=batch
        )
        progress(len(batch))
