"""What a community says of itself, and the link by which it gets its owner."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.modules.identity.types import Community
from threadly.platform.db import sql
from threadly.platform.ids import UUID


class SetupLinkRow(msgspec.Struct, frozen=True):
    expires_at: datetime
    used_at: datetime | None


GET_COMMUNITY = sql(
    "identity.get_community",
    """
    SELECT platform.tenant_name() AS name, coalesce(c.description, '') AS description,
           coalesce(c.access, 'open') AS access, coalesce(c.inviters, 'everyone') AS inviters
    FROM (SELECT platform.tenant_id() AS id) t LEFT JOIN identity.communities c ON c.tenant_id = t.id
    """,
    into=Community,
)
# A NULL leaves a column as it is.
SAVE_COMMUNITY = sql(
    "identity.save_community",
    """
    INSERT INTO identity.communities AS c (description, access, inviters, updated_at)
    VALUES (coalesce($1, ''), coalesce($2, 'open'), coalesce($3, 'everyone'), $4)
    ON CONFLICT (tenant_id) DO UPDATE SET description = coalesce($1, c.description),
        access = coalesce($2, c.access), inviters = coalesce($3, c.inviters), updated_at = $4
    """,
    into=NoneType,
)
RENAME_COMMUNITY = sql("identity.rename_community", "SELECT platform.rename_tenant($1)", into=NoneType)
# Each new link is the only one.
SAVE_SETUP_LINK = sql(
    "identity.save_setup_link",
    """
    INSERT INTO identity.setup_links (token_hash, created_at, expires_at) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id) DO UPDATE SET token_hash = EXCLUDED.token_hash, created_at = EXCLUDED.created_at,
        expires_at = EXCLUDED.expires_at, used_at = NULL
    """,
    into=NoneType,
)
FIND_SETUP_LINK = sql(
    "identity.find_setup_link",
    "SELECT expires_at, used_at FROM identity.setup_links WHERE token_hash = $1",
    into=SetupLinkRow,
)
# Of two at the same instant the second waits for the first's commit, then finds the link used.
USE_SETUP_LINK = sql(
    "identity.use_setup_link",
    """
    UPDATE identity.setup_links SET used_at = $2
    WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING expires_at
    """,
    into=datetime,
)
FIND_ADMIN = sql(
    "identity.find_admin",
    "SELECT user_id FROM identity.role_grants WHERE role = 'admin' LIMIT 1",
    into=UUID,
)
