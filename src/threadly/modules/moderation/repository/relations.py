"""Who blocks and mutes whom."""

from types import NoneType

from threadly.modules.moderation.types import Relation
from threadly.platform.db import sql
from threadly.platform.ids import UUID

# Two additions to the lists of one member are counted one after the other.
LOCK_RELATIONS = sql(
    "moderation.lock_relations",
    "SELECT pg_advisory_xact_lock(hashtextextended('moderation.relations ' || $1::text, 0))",
    into=NoneType,
)
BLOCK = sql(
    "moderation.block",
    """
    INSERT INTO moderation.member_blocks (blocker_id, blocked_id, created_at) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
UNBLOCK = sql(
    "moderation.unblock",
    "DELETE FROM moderation.member_blocks WHERE blocker_id = $1 AND blocked_id = $2",
    into=NoneType,
)
MUTE = sql(
    "moderation.mute",
    """
    INSERT INTO moderation.member_mutes (muter_id, muted_id, created_at) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
UNMUTE = sql(
    "moderation.unmute",
    "DELETE FROM moderation.member_mutes WHERE muter_id = $1 AND muted_id = $2",
    into=NoneType,
)
COUNT_BLOCKED = sql(
    "moderation.count_blocked",
    "SELECT count(*) AS blocked FROM moderation.member_blocks WHERE blocker_id = $1",
    into=int,
)
COUNT_MUTED = sql(
    "moderation.count_muted",
    "SELECT count(*) AS muted FROM moderation.member_mutes WHERE muter_id = $1",
    into=int,
)
# Whoever of $2 blocks $1 or is blocked by them.
BLOCKED_AMONG = sql(
    "moderation.blocked_among",
    """
    SELECT blocked_id AS other_id FROM moderation.member_blocks
    WHERE blocker_id = $1 AND blocked_id = ANY($2::uuid[])
    UNION
    SELECT blocker_id FROM moderation.member_blocks
    WHERE blocked_id = $1 AND blocker_id = ANY($2::uuid[])
    """,
    into=UUID,
)
BLOCKS_OF = sql(
    "moderation.blocks_of",
    """
    SELECT p.id, p.username, p.name, p.avatar_url, b.created_at AS since
    FROM moderation.member_blocks b JOIN identity.profiles p ON p.id = b.blocked_id
    WHERE b.blocker_id = $1 AND b.blocked_id < $2 ORDER BY b.blocked_id DESC LIMIT $3
    """,
    into=Relation,
)
MUTES_OF = sql(
    "moderation.mutes_of",
    """
    SELECT p.id, p.username, p.name, p.avatar_url, m.created_at AS since
    FROM moderation.member_mutes m JOIN identity.profiles p ON p.id = m.muted_id
    WHERE m.muter_id = $1 AND m.muted_id < $2 ORDER BY m.muted_id DESC LIMIT $3
    """,
    into=Relation,
)
