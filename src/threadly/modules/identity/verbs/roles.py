"""Who may do more than a user: roles, and the members as who grants them sees them."""

from threadly.modules.identity.errors import AccountMissing, LastAdmin, RoleUnknown
from threadly.modules.identity.permissions import Role
from threadly.modules.identity.repository.accounts import (
    FIND_OTHER_MEMBER,
    GET_MEMBER,
    LIST_MEMBERS,
    LIST_ROLES,
    LOCK_ADMINS,
    LOCK_MEMBER,
    SET_ROLE,
)
from threadly.modules.identity.repository.sessions import VOID_TOKENS_OF
from threadly.modules.identity.types import Member
from threadly.platform.db.patterns import containing
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.standing import ask_again
from threadly.platform.work import Work

__all__ = ["get_member", "get_role", "list_members", "refuse_last_admin", "set_role"]

SEARCH_MOST = 100


async def list_members(
    work: Work,
    *,
    search: str = "",
    role: str | None = None,
    after: Keyset | None = None,
    limit: int = 20,
) -> Page[Member]:
    """The newest first, for who manages them; `search` is a part of a name, a username or an e-mail.

    Raises RoleUnknown, Denied or SignInRequired.
    """
    work.actor.require("identity.manage_users")
    if role is not None and role not in Role.__members__.values():
        raise RoleUnknown
    wanted = " ".join(search.split())[:SEARCH_MOST].replace("\0", "")
    pattern = containing(wanted) if wanted else None
    rows = await work.all(LIST_MEMBERS, id_before(after), role, pattern, limit + 1)
    return page_of(rows, limit=limit, key=lambda each: (str(each.id),))


async def get_member(work: Work, *, user_id: UUID) -> Member:
    """As who manages members sees one. Raises AccountMissing, Denied or SignInRequired."""
    work.actor.require("identity.manage_users")
    member = await work.one(GET_MEMBER, user_id)
    if member is None:
        raise AccountMissing
    return member


async def set_role(work: Work, *, user_id: UUID, role: str) -> None:
    """Make a member a `user`, `moderator`, `seller` or `admin`; twice is the same. It takes effect within a
    second.

    Raises RoleUnknown, AccountMissing, LastAdmin, Denied or SignInRequired.
    """
    work.actor.require("identity.manage_users")
    if role not in Role.__members__.values():
        raise RoleUnknown
    if await work.one(LOCK_MEMBER, user_id) is None:
        raise AccountMissing
    if role != Role.ADMIN and await work.all(LOCK_ADMINS) == [user_id]:
        raise LastAdmin
    await work.run(SET_ROLE, user_id, role, work.now)
    # Access tokens issued until now carry the old role: they end, and refreshing brings new ones.
    await work.run(VOID_TOKENS_OF, user_id, work.now)
    ask_again(work, user_id=user_id)


async def get_role(work: Work, *, user_id: UUID) -> Role:
    """What was granted, USER when nothing was."""
    granted = await work.one(LIST_ROLES, user_id)
    return Role(granted) if granted else Role.USER


async def refuse_last_admin(work: Work, *, user_id: UUID) -> None:
    """Raises LastAdmin if others would be left without anybody who manages them."""
    is_last = await work.all(LOCK_ADMINS) == [user_id]
    if is_last and await work.one(FIND_OTHER_MEMBER, user_id) is not None:
        raise LastAdmin
