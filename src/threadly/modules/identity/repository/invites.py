"""Invitations, and who came by them."""

# what is put into the texts are this file's own constants

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID


class InviteRow(msgspec.Struct, frozen=True):
    id: UUID
    inviter_id: UUID
    most_uses: int
    use_count: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    inviter_username: str
    inviter_name: str


class UsedInvite(msgspec.Struct, frozen=True):
    id: UUID
    inviter_id: UUID


INVITE = """
    i.id, i.inviter_id, i.most_uses, i.use_count, i.created_at, i.expires_at, i.revoked_at,
    u.username AS inviter_username, u.name AS inviter_name
    FROM identity.invites i JOIN identity.users u ON u.id = i.inviter_id
"""

INSERT_INVITE = sql(
    "identity.insert_invite",
    """
    INSERT INTO identity.invites (id, inviter_id, code_hash, most_uses, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    """,
    into=NoneType,
)
COUNT_OPEN_INVITES = sql(
    "identity.count_open_invites",
    """
    SELECT count(*) FROM identity.invites
    WHERE inviter_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND use_count < most_uses
    """,
    into=int,
)
GET_INVITE = sql("identity.get_invite", f"SELECT {INVITE} WHERE i.id = $1", into=InviteRow)
FIND_INVITE = sql("identity.find_invite", f"SELECT {INVITE} WHERE i.code_hash = $1", into=InviteRow)
LIST_INVITES_OF = sql(
    "identity.list_invites_of",
    f"SELECT {INVITE} WHERE i.inviter_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3",
    into=InviteRow,
)
LIST_INVITES = sql(
    "identity.list_invites",
    f"SELECT {INVITE} WHERE i.id < $1 ORDER BY i.id DESC LIMIT $2",
    into=InviteRow,
)
REVOKE_INVITE = sql(
    "identity.revoke_invite",
    "UPDATE identity.invites SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
    into=NoneType,
)
# Whoever comes at the same instant waits for the row, and finds it as the one before left it.
USE_INVITE = sql(
    "identity.use_invite",
    """
    UPDATE identity.invites SET use_count = use_count + 1
    WHERE code_hash = $1 AND revoked_at IS NULL AND expires_at > $2 AND use_count < most_uses
    RETURNING id, inviter_id
    """,
    into=UsedInvite,
)
INSERT_ARRIVAL = sql(
    "identity.insert_arrival",
    "INSERT INTO identity.arrivals (user_id, invite_id, inviter_id, joined_at) VALUES ($1, $2, $3, $4)",
    into=NoneType,
)
