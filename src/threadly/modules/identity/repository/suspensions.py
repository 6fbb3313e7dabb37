"""Who may not sign in for now."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID


class Suspension(msgspec.Struct, frozen=True):
    """`until` None is without an end; `appeal_path` leads to the page that says why, and takes an appeal."""

    user_id: UUID
    until: datetime | None
    reason: str
    appeal_path: str


SUSPEND = sql(
    "identity.suspend",
    """
    INSERT INTO identity.suspensions (user_id, until, reason, appeal_path, suspended_at)
    SELECT id, $2, $3, $4, $5 FROM identity.users WHERE id = $1
    ON CONFLICT (user_id) DO UPDATE SET until = EXCLUDED.until, reason = EXCLUDED.reason,
        appeal_path = EXCLUDED.appeal_path, suspended_at = EXCLUDED.suspended_at
    """,
    into=NoneType,
)
REINSTATE = sql("identity.reinstate", "DELETE FROM identity.suspensions WHERE user_id = $1", into=NoneType)
FIND_SUSPENSION = sql(
    "identity.find_suspension",
    """
    SELECT user_id, until, reason, appeal_path FROM identity.suspensions
    WHERE user_id = $1 AND (until IS NULL OR until > $2)
    """,
    into=Suspension,
)
# Only of those who have access tokens to refuse.
LIST_SUSPENSIONS = sql(
    "identity.list_suspensions",
    """
    SELECT u.user_id, u.until, u.reason, u.appeal_path FROM identity.suspensions u
    WHERE (u.until IS NULL OR u.until > $1) AND EXISTS (
        SELECT FROM identity.sessions s
        WHERE s.user_id = u.user_id AND s.kind = 'api' AND s.revoked_at IS NULL AND s.expires_at > $1
    )
    """,
    into=Suspension,
)
# Who has one of these roles and may sign in.
WITH_ROLE = sql(
    "identity.with_role",
    """
    SELECT g.user_id FROM identity.role_grants g
    WHERE g.role = ANY($1::text[]) AND NOT EXISTS (
        SELECT FROM identity.suspensions s
        WHERE s.user_id = g.user_id AND (s.until IS NULL OR s.until > $2)
    )
    ORDER BY g.user_id
    """,
    into=UUID,
)
# Whether anybody but $1 has one of these roles and may sign in.
OTHERS_WITH_ROLE = sql(
    "identity.others_with_role",
    """
    SELECT EXISTS (
        SELECT FROM identity.role_grants g
        WHERE g.role = ANY($2::text[]) AND g.user_id <> $1 AND NOT EXISTS (
            SELECT FROM identity.suspensions s
            WHERE s.user_id = g.user_id AND (s.until IS NULL OR s.until > $3)
        )
    ) AS others
    """,
    into=bool,
)
