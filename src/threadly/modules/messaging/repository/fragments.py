"""What several statements are made of."""

from typing import Final

from threadly.modules.messaging.rules import MOST_UNREAD

PEOPLE_SHOWN: Final = 5

# Whom $1 blocks: asked once for all messages of a statement.
BLOCKED_BY_ME: Final = "SELECT b.blocked_id FROM moderation.blocks b WHERE b.blocker_id = $1::uuid"
# That $1 does not read message `m`, one of a group. What two have written to each other stays as it is.
FOLDED: Final = f"""(
    m.kind = 'text' AND m.sender_id IN ({BLOCKED_BY_ME})
    AND EXISTS (SELECT FROM messaging.conversations g WHERE g.id = m.conversation_id AND g.kind = 'group')
)"""
# That message `m` counts as unread once it is above what $1 has read.
COUNTS: Final = f"""
    m.shown AND NOT m.hidden AND m.deleted_at IS NULL AND m.kind <> 'notice' AND m.sender_id <> $1
    AND NOT {FOLDED}
"""
# Of message `m` and its sender `a`, as `$1` sees it.
MESSAGE: Final = f"""
    m.id, m.conversation_id, m.seq, m.change, m.kind,
    CASE WHEN m.hidden AND m.sender_id <> $1 OR {FOLDED} THEN '' ELSE m.content END AS content,
    m.sender_id, a.username, a.name, a.avatar_url,
    CASE WHEN m.hidden AND m.sender_id <> $1 OR {FOLDED} THEN '[]' ELSE m.media END AS media,
    CASE WHEN m.hidden AND m.sender_id <> $1 OR {FOLDED} THEN '[]' ELSE m.files END AS files,
    ARRAY(
        SELECT them.name FROM unnest(m.about) WITH ORDINALITY AS named (id, place)
        JOIN identity.profiles them ON them.id = named.id ORDER BY named.place
    ) AS about,
    CASE WHEN m.sender_id = $1 THEN m.client_id END AS client_id,
    m.created_at, m.edited_at, m.deleted_at IS NOT NULL AS deleted, m.hidden, m.shown,
    {FOLDED} AS folded
"""  # noqa: S608  # the constants above
# `me` is the row of `$1` in `members`.
VISIBLE: Final = "m.seq > me.joined_seq AND (m.shown OR m.sender_id = $1)"

# Of conversation `c`, as its member `me` ($1) sees it.
CONVERSATION: Final = f"""
    c.id, c.kind, c.title, c.created_at, c.active_at, c.last_seq, c.last_change AS change, me.role, me.muted,
    me.read_seq, me.delivered_seq,
    (SELECT count(*)::int FROM messaging.members each WHERE each.conversation_id = c.id) AS member_count,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'id', a.id, 'username', a.username, 'name', a.name, 'avatar_url', a.avatar_url
        ) ORDER BY a.id), '[]')
        FROM (
            SELECT other.user_id FROM messaging.members other
            WHERE other.conversation_id = c.id AND other.user_id <> $1
            ORDER BY other.user_id LIMIT {PEOPLE_SHOWN}
        ) few JOIN identity.profiles a ON a.id = few.user_id
    ) AS people,
    (
        SELECT count(*)::int FROM (
            SELECT FROM messaging.messages m
            WHERE m.conversation_id = c.id AND m.seq > greatest(me.read_seq, me.joined_seq)
              AND {COUNTS}
            LIMIT {MOST_UNREAD}
        ) unread
    ) AS unread_count,
    (
        SELECT to_jsonb(last) FROM (
            SELECT {MESSAGE}
            FROM messaging.messages m LEFT JOIN identity.profiles a ON a.id = m.sender_id
            WHERE m.conversation_id = c.id AND {VISIBLE}
            ORDER BY m.seq DESC LIMIT 1
        ) last
    ) AS last_message,
    c.kind = 'direct' AND EXISTS (
        SELECT FROM messaging.members other JOIN moderation.blocks b
          ON b.blocker_id = $1 AND b.blocked_id = other.user_id
          OR b.blocker_id = other.user_id AND b.blocked_id = $1
        WHERE other.conversation_id = c.id AND other.user_id <> $1
    ) AS blocked
"""  # noqa: S608  # the constants above

CALL: Final = """
    k.id, k.conversation_id, k.media, k.state, k.started_at, k.answered_at, k.ended_at,
    k.caller_id, one.username AS caller_username, one.name AS caller_name,
    one.avatar_url AS caller_avatar_url,
    k.callee_id, two.username AS callee_username, two.name AS callee_name,
    two.avatar_url AS callee_avatar_url,
    k.caller_seen_at, k.callee_seen_at
"""
CALL_FROM: Final = """
    FROM messaging.calls k
    LEFT JOIN identity.profiles one ON one.id = k.caller_id
    LEFT JOIN identity.profiles two ON two.id = k.callee_id
"""
