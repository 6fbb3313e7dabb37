"""What is told no more: deleted posts, people who are blocked, muted or gone, and what is old.

Taking facts away leaves the entries that stood for them `stale`; RECOUNT then says what is left of those, in
the same Work. Whoever adds to one of them meanwhile waits for its row and adds to the new count.
"""

# ruff: noqa: S608  # only this file's own constants are put into SQL

from types import NoneType

import msgspec

from threadly.platform.db import Statement, sql
from threadly.platform.ids import UUID

__all__ = [
    "DROP_ENTRIES",
    "ERASE_MEMBER",
    "FORGET_ENTRIES",
    "FORGET_FACTS",
    "RECOUNT",
    "RETRACT_ACTOR",
    "RETRACT_BETWEEN",
    "RETRACT_CASE",
    "RETRACT_REPLY",
    "RETRACT_SHOWN",
    "RETRACT_STOCK",
    "RETRACT_THREAD",
    "Recounted",
]


class Recounted(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    empty: bool


def _retract(name: str, which: str) -> Statement[None]:
    return sql(
        name,
        f"""
        WITH gone AS (
            DELETE FROM notifications.facts WHERE {which} RETURNING user_id, kind, group_key, position
        )
        UPDATE notifications.notifications n SET stale = true FROM gone
        WHERE n.user_id = gone.user_id AND n.kind = gone.kind AND n.group_key = gone.group_key
          AND gone.position BETWEEN n.first_position AND n.position
        """,
        into=NoneType,
    )


# $1 a post, $2 its author: the post itself, what happened to it, and who was mentioned under it.
RETRACT_THREAD = _retract(
    "notifications.retract_thread",
    """
    fact_id = $1 OR (kind = 'mention' AND group_key = $1)
    OR (user_id = $2 AND kind IN ('like', 'comment') AND group_key = $1)
    """,
)
# $1 a comment.
RETRACT_REPLY = _retract("notifications.retract_reply", "fact_id = $1")
# $1 what nobody but its author may see from now on; that it was liked stays.
RETRACT_SHOWN = _retract(
    "notifications.retract_shown", "fact_id = $1 AND kind IN ('comment', 'mention', 'post')"
)
# $1 a case that waits no more.
RETRACT_CASE = _retract("notifications.retract_case", "fact_id = $1 AND kind = 'case'")
# $1 a variant that is there again.
RETRACT_STOCK = _retract("notifications.retract_stock", "fact_id = $1 AND kind = 'stock'")
RETRACT_ACTOR = _retract("notifications.retract_actor", "actor_id = $1")
# $1 is not to hear of $2.
RETRACT_BETWEEN = _retract("notifications.retract_between", "user_id = $1 AND actor_id = $2")

# $1: who stands for nobody. What a case is about is known of the last one only, which may be the one that is
# gone.
RECOUNT = sql(
    "notifications.recount",
    """
    WITH left_over AS (
        SELECT n.id, count(f.fact_id)::int AS facts,
               count(DISTINCT f.actor_id) FILTER (WHERE f.actor_id <> $1)::int AS people,
               (array_agg(f.fact_id ORDER BY f.position DESC))[1] AS latest
        FROM notifications.notifications n
        LEFT JOIN notifications.facts f ON f.user_id = n.user_id AND f.kind = n.kind
            AND f.group_key = n.group_key AND f.position BETWEEN n.first_position AND n.position
        WHERE n.stale GROUP BY n.id
    ), latest AS (
        SELECT n.id, array_agg(a.actor_id ORDER BY a.position DESC) AS actors
        FROM notifications.notifications n
        CROSS JOIN LATERAL (
            SELECT f.actor_id, max(f.position) AS position FROM notifications.facts f
            WHERE f.user_id = n.user_id AND f.kind = n.kind AND f.group_key = n.group_key
              AND f.position BETWEEN n.first_position AND n.position AND f.actor_id <> $1
            GROUP BY f.actor_id ORDER BY max(f.position) DESC LIMIT 3
        ) a
        WHERE n.stale GROUP BY n.id
    )
    UPDATE notifications.notifications n
    SET stale = false, fact_count = l.facts, actor_count = l.people, actors = coalesce(x.actors, '{}'),
        subject_id = CASE WHEN n.kind IN ('comment', 'mention', 'post', 'case') AND l.facts > 0 THEN l.latest
                          ELSE n.subject_id END,
        detail = CASE WHEN n.kind = 'case' THEN '{}' ELSE n.detail END
    FROM left_over l LEFT JOIN latest x ON x.id = l.id
    WHERE n.id = l.id RETURNING n.id, n.user_id, n.fact_count = 0 AS empty
    """,
    into=Recounted,
)
DROP_ENTRIES = sql(
    "notifications.drop_entries",
    "DELETE FROM notifications.notifications WHERE id = ANY($1::uuid[])",
    into=NoneType,
)

# What the member was told and what they chose; what others were told of them is retracted.
ERASE_MEMBER: tuple[Statement[None], ...] = tuple(
    sql(
        f"notifications.erase_{table}",
        f"DELETE FROM notifications.{table} WHERE user_id = $1",
        into=NoneType,
    )
    for table in (
        "deliveries",
        "notifications",
        "facts",
        "inboxes",
        "preferences",
        "rhythms",
        "push_subscriptions",
        "phones",
    )
)

FORGET_ENTRIES = sql(
    "notifications.forget_entries",
    """
    DELETE FROM notifications.notifications WHERE id IN (
        SELECT id FROM notifications.notifications WHERE updated_at < $1 ORDER BY updated_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    """,
    into=NoneType,
)
FORGET_FACTS = sql(
    "notifications.forget_facts",
    """
    DELETE FROM notifications.facts WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM notifications.facts WHERE happened_at < $1 ORDER BY happened_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    ))
    """,
    into=NoneType,
)
