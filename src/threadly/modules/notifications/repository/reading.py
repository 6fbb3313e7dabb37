"""What is behind the bell, as its owner sees it: people and posts are joined as they are now, and a post only
while its owner may read it."""

# ruff: noqa: S608  # only this file's own constants are put into SQL

from datetime import datetime
from typing import Any

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "COUNT_UNREAD",
    "LIST_ENTRIES",
    "LIST_NEWS",
    "MARK_ALL_READ",
    "MARK_READ",
    "POSITION",
    "READ_GROUP",
    "WORD_DELIVERIES",
    "DeliveryRow",
    "EntryRow",
]


class EntryRow(msgspec.Struct, frozen=True, gc=False):
    """`actors` are up to three people, the latest first. `post_*` are of the post or comment that the entry
    is about, None where it is about nothing of the kind or its owner may not read it (any more)."""

    id: UUID
    kind: str
    variant: str
    subject_id: UUID
    detail: Any
    position: int
    fact_count: int
    actor_count: int
    actors: Any
    post_content: str | None
    post_reply_to: UUID | None
    created_at: datetime
    updated_at: datetime
    read_at: datetime | None


class DeliveryRow(EntryRow, frozen=True, gc=False):
    """A delivery that is still wanted, and the entry that it is about."""

    delivery_id: UUID
    user_id: UUID
    channel: str


_ENTRY = """
    n.id, n.kind, n.variant, n.subject_id, n.detail, n.position, n.fact_count, n.actor_count,
    people.found AS actors, p.content AS post_content, p.reply_to AS post_reply_to,
    n.created_at, n.updated_at, n.read_at
"""
_AROUND = """
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'id', a.id, 'username', a.username, 'name', a.name, 'avatar_url', a.avatar_url
        ) ORDER BY array_position(n.actors, a.id)), '[]') AS found
        FROM identity.profiles a WHERE a.id = ANY(n.actors)
    ) people
    LEFT JOIN feed.published_posts p ON p.id = n.subject_id AND (
        p.visibility = 'public' OR n.user_id IN (p.author_id, p.thread_author_id) OR EXISTS (
            SELECT FROM feed.followings f
            WHERE f.follower_id = n.user_id AND f.followee_id = p.thread_author_id
        )
    )
"""
# $2: below that position; $3: unread only; $4: of these kinds.
LIST_ENTRIES = sql(
    "notifications.list_entries",
    f"""
    SELECT {_ENTRY} FROM notifications.notifications n {_AROUND}
    WHERE n.user_id = $1 AND n.in_app AND n.position < $2 AND (NOT $3::boolean OR n.read_at IS NULL)
      AND n.kind = ANY($4::text[])
    ORDER BY n.position DESC LIMIT $5
    """,
    into=EntryRow,
)
# Above that position, the oldest first: what somebody missed. $4: of these kinds.
LIST_NEWS = sql(
    "notifications.list_news",
    f"""
    SELECT {_ENTRY} FROM notifications.notifications n {_AROUND}
    WHERE n.user_id = $1 AND n.in_app AND n.position > $2 AND n.kind = ANY($4::text[])
    ORDER BY n.position LIMIT $3
    """,
    into=EntryRow,
)
# $2: without these kinds.
COUNT_UNREAD = sql(
    "notifications.count_unread",
    """
    SELECT count(*)::int FROM notifications.notifications
    WHERE user_id = $1 AND in_app AND read_at IS NULL AND kind <> ALL($2::text[])
    """,
    into=int,
)
POSITION = sql(
    "notifications.position", "SELECT position FROM notifications.inboxes WHERE user_id = $1", into=int
)
# Whoever has read it needs no mail of it.
_DROP = """
    UPDATE notifications.deliveries d SET state = 'dropped'
    FROM read WHERE d.notification_id = read.id AND d.state IN ('waiting', 'digest')
"""
MARK_READ = sql(
    "notifications.mark_read",
    f"""
    WITH read AS (
        UPDATE notifications.notifications SET read_at = $2
        WHERE user_id = $1 AND id = ANY($3::uuid[]) AND read_at IS NULL RETURNING id
    ), dropped AS ({_DROP})
    SELECT count(*)::int FROM read
    """,
    into=int,
)
MARK_ALL_READ = sql(
    "notifications.mark_all_read",
    f"""
    WITH read AS (
        UPDATE notifications.notifications SET read_at = $2
        WHERE user_id = $1 AND read_at IS NULL AND position <= $3 RETURNING id
    ), dropped AS ({_DROP})
    SELECT count(*)::int FROM read
    """,
    into=int,
)
# What is open of that kind about $3, if nothing came to it after $2.
READ_GROUP = sql(
    "notifications.read_group",
    f"""
    WITH read AS (
        UPDATE notifications.notifications SET read_at = $2
        WHERE user_id = $1 AND group_key = $3 AND kind = $4 AND read_at IS NULL AND updated_at <= $2
        RETURNING id
    ), dropped AS ({_DROP})
    SELECT count(*)::int FROM read
    """,
    into=int,
)
WORD_DELIVERIES = sql(
    "notifications.word_deliveries",
    f"""
    SELECT {_ENTRY}, d.id AS delivery_id, d.user_id, d.channel
    FROM notifications.deliveries d JOIN notifications.notifications n ON n.id = d.notification_id {_AROUND}
    WHERE d.id = ANY($1::uuid[]) AND n.read_at IS NULL
    ORDER BY d.due_at, d.id
    """,
    into=DeliveryRow,
)
