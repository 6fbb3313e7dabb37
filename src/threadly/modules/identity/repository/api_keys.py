"""Members' API keys."""

# ruff: noqa: S608  # what is put into the texts are this file's own constants

from datetime import datetime
from types import NoneType

import msgspec

from threadly.modules.identity.repository.sessions import ROLES
from threadly.modules.identity.types import ApiKey
from threadly.platform.db import sql
from threadly.platform.ids import UUID

KEY = "id, name, scope, hint, created_at, expires_at, last_used_at"


class KeyHolder(msgspec.Struct, frozen=True):
    """Who sends a request with a key that is in force."""

    id: UUID
    user_id: UUID
    scope: str
    last_used_at: datetime | None
    roles: list[str]
    suspended: bool


INSERT_API_KEY = sql(
    "identity.insert_api_key",
    f"""
    INSERT INTO identity.api_keys (id, user_id, name, scope, hint, token_hash, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {KEY}
    """,
    into=ApiKey,
)
COUNT_API_KEYS = sql(
    "identity.count_api_keys", "SELECT count(*) FROM identity.api_keys WHERE user_id = $1", into=int
)
GET_API_KEY = sql(
    "identity.get_api_key",
    f"SELECT {KEY} FROM identity.api_keys WHERE id = $1 AND user_id = $2",
    into=ApiKey,
)
LIST_API_KEYS = sql(
    "identity.list_api_keys",
    f"SELECT {KEY} FROM identity.api_keys WHERE user_id = $1 ORDER BY id DESC",
    into=ApiKey,
)
DELETE_API_KEY = sql(
    "identity.delete_api_key",
    "DELETE FROM identity.api_keys WHERE id = $1 AND user_id = $2 RETURNING id",
    into=UUID,
)
FIND_KEY_HOLDER = sql(
    "identity.find_key_holder",
    f"""
    SELECT k.id, k.user_id, k.scope, k.last_used_at, {ROLES.format(user="k.user_id")}, EXISTS (
        SELECT FROM identity.suspensions p WHERE p.user_id = k.user_id AND (p.until IS NULL OR p.until > $2)
    ) AS suspended
    FROM identity.api_keys k WHERE k.token_hash = $1 AND (k.expires_at IS NULL OR k.expires_at > $2)
    """,
    into=KeyHolder,
)
# Of many at the same instant one writes.
TOUCH_API_KEY = sql(
    "identity.touch_api_key",
    """
    UPDATE identity.api_keys SET last_used_at = $2
    WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)
    """,
    into=NoneType,
)
