"""Who did something about a dead letter."""

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = ["LIST_USERNAMES", "Named"]


class Named(msgspec.Struct, frozen=True):
    id: UUID
    username: str


LIST_USERNAMES = sql(
    "admin.list_usernames",
    "SELECT id, username FROM identity.profiles WHERE id = ANY($1::uuid[])",
    into=Named,
)
