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
    SELLER = "seller"
    ADMIN = "admin"


_MODERATOR: Final = frozenset({"feed.moderate", "moderation.decide"})
_SELLER: Final = frozenset({"store.manage"})
PERMISSIONS: Final = {
    Role.USER: frozenset[str](),
    Role.MODERATOR: _MODERATOR,
    Role.SELLER: _SELLER,
    Role.ADMIN: _MODERATOR
    | _SELLER
    | {
        "admin.observe",
        "atlas.experiment",
        "atlas.follow",
        "feed.edit_any",
        "identity.invite",
        "identity.manage_users",
        "payments.reconcile",
        "platform.operate",
        "search.rebuild",
    },
}


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """All that these roles permit together; a role unknown to this version permits nothing."""
    known = [Role(role) for role in roles if role in Role.__members__.values()]
    return frozenset().union(*(PERMISSIONS[role] for role in known))
