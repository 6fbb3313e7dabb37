"""All the SQL that touches the schema `identity`."""

# ruff: noqa: S608  # what is put into the texts are this file's own constants

from datetime import datetime
from types import NoneType

import msgspec

from threadly.modules.identity.types import Account, Profile, Session
from threadly.platform.db import sql
from threadly.platform.ids import UUID

PROFILE = "id, username, name, bio, website, avatar_url, created_at"
ACCOUNT = f"{PROFILE}, email, email_verified_at IS NOT NULL AS email_verified"
ROLES = "array(SELECT g.role FROM identity.role_grants g WHERE g.user_id = {user} ORDER BY g.role) AS roles"


class Credentials(msgspec.Struct, frozen=True):
    user_id: UUID
    password_hash: str


class SessionRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    created_at: datetime
    last_seen_at: datetime
    roles: list[str]


class FamilyRow(msgspec.Struct, frozen=True):
    """The session that a refresh token belongs to."""

    session_id: UUID
    user_id: UUID
    created_at: datetime


class TokenState(msgspec.Struct, frozen=True):
    session_id: UUID
    used: bool
    in_force: bool


class LinkRow(msgspec.Struct, frozen=True):
    user_id: UUID
    expires_at: datetime


class Addressee(msgspec.Struct, frozen=True):
    purpose: str
    email: str
    name: str


class KeyRow(msgspec.Struct, frozen=True):
    id: UUID
    public_key: bytes
    sealed_private_key: bytes
    created_at: datetime


class PublicKeyRow(msgspec.Struct, frozen=True):
    id: UUID
    public_key: bytes


class Voided(msgspec.Struct, frozen=True):
    session_id: UUID
    issued_before: datetime


class Taken(msgspec.Struct, frozen=True):
    email: bool
    username: bool


# --- accounts

