"""Messages: written, changed, read, erased."""

from types import NoneType

from threadly.modules.messaging.repository.fragments import MESSAGE, VISIBLE
from threadly.modules.messaging.repository.rows import KeptRow, NumbersRow
from threadly.modules.messaging.types import MessageRow
from threadly.platform.db import sql
from threadly.platform.ids import UUID

FROM = """
    FROM messaging.messages m
    JOIN messaging.members me ON me.conversation_id = m.conversation_id AND me.user_id = $1
    LEFT JOIN identity.profiles a ON a.id = m.sender_id
"""

FIND_BY_CLIENT = sql(
    "messaging.find_by_client",
    """
    SELECT id FROM messaging.messages WHERE conversation_id = $1 AND sender_id = $2 AND client_id = $3
    """,
    into=UUID,
)
# Who writes has read what is above.
INSERT_MESSAGE = sql(
    "messaging.insert_message",
    """
    WITH conversation AS (
        UPDATE messaging.conversations SET last_seq = last_seq + 1, last_change = last_change + 1,
            active_at = CASE WHEN $10 THEN $9 ELSE active_at END
        WHERE id = $2 RETURNING id, last_seq, last_change
    ), marked AS (
        UPDATE messaging.members me SET read_seq = c.last_seq, delivered_seq = c.last_seq
        FROM conversation c WHERE me.conversation_id = c.id AND me.user_id = $3
    )
    INSERT INTO messaging.messages
        (id, conversation_id, seq, change, sender_id, kind, content, media, files, client_id, created_at,
         about, hidden, shown)
    SELECT $1, c.id, c.last_seq, c.last_change, $3, $4, $5, $6, $11, $7, $9, $8, NOT $10, $10
    FROM conversation c
    RETURNING seq, change
    """,
    into=NumbersRow,
)
FIND_MESSAGE = sql(
    "messaging.find_message", f"SELECT {MESSAGE} {FROM} WHERE m.id = $2 AND {VISIBLE}", into=MessageRow
)
LIST_MESSAGES = sql(
    "messaging.list_messages",
    f"""
    SELECT {MESSAGE} {FROM} WHERE m.conversation_id = $2 AND m.seq < $3 AND {VISIBLE}
    ORDER BY m.seq DESC LIMIT $4
    """,
    into=MessageRow,
)
LIST_CHANGES = sql(
    "messaging.list_changes",
    f"""
    SELECT {MESSAGE} {FROM} WHERE m.conversation_id = $2 AND m.change > $3 AND {VISIBLE}
    ORDER BY m.change LIMIT $4
    """,
    into=MessageRow,
)
# Of the conversations of $1, those with changes above what is known ($2, $3); one that is not is all new.
LIST_BEHIND = sql(
    "messaging.list_behind",
    """
    SELECT me.conversation_id
    FROM messaging.members me
    JOIN messaging.conversations c ON c.id = me.conversation_id
    LEFT JOIN unnest($2::uuid[], $3::bigint[]) known (id, change) ON known.id = c.id
    WHERE me.user_id = $1 AND c.last_change > coalesce(known.change, 0)
    ORDER BY c.active_at
    """,
    into=UUID,
)
# The conversation first, as everybody does, so that nobody waits for each other in a circle.
LOCK_OF_MESSAGE = sql(
    "messaging.lock_of_message",
    """
    SELECT c.id FROM messaging.conversations c
    WHERE c.id = (SELECT m.conversation_id FROM messaging.messages m WHERE m.id = $1) FOR NO KEY UPDATE
    """,
    into=UUID,
)
KEPT_MESSAGE = sql(
    "messaging.kept_message",
    """
    SELECT id, conversation_id, sender_id, kind, content, created_at, deleted_at IS NOT NULL AS deleted,
        hidden, shown, media <> '[]' OR files <> '[]' AS has_media,
        ARRAY(SELECT each ->> 'name' FROM jsonb_array_elements(files) each) AS file_names
    FROM messaging.messages WHERE id = $1
    """,
    into=KeptRow,
)
EDIT_MESSAGE = sql(
    "messaging.edit_message",
    """
    WITH conversation AS (
        UPDATE messaging.conversations SET last_change = last_change + 1 WHERE id = $2 RETURNING last_change
    )
    UPDATE messaging.messages m SET content = $3, edited_at = $4, change = c.last_change
    FROM conversation c WHERE m.id = $1
    """,
    into=NoneType,
)
DELETE_MESSAGE = sql(
    "messaging.delete_message",
    """
    WITH conversation AS (
        UPDATE messaging.conversations SET last_change = last_change + 1 WHERE id = $2 RETURNING last_change
    )
    UPDATE messaging.messages m
    SET content = '', media = '[]', files = '[]', deleted_at = $3, change = c.last_change
    FROM conversation c WHERE m.id = $1
    """,
    into=NoneType,
)
HIDE_MESSAGE = sql(
    "messaging.hide_message",
    """
    WITH conversation AS (
        UPDATE messaging.conversations SET last_change = last_change + 1 WHERE id = $2 RETURNING last_change
    )
    UPDATE messaging.messages m SET hidden = $3, change = c.last_change FROM conversation c WHERE m.id = $1
    """,
    into=NoneType,
)
# Nobody has seen it yet: it arrives now, at the end.
RELEASE_HELD = sql(
    "messaging.release_held",
    """
    WITH conversation AS (
        UPDATE messaging.conversations
        SET last_seq = last_seq + 1, last_change = last_change + 1, active_at = $3
        WHERE id = $2 RETURNING last_seq, last_change
    )
    UPDATE messaging.messages m SET hidden = false, shown = true, seq = c.last_seq, change = c.last_change
    FROM conversation c WHERE m.id = $1
    """,
    into=NoneType,
)

