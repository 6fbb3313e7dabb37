"""What comes by itself when its time is there: deletion for good, and the end of a suspension."""

from threadly.modules import identity
from threadly.modules.moderation.events import ContentRemoved, MemberReinstated
from threadly.modules.moderation.repository.cases import REMOVE_DUE
from threadly.modules.moderation.repository.deciding import END_SUSPENSIONS
from threadly.modules.moderation.verbs.suspending import apply_suspension
from threadly.platform.work import Work

__all__ = ["end_suspensions", "remove_due"]


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