INSERT_USER = sql(
    "identity.insert_user",
    f"""
    INSERT INTO identity.users (id, username, email, password_hash, name, created_at, email_verified_at, bio)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {ACCOUNT}
    """,
    into=Account,
)
# In one statement for all, for `import_members`.
INSERT_USERS = sql(
    "identity.insert_users",
    """
    INSERT INTO identity.users (id, username, email, name, bio, created_at, email_verified_at, password_hash)
    SELECT id, username, email, name, bio, created_at, created_at, $7
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
        AS member (id, username, email, name, bio, created_at)
    ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
FIND_TAKEN = sql(
    "identity.find_taken",
    """
    SELECT EXISTS (SELECT FROM identity.users WHERE lower(email) = lower($1)) AS email,
           EXISTS (SELECT FROM identity.users WHERE username = $2) AS username
    """,
    into=Taken,
)
GET_ACCOUNT = sql("identity.get_account", f"SELECT {ACCOUNT} FROM identity.users WHERE id = $1", into=Account)
GET_PROFILE = sql("identity.get_profile", f"SELECT {PROFILE} FROM identity.users WHERE id = $1", into=Profile)
GET_PROFILE_BY_USERNAME = sql(
    "identity.get_profile_by_username",
    f"SELECT {PROFILE} FROM identity.users WHERE username = $1",
    into=Profile,
)
LIST_PROFILES_BY_USERNAME = sql(
    "identity.list_profiles_by_username",
    f"SELECT {PROFILE} FROM identity.users WHERE username = ANY($1::text[]) ORDER BY username",
    into=Profile,
)
# A NULL leaves a column as it is; an empty website is none.
UPDATE_PROFILE = sql(
    "identity.update_profile",
    f"""
    UPDATE identity.users SET name = coalesce($2, name), bio = coalesce($3, bio),
        website = CASE WHEN $4::text IS NULL THEN website ELSE nullif($4, '') END
    WHERE id = $1 RETURNING {PROFILE}
    """,
    into=Profile,
)
DELETE_USER = sql(
    "identity.delete_user", "DELETE FROM identity.users WHERE id = $1 RETURNING email", into=str
)
ERASE_AUDIT = sql("identity.erase_audit", "SELECT platform.erase_audit($1)", into=NoneType)
VERIFY_EMAIL = sql(
    "identity.verify_email",
    "UPDATE identity.users SET email_verified_at = $2 WHERE id = $1 AND email_verified_at IS NULL",
    into=NoneType,
)

# --- passwords

FIND_CREDENTIALS = sql(
    "identity.find_credentials",
    "SELECT id AS user_id, password_hash FROM identity.users WHERE lower(email) = lower($1)",
    into=Credentials,
)
GET_CREDENTIALS = sql(
    "identity.get_credentials",
    "SELECT id AS user_id, password_hash FROM identity.users WHERE id = $1",
    into=Credentials,
)
# Takes the row's lock: who changes the password meanwhile waits, or was first and this finds nothing.
LOCK_PROVEN = sql(
    "identity.lock_proven",
    f"SELECT {ACCOUNT} FROM identity.users WHERE id = $1 AND password_hash = $2 FOR NO KEY UPDATE",
    into=Account,
)
SET_PASSWORD = sql(
    "identity.set_password", "UPDATE identity.users SET password_hash = $2 WHERE id = $1", into=NoneType
)

# Whatever gives the member a session was committed before this, or waits until we are.
LOCK_MEMBER = sql("identity.lock_member", "SELECT id FROM identity.users WHERE id = $1 FOR UPDATE", into=UUID)

# --- roles

SET_ROLE = sql(
    "identity.set_role",
    """
    WITH withdrawn AS (DELETE FROM identity.role_grants WHERE user_id = $1 AND role <> $2)
    INSERT INTO identity.role_grants (user_id, role, granted_at)
    SELECT $1, $2, $3 WHERE $2 <> 'user' ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
LIST_ROLES = sql(
    "identity.list_roles",
    "SELECT role FROM identity.role_grants WHERE user_id = $1 ORDER BY role",
    into=str,
)

# --- sessions

INSERT_SESSION = sql(
    "identity.insert_session",
    """
    INSERT INTO identity.sessions
        (id, user_id, kind, token_hash, device, created_at, last_seen_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
    """,
    into=NoneType,
)
FIND_BROWSER_SESSION = sql(
    "identity.find_browser_session",
    f"""
    SELECT s.id, s.user_id, s.created_at, s.last_seen_at, {ROLES.format(user="s.user_id")}
    FROM identity.sessions s WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
    """,
    into=SessionRow,
)
TOUCH_SESSION = sql(
    "identity.touch_session",
    "UPDATE identity.sessions SET last_seen_at = $2, expires_at = $3 WHERE id = $1 AND revoked_at IS NULL",
    into=NoneType,
)
LIST_SESSIONS = sql(
    "identity.list_sessions",
    """
    SELECT id, kind, device, created_at, last_seen_at, expires_at FROM identity.sessions
    WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY last_seen_at DESC, id LIMIT $3
    """,
    into=Session,
)
REVOKE_SESSION = sql(
    "identity.revoke_session",
    "UPDATE identity.sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id",
    into=UUID,
)
REVOKE_SESSIONS_OF = sql(
    "identity.revoke_sessions_of",
    """
    UPDATE identity.sessions SET revoked_at = $2
    WHERE user_id = $1 AND revoked_at IS NULL AND id IS DISTINCT FROM $3 RETURNING id
    """,
    into=UUID,
)
LIST_SESSION_IDS = sql(
    "identity.list_session_ids",
    "SELECT id FROM identity.sessions WHERE user_id = $1 AND kind = 'api' AND revoked_at IS NULL",
    into=UUID,
)
VOID_TOKENS = sql(
    "identity.void_tokens",
    """
    INSERT INTO identity.voided_tokens AS v (session_id, issued_before) SELECT unnest($1::uuid[]), $2
    ON CONFLICT (session_id) DO UPDATE SET issued_before = greatest(v.issued_before, EXCLUDED.issued_before)
    """,
    into=NoneType,
)
# Those issued until now: also by a refresh that came after $2, and is waited for here.
VOID_TOKENS_OF = sql(
    "identity.void_tokens_of",
    """
    WITH open AS (
        SELECT id, last_seen_at FROM identity.sessions
        WHERE user_id = $1 AND kind = 'api' AND revoked_at IS NULL FOR UPDATE
    )
    INSERT INTO identity.voided_tokens AS v (session_id, issued_before)
    SELECT id, greatest($2, last_seen_at + interval '1 millisecond') FROM open
    ON CONFLICT (session_id) DO UPDATE SET issued_before = greatest(v.issued_before, EXCLUDED.issued_before)
    """,
    into=NoneType,
)
LIST_VOIDED = sql(
    "identity.list_voided_tokens",
    "SELECT session_id, issued_before FROM identity.voided_tokens WHERE issued_before > $1",
    into=Voided,
)

# --- refresh tokens

INSERT_REFRESH_TOKEN = sql(
    "identity.insert_refresh_token",
    """
    INSERT INTO identity.refresh_tokens (token_hash, session_id, issued_at, expires_at)
    VALUES ($1, $2, $3, $4)
    """,
    into=NoneType,
)
# Of two at the same instant the second waits for the first's commit, then finds the token used.
USE_REFRESH_TOKEN = sql(
    "identity.use_refresh_token",
    """
    UPDATE identity.refresh_tokens t SET used_at = $2 FROM identity.sessions s
    WHERE t.token_hash = $1 AND t.used_at IS NULL AND t.expires_at > $2
      AND s.id = t.session_id AND s.revoked_at IS NULL AND s.expires_at > $2
    RETURNING s.id AS session_id, s.user_id, s.created_at
    """,
    into=FamilyRow,
)
GET_TOKEN_STATE = sql(
    "identity.get_refresh_token_state",
    """
    SELECT t.session_id, t.used_at IS NOT NULL AS used, s.revoked_at IS NULL AS in_force
    FROM identity.refresh_tokens t JOIN identity.sessions s ON s.id = t.session_id WHERE t.token_hash = $1
    """,
    into=TokenState,
)

# --- links in mail

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
    SELECT $1, u.id, $3, $4, $6, $7 FROM identity.users u WHERE lower(u.email) = lower($2)
    ON CONFLICT (user_id, purpose) DO UPDATE SET id = EXCLUDED.id, token_hash = EXCLUDED.token_hash,
        created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
    WHERE l.created_at <= $5
    """,
    into=NoneType,
)
GET_ADDRESSEE = sql(
    "identity.get_addressee",
    """
    SELECT l.purpose, u.email, u.name FROM identity.links l JOIN identity.users u ON u.id = l.user_id
    WHERE l.id = $1 AND l.expires_at > $2
    """,
    into=Addressee,
)
FIND_LINK = sql(
    "identity.find_link",
    "SELECT user_id, expires_at FROM identity.links WHERE token_hash = $1 AND purpose = $2",
    into=LinkRow,
)
USE_LINK = sql(
    "identity.use_link",
    "DELETE FROM identity.links WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id",
    into=UUID,
)

# --- signing keys

GET_SIGNING_KEY = sql(
    "identity.get_signing_key",
    """
    SELECT id, public_key, sealed_private_key, created_at FROM identity.signing_keys
    WHERE retired_at IS NULL
    """,
    into=KeyRow,
)
INSERT_SIGNING_KEY = sql(
    "identity.insert_signing_key",
    """
    INSERT INTO identity.signing_keys (id, public_key, sealed_private_key, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id) WHERE retired_at IS NULL DO NOTHING
    """,
    into=NoneType,
)
RETIRE_SIGNING_KEY = sql(
    "identity.retire_signing_key",
    "UPDATE identity.signing_keys SET retired_at = $1 WHERE retired_at IS NULL AND id = $2",
    into=NoneType,
)
DELETE_RETIRED_KEYS = sql(
    "identity.delete_retired_keys",
    "DELETE FROM identity.signing_keys WHERE retired_at IS NOT NULL AND retired_at <= $1",
    into=NoneType,
)
LIST_PUBLIC_KEYS = sql(
    "identity.list_public_keys",
    """
    SELECT id, public_key FROM identity.signing_keys WHERE retired_at IS NULL OR retired_at > $1 ORDER BY id
    """,
    into=PublicKeyRow,
)

# --- what time removes; each takes a moment and the most rows to delete

DELETE_EXPIRED_LINKS = sql(
    "identity.delete_expired_links",
    """
    DELETE FROM identity.links
    WHERE id IN (SELECT id FROM identity.links WHERE expires_at < $1 LIMIT $2)
    """,
    into=NoneType,
)
DELETE_EXPIRED_REFRESH_TOKENS = sql(
    "identity.delete_expired_refresh_tokens",
    """
    DELETE FROM identity.refresh_tokens
    WHERE token_hash IN (SELECT token_hash FROM identity.refresh_tokens WHERE expires_at < $1 LIMIT $2)
    """,
    into=NoneType,
)
DELETE_EXPIRED_SESSIONS = sql(
    "identity.delete_expired_sessions",
    """
    DELETE FROM identity.sessions
    WHERE id IN (SELECT id FROM identity.sessions WHERE expires_at < $1 OR revoked_at < $1 LIMIT $2)
    """,
    into=NoneType,
)
DELETE_EXPIRED_VOIDED_TOKENS = sql(
    "identity.delete_expired_voided_tokens",
    """
    DELETE FROM identity.voided_tokens
    WHERE session_id IN (SELECT session_id FROM identity.voided_tokens WHERE issued_before < $1 LIMIT $2)
    """,
    into=NoneType,
)