# A deleted account. Its messages stay as empty places, since others have counted them.
LOCK_OF_MEMBER = sql(
    "messaging.lock_of_member",
    """
    SELECT c.id FROM messaging.conversations c
    WHERE c.id IN (
        SELECT conversation_id FROM messaging.members WHERE user_id = $1
        UNION SELECT conversation_id FROM messaging.messages WHERE sender_id = $1
    ) ORDER BY c.id FOR NO KEY UPDATE
    """,
    into=UUID,
)
LIST_WITH_MEDIA = sql(
    "messaging.list_with_media",
    "SELECT id FROM messaging.messages WHERE sender_id = $1 AND (media <> '[]' OR files <> '[]')",
    into=UUID,
)
# Of a conversation that has no members any more; of others none.
LIST_MEDIA_OF_EMPTY = sql(
    "messaging.list_media_of_empty",
    """
    SELECT id FROM messaging.messages
    WHERE conversation_id = $1 AND (media <> '[]' OR files <> '[]')
      AND NOT EXISTS (SELECT FROM messaging.members WHERE conversation_id = $1)
    """,
    into=UUID,
)
BLANK_MESSAGES = sql(
    "messaging.blank_messages",
    """
    WITH theirs AS (
        SELECT id, conversation_id, row_number() OVER (PARTITION BY conversation_id ORDER BY seq) AS place
        FROM messaging.messages WHERE sender_id = $1 AND deleted_at IS NULL AND kind <> 'notice'
    ), counted AS (
        SELECT conversation_id, count(*) AS messages FROM theirs GROUP BY conversation_id
    ), conversation AS (
        UPDATE messaging.conversations c SET last_change = last_change + counted.messages
        FROM counted WHERE c.id = counted.conversation_id
        RETURNING c.id, c.last_change - counted.messages AS before
    )
    UPDATE messaging.messages m
    SET content = '', media = '[]', files = '[]', client_id = NULL, deleted_at = $2,
        change = c.before + theirs.place
    FROM theirs JOIN conversation c ON c.id = theirs.conversation_id WHERE m.id = theirs.id
    """,
    into=NoneType,
)
FORGET_DIRECT = sql(
    "messaging.forget_direct",
    """
    UPDATE messaging.conversations c SET direct_key = NULL
    WHERE c.direct_key IS NOT NULL AND EXISTS (
        SELECT FROM messaging.members WHERE conversation_id = c.id AND user_id = $1
    )
    """,
    into=NoneType,
)
LEAVE_ALL = sql(
    "messaging.leave_all",
    "DELETE FROM messaging.members WHERE user_id = $1 RETURNING conversation_id",
    into=UUID,
)
ERASE_CALLS = sql(
    "messaging.erase_calls",
    "DELETE FROM messaging.calls WHERE caller_id = $1 OR callee_id = $1",
    into=NoneType,
)
