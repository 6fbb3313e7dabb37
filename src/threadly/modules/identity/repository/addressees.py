"""Whom to write to."""

from threadly.modules.identity.types import Addressee
from threadly.platform.db import sql

LIST_ADDRESSEES = sql(
    "identity.list_addressees",
    """
    SELECT id, username, name, email, email_verified_at IS NOT NULL AS email_verified, EXISTS (
        SELECT FROM identity.suspensions s WHERE s.user_id = users.id AND (s.until IS NULL OR s.until > $2)
    ) AS suspended
    FROM identity.users WHERE id = ANY($1::uuid[]) ORDER BY id
    """,
    into=Addressee,
)
