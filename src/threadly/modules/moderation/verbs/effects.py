"""What a decision does, and what taking it back does."""

from datetime import datetime
from typing import Any

from threadly.modules import identity
from threadly.modules.moderation.errors import ContentGone
from threadly.modules.moderation.events import (
    CaseSettled,
    ContentHidden,
    ContentReleased,
    MemberMuted,
    MemberReinstated,
    MemberSuspended,
    MemberWarned,
    ReportAnswered,
)
from threadly.modules.moderation.jobs import learn_case, send_suspension
from threadly.modules.moderation.repository.cases import (
    IS_HIDDEN_ELSEWHERE,
    REOPEN_CASE,
    SETTLE_CASE,
    LockedCase,
)
from threadly.modules.moderation.repository.deciding import (
    ANSWER_REPORTS,
    INSERT_DECISION,
    UNDO_DECISION,
    InForce,
)
from threadly.modules.moderation.rules.terms import REMOVED_AFTER
from threadly.modules.moderation.types import Action
from threadly.modules.moderation.verbs.suspending import apply_suspension
from threadly.platform.ids import new_id
from threadly.platform.work import Work

__all__ = ["put_in_force", "take_back"]


async def put_in_force(
    work: Work, case: LockedCase, *, action: Action, hides: bool, until: datetime | None, note: str
) -> None:
    """Record the decision of a case that waits, let it take effect, and tell whom it concerns."""
    values = (new_id(), case.id, case.author_id, work.actor.me, action, hides, until, note)
    await work.run(INSERT_DECISION, *values, case.held, case.hidden, work.now)
    await work.run(SETTLE_CASE, case.id, hides, work.now + REMOVED_AFTER if action == "delete" else None)
    work.emit(CaseSettled(case_id=case.id))
    await _show_or_hide(work, case, was=case.hidden, hidden=hides)
    await _sanction(work, case, action=action, until=until)
    for reporter_id in await work.all(ANSWER_REPORTS, case.id, action != "dismiss"):
        work.emit(ReportAnswered(case_id=case.id, reporter_id=reporter_id, upheld=action != "dismiss"))
    await work.enqueue(learn_case, case_id=str(case.id))


async def take_back(work: Work, case: LockedCase, decision: InForce, *, held: bool, hidden: bool) -> None:
    """The decision is not in force any more; the case waits again, held and hidden as given. Raises
    ContentGone."""
    if case.removed_at is not None:
        raise ContentGone
    await work.run(UNDO_DECISION, decision.id, work.now, work.actor.me)
    await work.run(REOPEN_CASE, case.id, held, hidden)
    await _show_or_hide(work, case, was=case.hidden, hidden=hidden)
    if decision.action == "suspend" and not await apply_suspension(work, user_id=decision.user_id):
        work.emit(MemberReinstated(case_id=case.id, user_id=decision.user_id))
    await work.enqueue(learn_case, case_id=str(case.id))


async def _show_or_hide(work: Work, case: LockedCase, *, was: bool, hidden: bool) -> None:
    if was == hidden:
        return
    if case.kind == "member":
        await _veil(work, case, hidden=hidden)
    elif hidden:
        work.emit(ContentHidden(**_subject_of(case)))
    elif not await work.one(IS_HIDDEN_ELSEWHERE, case.kind, case.subject_id, case.id):
        work.emit(ContentReleased(**_subject_of(case)))


async def _veil(work: Work, case: LockedCase, *, hidden: bool) -> None:
    if hidden or not await work.one(IS_HIDDEN_ELSEWHERE, case.kind, case.subject_id, case.id):
        await identity.veil_profile(work, user_id=case.subject_id, veiled=hidden)


async def _sanction(work: Work, case: LockedCase, *, action: Action, until: datetime | None) -> None:
    if action == "warn":
        work.emit(MemberWarned(case_id=case.id, user_id=case.author_id))
    elif action == "mute":
        work.emit(MemberMuted(case_id=case.id, user_id=case.author_id, until=until))
    elif action == "suspend":
        await apply_suspension(work, user_id=case.author_id)
        work.emit(MemberSuspended(case_id=case.id, user_id=case.author_id, until=until))
        await work.enqueue(send_suspension, case_id=str(case.id))


def _subject_of(case: LockedCase) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "kind": case.kind,
        "subject_id": case.subject_id,
        "author_id": case.author_id,
    }
