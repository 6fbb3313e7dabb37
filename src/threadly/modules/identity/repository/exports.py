"""Copies of what is known of a member, and what identity knows of one."""

# ruff: noqa: S608  # what is put into the texts are this file's own constants

from datetime import datetime
from types import NoneType

import msgspec

from threadly.modules.identity.types import Export
from threadly.platform.db import sql
from threadly.platform.ids import UUID

EXPORT = "id, state, requested_at, expires_at, ready_at, size_bytes"


class KeptParts(msgspec.Struct, frozen=True):
    id: UUID
    part_count: int


class Readable(msgspec.Struct, frozen=True):
    """A copy that is to be downloaded by who has its link."""

    user_id: UUID
    username: str
    part_count: int
    size_bytes: int
    expires_at: datetime
    requested_at: datetime


class ExportAddressee(msgspec.Struct, frozen=True):
    email: str
    name: str


class ExportedAccount(msgspec.Struct, frozen=True):
    id: UUID
    username: str
    name: str
    bio: str
    website: str | None
    avatar_url: str | None
    email: str
    email_verified_at: datetime | None
    created_at: datetime
    roles: list[str]
    joined_by_invitation: bool


class ExportedSession(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class ExportedApiKey(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ExportedInvite(msgspec.Struct, frozen=True):
    id: UUID
    most_uses: int
    use_count: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


FIND_GATHERING = sql(
    "identity.find_gathering_export",
    f"SELECT {EXPORT} FROM identity.exports WHERE user_id = $1 AND state = 'gathering'",
    into=Export,
)
COUNT_EXPORTS = sql(
    "identity.count_exports",
    """
    SELECT count(*) FROM identity.exports WHERE user_id = $1 AND requested_at > $2 AND state <> 'failed'
    """,
    into=int,
)
INSERT_EXPORT = sql(
    "identity.insert_export",
    f"""
    INSERT INTO identity.exports (id, user_id, requested_at, expires_at) VALUES ($1, $2, $3, $4)
    RETURNING {EXPORT}
    """,
    into=Export,
)
GET_EXPORT = sql(
    "identity.get_export",
    f"SELECT {EXPORT} FROM identity.exports WHERE id = $1 AND user_id = $2",
    into=Export,
)
LIST_EXPORTS = sql(
    "identity.list_exports",
    f"SELECT {EXPORT} FROM identity.exports WHERE user_id = $1 AND expires_at > $2 ORDER BY id DESC LIMIT $3",
    into=Export,
)
FIND_EXPORTED = sql(
    "identity.find_exported_member",
    "SELECT user_id FROM identity.exports WHERE id = $1 AND state = 'gathering'",
    into=UUID,
)
FINISH_EXPORT = sql(
    "identity.finish_export",
    """
    UPDATE identity.exports SET state = 'ready', ready_at = $2, expires_at = $3, part_count = $4,
        size_bytes = $5
    WHERE id = $1 AND state = 'gathering'
    """,
    into=NoneType,
)
FAIL_EXPORT = sql(
    "identity.fail_export",
    "UPDATE identity.exports SET state = 'failed' WHERE id = $1 AND state = 'gathering'",
    into=NoneType,
)
GET_READABLE = sql(
    "identity.get_readable_export",
    """
    SELECT e.user_id, u.username, e.part_count, e.size_bytes, e.expires_at, e.requested_at
    FROM identity.exports e JOIN identity.users u ON u.id = e.user_id
    WHERE e.id = $1 AND e.state = 'ready'
    """,
    into=Readable,
)
GET_EXPORT_ADDRESSEE = sql(
    "identity.get_export_addressee",
    """
    SELECT u.email, u.name FROM identity.exports e JOIN identity.users u ON u.id = e.user_id
    WHERE e.id = $1 AND e.state = 'ready' AND e.expires_at > $2
    """,
    into=ExportAddressee,
)
LIST_PARTS_OF = sql(
    "identity.list_export_parts_of",
    "SELECT id, part_count FROM identity.exports WHERE user_id = $1 AND part_count > 0",
    into=KeptParts,
)
LIST_EXPIRED_EXPORTS = sql(
    "identity.list_expired_exports",
    "SELECT id, part_count FROM identity.exports WHERE expires_at < $1 ORDER BY expires_at LIMIT $2",
    into=KeptParts,
)
DELETE_EXPORTS = sql(
    "identity.delete_exports", "DELETE FROM identity.exports WHERE id = ANY($1::uuid[])", into=NoneType
)

# What identity itself gives. Hashes of passwords and tokens are secrets of the house, not the member's data.
EXPORT_ACCOUNT = sql(
    "identity.export_account",
    """
    SELECT u.id, u.username, u.name, u.bio, u.website, u.avatar_url, u.email, u.email_verified_at,
           u.created_at,
           array(SELECT g.role FROM identity.role_grants g WHERE g.user_id = u.id ORDER BY g.role) AS roles,
           EXISTS (SELECT FROM identity.arrivals a WHERE a.user_id = u.id) AS joined_by_invitation
    FROM identity.users u WHERE u.id = $1
    """,
    into=ExportedAccount,
)
EXPORT_SESSIONS = sql(
    "identity.export_sessions",
    """
    SELECT id, kind, device, created_at, last_seen_at, expires_at, revoked_at AS ended_at
    FROM identity.sessions WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedSession,
)
EXPORT_INVITES = sql(
    "identity.export_invites",
    """
    SELECT id, most_uses, use_count, created_at, expires_at, revoked_at
    FROM identity.invites WHERE inviter_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedInvite,
)
EXPORT_API_KEYS = sql(
    "identity.export_api_keys",
    """
    SELECT id, name, scope, created_at, expires_at, last_used_at
    FROM identity.api_keys WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedApiKey,
)
