"""Sessions of browsers and programs, and refresh tokens."""

# ruff: noqa: S608  # what is put into the texts are this file's own constants

from datetime import datetime
from types import NoneType

import msgspec

from threadly.modules.identity.types import Session
from threadly.platform.db import sql
from threadly.platform.ids import UUID

ROLES = "array(SELECT g.role FROM identity.role_grants g WHERE g.user_id = {user} ORDER BY g.role) AS roles"


class SessionRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    created_at: datetime
    last_seen_at: datetime
    roles: list[str]
    suspended: bool


class FamilyRow(msgspec.Struct, frozen=True):
    """The session that a refresh token belongs to."""

    session_id: UUID
    user_id: UUID
    created_at: datetime


class TokenState(msgspec.Struct, frozen=True):
    session_id: UUID
    used: bool
    in_force: bool


class Voided(msgspec.Struct, frozen=True):
    session_id: UUID
    issued_before: datetime


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
    SELECT s.id, s.user_id, s.created_at, s.last_seen_at, {ROLES.format(user="s.user_id")}, EXISTS (
        SELECT FROM identity.suspensions p WHERE p.user_id = s.user_id AND (p.until IS NULL OR p.until > $2)
    ) AS suspended
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
    "UPDATE identity.sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING user_id",
    into=UUID,
)
# Only one's own.
FIND_SESSION_OF = sql(
    "identity.find_session_of",
    """
    SELECT id FROM identity.sessions WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3
    """,
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
