"""Addresses from which mail comes back."""

from threadly.platform.db import sql
from threadly.platform.ids import UUID

DOUBT_EMAIL = sql(
    "identity.doubt_email",
    """
    UPDATE identity.users SET email_verified_at = NULL
    WHERE email_key = lower($1) AND email_verified_at IS NOT NULL RETURNING id
    """,
    into=UUID,
)
FIND_OWNER = sql(
    "identity.find_owner_of_email",
    "SELECT id FROM identity.users WHERE email_key = lower($1)",
    into=UUID,
)
