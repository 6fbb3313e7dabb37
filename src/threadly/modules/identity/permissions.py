"""Roles are made of permissions. Code asks for permissions only; roles are what people grant each other.

Tokens carry roles, so a change of this table takes effect with the release that brings it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

__all__ = ["Role", "permissions_of"]


class Role(StrEnum):
    """Everybody is a USER; the others are granted."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


_MODERATOR: Final = frozenset({"feed.moderate"})
PERMISSIONS: Final = {
    Role.USER: frozenset[str](),
    Role.MODERATOR: _MODERATOR,
    Role.ADMIN: _MODERATOR | {"feed.edit_any", "identity.manage_users", "platform.operate"},
}


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """All that these roles permit together; a role unknown to this version permits nothing."""
    known = [Role(role) for role in roles if role in Role.__members__.values()]
    return frozenset().union(*(PERMISSIONS[role] for role in known))
