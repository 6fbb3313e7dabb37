"""Conversations and who is in them."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from types import NoneType

from threadly.modules.messaging.repository.fragments import CONVERSATION, COUNTS
from threadly.modules.messaging.repository.rows import ConversationRow, DeskRow, FoundRow, KnownRow, MarksRow
from threadly.modules.messaging.rules import MOST_MEMBERS
from threadly.modules.messaging.types import Member
from threadly.platform.db import sql
from threadly.platform.ids import UUID

COUNT_STARTED = sql(
    "messaging.count_started",
    "SELECT count(*)::int FROM messaging.conversations WHERE created_by = $1 AND created_at > $2",
    into=int,
)
FIND_PEOPLE = sql(
    "messaging.find_people",
    """
    SELECT id, username FROM identity.profiles WHERE username = ANY($1::text[]) OR id = ANY($2::uuid[])
    ORDER BY id
    """,
    into=FoundRow,
)
FIND_DIRECT = sql(
    "messaging.find_direct", "SELECT id FROM messaging.conversations WHERE direct_key = $1", into=UUID
)
INSERT_CONVERSATION = sql(
    "messaging.insert_conversation",
    """
    INSERT INTO messaging.conversations (id, kind, title, direct_key, created_by, created_at, active_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (tenant_id, direct_key) WHERE direct_key IS NOT NULL DO NOTHING RETURNING id
    """,
    into=UUID,
)
# They read what comes from now on. Whoever is in it already stays as they are.
INSERT_MEMBERS = sql(
    "messaging.insert_members",
    f"""
    WITH conversation AS (SELECT id, last_seq FROM messaging.conversations WHERE id = $1 FOR NO KEY UPDATE)
    INSERT INTO messaging.members
        (conversation_id, user_id, role, joined_at, joined_seq, read_seq, delivered_seq)
    SELECT c.id, given.id, CASE WHEN given.id = $4 THEN 'owner' ELSE 'member' END, $3,
           c.last_seq, c.last_seq, c.last_seq
    FROM conversation c, unnest($2::uuid[]) given (id)
    WHERE (SELECT count(*) FROM messaging.members WHERE conversation_id = $1)
        + cardinality($2::uuid[]) <= {MOST_MEMBERS}
    ON CONFLICT DO NOTHING RETURNING user_id
    """,
    into=UUID,
)
# Of $2, those who have left it twice since $3: somebody added them again in between.
LEFT_AGAIN = sql(
    "messaging.left_again",
    """
    SELECT sender_id FROM messaging.messages
    WHERE conversation_id = $1 AND sender_id = ANY($2::uuid[]) AND kind = 'notice' AND content = 'left'
      AND created_at > $3
    GROUP BY sender_id HAVING count(*) > 1
    """,
    into=UUID,
)
LIST_CONVERSATIONS = sql(
    "messaging.list_conversations",
    f"""
    WITH page AS (
        SELECT c.id FROM messaging.members me JOIN messaging.conversations c ON c.id = me.conversation_id
        WHERE me.user_id = $1 AND (c.active_at, c.id) < ($2, $3)
          AND (c.last_seq > me.joined_seq OR c.kind = 'group' OR c.created_by = $1)
        ORDER BY c.active_at DESC, c.id DESC LIMIT $4
    )
    SELECT {CONVERSATION}
    FROM page
    JOIN messaging.conversations c ON c.id = page.id
    JOIN messaging.members me ON me.conversation_id = c.id AND me.user_id = $1
    ORDER BY c.active_at DESC, c.id DESC
    """,
    into=ConversationRow,
)
COUNT_CONVERSATIONS = sql(
    "messaging.count_conversations",
    """
    SELECT count(*)::int FROM messaging.members me JOIN messaging.conversations c ON c.id = me.conversation_id
    WHERE me.user_id = $1 AND (c.last_seq > me.joined_seq OR c.kind = 'group' OR c.created_by = $1)
    """,
    into=int,
)
FIND_CONVERSATION = sql(
    "messaging.find_conversation",
    f"""
    SELECT {CONVERSATION}
    FROM messaging.conversations c JOIN messaging.members me ON me.conversation_id = c.id AND me.user_id = $1
    WHERE c.id = $2
    """,
    into=ConversationRow,
)
# Where a socket that has just opened stands: what comes is above.
LIST_KNOWN = sql(
    "messaging.list_known",
    """
    SELECT c.id AS conversation_id, c.last_change AS change
    FROM messaging.members me JOIN messaging.conversations c ON c.id = me.conversation_id
    WHERE me.user_id = $1 ORDER BY c.active_at DESC LIMIT $2
    """,
    into=KnownRow,
)
# One more than is asked for says that there is something unread without counting it all.
COUNT_UNREAD = sql(
    "messaging.count_unread",
    f"""
    SELECT count(*)::int FROM messaging.members me JOIN messaging.conversations c ON c.id = me.conversation_id
    WHERE me.user_id = $1 AND NOT me.muted AND c.last_seq > me.read_seq AND EXISTS (
        SELECT FROM messaging.messages m
        WHERE m.conversation_id = c.id AND m.seq > greatest(me.read_seq, me.joined_seq)
          AND {COUNTS}
    )
    """,
    into=int,
)
LIST_MEMBERS = sql(
    "messaging.list_members",
    """
    SELECT a.id, a.username, a.name, a.avatar_url, x.role, x.read_seq, x.delivered_seq
    FROM messaging.members me
    JOIN messaging.members x ON x.conversation_id = me.conversation_id
    JOIN identity.profiles a ON a.id = x.user_id
    WHERE me.user_id = $1 AND me.conversation_id = $2
    ORDER BY x.joined_at, x.user_id
    """,
    into=Member,
)
LIST_MEMBER_IDS = sql(
    "messaging.list_member_ids",
    "SELECT user_id FROM messaging.members WHERE conversation_id = $1",
    into=UUID,
)
# Who is told of what $2 wrote there.
LIST_RECIPIENTS = sql(
    "messaging.list_recipients",
    "SELECT user_id FROM messaging.members WHERE conversation_id = $1 AND user_id <> $2 AND NOT muted",
    into=UUID,
)
# Whom of $2 the actor $1 shares a conversation with, neither blocking the other: a group, or one of two in
# which they have written, since anybody may begin one.
IN_TOUCH = sql(
    "messaging.in_touch",
    """
    SELECT given.id FROM unnest($2::uuid[]) given (id)
    WHERE EXISTS (
        SELECT FROM messaging.members me JOIN messaging.members them USING (conversation_id)
        JOIN messaging.conversations c ON c.id = me.conversation_id
        WHERE me.user_id = $1 AND them.user_id = given.id AND (c.kind = 'group' OR EXISTS (
            SELECT FROM messaging.messages m WHERE m.conversation_id = c.id AND m.sender_id = given.id
        ))
    ) AND NOT EXISTS (
        SELECT FROM moderation.blocks b
        WHERE b.blocker_id = $1 AND b.blocked_id = given.id OR b.blocker_id = given.id AND b.blocked_id = $1
    )
    """,
    into=UUID,
)
# Locks the conversation: whoever writes in it comes after the one who did so before.
OPEN_DESK = sql(
    "messaging.open_desk",
    """
    SELECT c.kind, c.title, me.role, c.last_seq, c.last_change, a.username, a.name, a.avatar_url,
        ARRAY(SELECT x.user_id FROM messaging.members x WHERE x.conversation_id = c.id) AS member_ids,
        ARRAY(
            SELECT x.user_id FROM messaging.members x WHERE x.conversation_id = c.id AND x.muted
        ) AS silent_ids,
        c.kind = 'direct' AND EXISTS (
            SELECT FROM messaging.members other JOIN moderation.blocks b
              ON b.blocker_id = $1 AND b.blocked_id = other.user_id
              OR b.blocker_id = other.user_id AND b.blocked_id = $1
            WHERE other.conversation_id = c.id AND other.user_id <> $1
        ) AS blocked,
        EXISTS (
            SELECT FROM messaging.messages m WHERE m.conversation_id = c.id AND m.sender_id <> $1
        ) AS answered
    FROM messaging.conversations c
    JOIN messaging.members me ON me.conversation_id = c.id AND me.user_id = $1
    JOIN identity.profiles a ON a.id = me.user_id
    WHERE c.id = $2 FOR NO KEY UPDATE OF c
    """,
    into=DeskRow,
)
RENAME = sql("messaging.rename", "UPDATE messaging.conversations SET title = $2 WHERE id = $1", into=NoneType)
SET_MUTED = sql(
    "messaging.set_muted",
    "UPDATE messaging.members SET muted = $3 WHERE user_id = $1 AND conversation_id = $2",
    into=NoneType,
)
REMOVE_MEMBER = sql(
    "messaging.remove_member",
    "DELETE FROM messaging.members WHERE conversation_id = $1 AND user_id = $2",
    into=NoneType,
)
# Who has been in it longest, when the owner has left.
PASS_ON = sql(
    "messaging.pass_on",
    """
    UPDATE messaging.members SET role = 'owner'
    WHERE conversation_id = $1 AND user_id = (
        SELECT user_id FROM messaging.members WHERE conversation_id = $1 ORDER BY joined_at, user_id LIMIT 1
    ) AND NOT EXISTS (SELECT FROM messaging.members WHERE conversation_id = $1 AND role = 'owner')
    """,
    into=NoneType,
)
DELETE_EMPTY = sql(
    "messaging.delete_empty",
    """
    DELETE FROM messaging.conversations c
    WHERE c.id = $1 AND NOT EXISTS (SELECT FROM messaging.members WHERE conversation_id = c.id)
    """,
    into=NoneType,
)
# Marks only go forward, and not beyond what there is.
MARK = sql(
    "messaging.mark",
    """
    UPDATE messaging.members me
    SET read_seq = greatest(me.read_seq, least($3, c.last_seq)),
        delivered_seq = greatest(me.delivered_seq, least(greatest($3, $4), c.last_seq))
    FROM messaging.conversations c
    JOIN messaging.members before ON before.conversation_id = c.id AND before.user_id = $1
    WHERE c.id = $2 AND me.conversation_id = c.id AND me.user_id = $1
      AND (least($3, c.last_seq) > me.read_seq OR least(greatest($3, $4), c.last_seq) > me.delivered_seq)
    RETURNING me.read_seq, me.delivered_seq,
        ARRAY(SELECT x.user_id FROM messaging.members x WHERE x.conversation_id = c.id) AS member_ids,
        EXISTS (
            SELECT FROM messaging.messages m
            WHERE m.conversation_id = c.id AND m.seq > before.read_seq AND m.seq <= me.read_seq
              AND m.sender_id <> $1 AND m.kind = 'text'
        ) AS news
    """,
    into=MarksRow,
)
FIND_MARKS = sql(
    "messaging.find_marks",
    """
    SELECT read_seq, delivered_seq, ARRAY[]::uuid[] AS member_ids, false AS news FROM messaging.members
    WHERE user_id = $1 AND conversation_id = $2
    """,
    into=MarksRow,
)
