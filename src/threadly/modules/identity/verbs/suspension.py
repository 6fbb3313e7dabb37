"""Suspended members: they are members still, and may not sign in until a time.

Their sessions stay as they are and are refused while it lasts, so that each request is answered by why and
until when; afterwards they go on. It ends by itself.
"""

from datetime import datetime

from threadly.modules.identity.errors import AccountMissing, AccountSuspended
from threadly.modules.identity.permissions import PERMISSIONS, Role
from threadly.modules.identity.repository.suspensions import (
    FIND_SUSPENSION,
    LIST_SUSPENSIONS,
    OTHERS_WITH_ROLE,
    REINSTATE,
    SUSPEND,
    WITH_ROLE,
    Suspension,
)
from threadly.platform.ids import UUID
from threadly.platform.mail import site_url
from threadly.platform.standing import ask_again
from threadly.platform.work import Work

__all__ = [
    "find_suspension",
    "is_permitted_to_others",
    "list_permitted",
    "list_refusals",
    "refuse_suspended",
    "reinstate_member",
    "suspend_member",
]


async def suspend_member(
    work: Work, *, user_id: UUID, until: datetime | None, reason: str, appeal_path: str
) -> None:
    """Let a member neither sign in nor do anything until then (None: until it is lifted); again replaces it.
    Known everywhere within a second.

    `reason` (at most 1,000 characters) and `appeal_path` are shown to them. Raises AccountMissing.
    """
    if not await work.run(SUSPEND, user_id, until, reason, appeal_path, work.now):
        raise AccountMissing
    ask_again(work, user_id=user_id)


async def reinstate_member(work: Work, *, user_id: UUID) -> None:
    """The member is not suspended, or not any more."""
    await work.run(REINSTATE, user_id)


async def find_suspension(work: Work, *, user_id: UUID) -> Suspension | None:
    """What is in force at this moment."""
    return await work.one(FIND_SUSPENSION, user_id, work.now)


async def refuse_suspended(work: Work, *, user_id: UUID) -> None:
    """Raises AccountSuspended."""
    suspension = await find_suspension(work, user_id=user_id)
    if suspension is not None:
        raise refusal_of(suspension, site=await site_url(work))


async def list_refusals(work: Work) -> dict[UUID, AccountSuspended]:
    """What each suspended member of the community is to be answered."""
    suspensions = await work.all(LIST_SUSPENSIONS, work.now)
    if not suspensions:
        return {}
    site = await site_url(work)
    return {each.user_id: refusal_of(each, site=site) for each in suspensions}


async def is_permitted_to_others(work: Work, *, permission: str, user_id: UUID) -> bool:
    """Whether anybody else than that member holds a role with `permission`."""
    others = await work.one(OTHERS_WITH_ROLE, user_id, _roles_with(permission), work.now)
    return bool(others)


async def list_permitted(work: Work, *, permission: str) -> list[UUID]:
    """All members who were granted a role with `permission` and are not suspended, in the order of their
    ids. Nobody, for what everybody may do."""
    return await work.all(WITH_ROLE, _roles_with(permission), work.now)


def _roles_with(permission: str) -> list[str]:
    return [role.value for role in Role if permission in PERMISSIONS[role]]


def refusal_of(suspension: Suspension, *, site: str) -> AccountSuspended:
    until = suspension.until
    how_long = f"until {until.day} {until:%B %Y, %H:%M} UTC" if until else "until a moderator lifts it"
    return AccountSuspended(
        f"Your account is suspended {how_long}. Why, and how to appeal: {site}{suspension.appeal_path}",
        appeal_path=suspension.appeal_path,
        until=until,
    )
