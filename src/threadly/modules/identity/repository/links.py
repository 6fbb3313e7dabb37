"""Links in mail."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID


class LinkRow(msgspec.Struct, frozen=True):
    user_id: UUID
    expires_at: datetime


class Addressee(msgspec.Struct, frozen=True):
    purpose: str
    email: str
    name: str


class EmailLink(msgspec.Struct, frozen=True):
    """Whose address is to become `email`."""

    user_id: UUID
    email: str


class FormerAddressee(msgspec.Struct, frozen=True):
    email: str
    name: str


# One at a time for each purpose; within the cool-down the one before stays. $5: the latest to be replaced.
INSERT_LINK_OF_USER = sql(
    "identity.insert_link_of_user",
    """
    INSERT INTO identity.links AS l (id, user_id, purpose, token_hash, created_at, expires_at)
    SELECT $1, u.id, $3, $4, $6, $7 FROM identity.users u
    WHERE u.id = $2 AND ($3 <> 'verify' OR u.email_verified_at IS NULL)
    ON CONFLICT (user_id, purpose) DO UPDATE SET id = EXCLUDED.id, token_hash = EXCLUDED.token_hash,
        created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
    WHERE l.created_at <= $5
    """,
    into=NoneType,
)
INSERT_LINK_OF_EMAIL = sql(
    "identity.insert_link_of_email",
    """
    INSERT INTO identity.links AS l (id, user_id, purpose, token_hash, created_at, expires_at)
    SELECT $1, u.id, $3, $4, $6, $7 FROM identity.users u WHERE u.email_key = lower($2)
    ON CONFLICT (user_id, purpose) DO UPDATE SET id = EXCLUDED.id, token_hash = EXCLUDED.token_hash,
        created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
    WHERE l.created_at <= $5
    """,
    into=NoneType,
)
GET_ADDRESSEE = sql(
    "identity.get_addressee",
    """
    SELECT l.purpose, coalesce(l.email, u.email) AS email, u.name
    FROM identity.links l JOIN identity.users u ON u.id = l.user_id
    WHERE l.id = $1 AND l.expires_at > $2
    """,
    into=Addressee,
)
FIND_LINK = sql(
    "identity.find_link",
    "SELECT user_id, expires_at FROM identity.links WHERE token_hash = $1 AND purpose = $2",
    into=LinkRow,
)
# The latest replaces the one before, unless that was sent a moment ago. $5: the latest to be replaced.
INSERT_EMAIL_LINK = sql(
    "identity.insert_email_link",
    """
    INSERT INTO identity.links AS l (id, user_id, purpose, token_hash, created_at, expires_at, email)
    VALUES ($1, $2, 'email', $3, $4, $6, $7)
    ON CONFLICT (user_id, purpose) DO UPDATE SET id = EXCLUDED.id, token_hash = EXCLUDED.token_hash,
        created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at, email = EXCLUDED.email
    WHERE l.created_at <= $5
    """,
    into=NoneType,
)
FIND_PENDING_EMAIL = sql(
    "identity.find_pending_email",
    "SELECT email FROM identity.links WHERE user_id = $1 AND purpose = 'email' AND expires_at > $2",
    into=str,
)
USE_EMAIL_LINK = sql(
    "identity.use_email_link",
    """
    DELETE FROM identity.links WHERE token_hash = $1 AND purpose = 'email' AND expires_at > $2
    RETURNING user_id, email
    """,
    into=EmailLink,
)
# Those that went to an address which was replaced just now, or were never sent.
DELETE_LINKS_OF = sql(
    "identity.delete_links_of", "DELETE FROM identity.links WHERE user_id = $1", into=NoneType
)
# The address that was replaced comes back.
REPLACE_EMAIL = sql(
    "identity.replace_email",
    """
    UPDATE identity.users u SET email = $2, email_verified_at = $3
    FROM (SELECT id, email FROM identity.users WHERE id = $1 FOR UPDATE) AS former
    WHERE u.id = former.id RETURNING former.email
    """,
    into=str,
)
INSERT_FORMER_EMAIL = sql(
    "identity.insert_former_email",
    "INSERT INTO identity.former_emails (id, user_id, email, replaced_at) VALUES ($1, $2, $3, $4)",
    into=NoneType,
)
GET_FORMER_ADDRESSEE = sql(
    "identity.get_former_addressee",
    """
    SELECT f.email, u.name FROM identity.former_emails f JOIN identity.users u ON u.id = f.user_id
    WHERE f.id = $1
    """,
    into=FormerAddressee,
)
LIST_OTHER_EMAILS = sql(
    "identity.list_other_emails",
    """
    SELECT email FROM identity.former_emails WHERE user_id = $1
    UNION SELECT email FROM identity.links WHERE user_id = $1 AND email IS NOT NULL
    """,
    into=str,
)
DELETE_FORMER_EMAILS = sql(
    "identity.delete_former_emails",
    """
    DELETE FROM identity.former_emails
    WHERE id IN (SELECT id FROM identity.former_emails WHERE replaced_at < $1 LIMIT $2)
    """,
    into=NoneType,
)
USE_LINK = sql(
    "identity.use_link",
    "DELETE FROM identity.links WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id",
    into=UUID,
)
DELETE_EXPIRED_LINKS = sql(
    "identity.delete_expired_links",
    """
    DELETE FROM identity.links
    WHERE id IN (SELECT id FROM identity.links WHERE expires_at < $1 LIMIT $2)
    """,
    into=NoneType,
)
