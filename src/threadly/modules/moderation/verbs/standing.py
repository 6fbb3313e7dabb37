"""Who may decide what, about whom."""

from threadly.modules import identity
from threadly.modules.moderation.errors import CaseMissing, MemberProtected
from threadly.modules.moderation.repository.cases import LOCK_CASE, LockedCase
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["DECIDE", "get_locked", "is_alone", "require_authority_over"]

DECIDE = "moderation.decide"
MANAGE = "identity.manage_users"


async def get_locked(work: Work, case_id: UUID) -> LockedCase:
    """The case, until the end of the Work the actor's alone. Raises CaseMissing."""
    case = await work.one(LOCK_CASE, case_id)
    if case is None:
        raise CaseMissing
    return case


async def is_alone(work: Work) -> bool:
    """Whether nobody else could decide in the actor's place."""
    return not await identity.is_permitted_to_others(work, permission=DECIDE, user_id=work.actor.me)


async def require_authority_over(work: Work, *, user_id: UUID) -> None:
    """Raises MemberProtected if the member is an admin and the actor is none, identity.AccountMissing if
    there is no such member any more."""
    await identity.get_profile(work, id_or_username=str(user_id))
    if work.actor.may(MANAGE):
        return
    if await identity.get_role(work, user_id=user_id) is identity.Role.ADMIN:
        raise MemberProtected
