"""Keys that sign tokens."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID


class KeyRow(msgspec.Struct, frozen=True):
    id: UUID
    public_key: bytes
    sealed_private_key: bytes
    created_at: datetime


class PublicKeyRow(msgspec.Struct, frozen=True):
    id: UUID
    public_key: bytes


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
