"""What comes by itself: deletion for good and the end of a suspension when their time is there, and the
end of a case when there is nothing left to decide about."""

from collections.abc import Collection

from threadly.modules import identity
from threadly.modules.moderation.events import CaseSettled, ContentRemoved, MemberReinstated
from threadly.modules.moderation.repository.cases import REMOVE_DUE, WITHDRAW
from threadly.modules.moderation.repository.deciding import END_SUSPENSIONS
from threadly.modules.moderation.verbs.suspending import apply_suspension
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["end_suspensions", "remove_due", "withdraw"]


async def remove_due(work: Work, *, limit: int) -> int:
    """Have deleted for good what can no longer be undone. Returns how much there was."""
    removed = await work.all(REMOVE_DUE, work.now, limit)
    for case in removed:
        work.emit(
            ContentRemoved(
                case_id=case.id, kind=case.kind, subject_id=case.subject_id, author_id=case.author_id
            )
        )
    return len(removed)


async def withdraw(work: Work, *, subject_ids: Collection[UUID]) -> None:
    """What these are is gone, by its author or with what it belonged to: no case about them waits any more,
    and none keeps their words. To be called in the transaction that deletes them, after that.

    A case about a member stays, and so does an appeal against what was decided.
    """
    for case_id in await work.all(WITHDRAW, list(subject_ids), work.now):
        work.emit(CaseSettled(case_id=case_id))


async def end_suspensions(work: Work, *, limit: int) -> int:
    """Tell of suspensions that are over (they ended by themselves). Returns how many there were."""
    ended = await work.all(END_SUSPENSIONS, work.now, limit)
    for each in ended:
        try:
            suspended = await apply_suspension(work, user_id=each.user_id)
        except identity.AccountMissing:
            continue
        if not suspended:
            work.emit(MemberReinstated(case_id=each.case_id, user_id=each.user_id))
    return len(ended)
