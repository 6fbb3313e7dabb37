"""What a member's suspensions come to: the longest of those that are in force."""

from threadly.modules import identity
from threadly.modules.moderation.keys import keyed_path
from threadly.modules.moderation.repository.deciding import FIND_SUSPENSION
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["NO_REASON", "apply_suspension"]

NO_REASON = "A moderator decided so."


async def apply_suspension(work: Work, *, user_id: UUID) -> bool:
    """Have identity refuse the member for as long as the longest suspension says, or not any more. Returns
    whether they are suspended now.

    Raises identity.AccountMissing.
    """
    longest = await work.one(FIND_SUSPENSION, user_id, work.now)
    if longest is None:
        await identity.reinstate_member(work, user_id=user_id)
        return False
    await identity.suspend_member(
        work,
        user_id=user_id,
        until=longest.until,
        reason=longest.note or NO_REASON,
        appeal_path=keyed_path(work.settings, longest.case_id),
    )
    return True
