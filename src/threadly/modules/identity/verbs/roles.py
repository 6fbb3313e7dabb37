"""Who may do more than a user: roles."""

from threadly.modules.identity.errors import AccountMissing, RoleUnknown
from threadly.modules.identity.permissions import Role
from threadly.modules.identity.repository import LIST_ROLES, LOCK_MEMBER, SET_ROLE, VOID_TOKENS_OF
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["get_role", "set_role"]


async def set_role(work: Work, *, user_id: UUID, role: str) -> None:
    """Make a member a `user`, `moderator` or `admin`; twice is the same. It takes effect within a second.

    Raises RoleUnknown, AccountMissing, Denied or SignInRequired.
    """
    work.actor.require("identity.manage_users")
    if role not in Role.__members__.values():
        raise RoleUnknown
    if await work.one(LOCK_MEMBER, user_id) is None:
        raise AccountMissing
    await work.run(SET_ROLE, user_id, role, work.now)
    # Access tokens issued until now carry the old role: they end, and refreshing brings new ones.
    await work.run(VOID_TOKENS_OF, user_id, work.now)


async def get_role(work: Work, *, user_id: UUID) -> Role:
    """What was granted, USER when nothing was."""
    granted = await work.one(LIST_ROLES, user_id)
    return Role(granted) if granted else Role.USER
