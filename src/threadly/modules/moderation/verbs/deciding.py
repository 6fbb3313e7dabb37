"""Decisions: made once, by whoever is first, and undone."""

from datetime import timedelta

from threadly.modules.moderation.casework import CaseFile
from threadly.modules.moderation.errors import (
    ActionUnfit,
    AppealOwnDecision,
    CaseDecided,
    CaseOpen,
    CaseOwn,
    CaseWithdrawn,
    NoteTooLong,
)
from threadly.modules.moderation.events import AppealAnswered
from threadly.modules.moderation.repository.cases import LockedCase
from threadly.modules.moderation.repository.deciding import (
    ANSWER_APPEAL,
    FIND_IN_FORCE,
    FIND_OPEN_APPEAL,
    InForce,
    OpenAppeal,
)
from threadly.modules.moderation.repository.screening import FIND_HOLD
from threadly.modules.moderation.rules.phrases import decided_already
from threadly.modules.moderation.rules.texts import clean_text
from threadly.modules.moderation.types import Action, Subject
from threadly.modules.moderation.verbs.cases import get_case
from threadly.modules.moderation.verbs.effects import put_in_force, take_back
from threadly.modules.moderation.verbs.opening import open_seen
from threadly.modules.moderation.verbs.reporting import NOTE_MOST
from threadly.modules.moderation.verbs.standing import DECIDE, get_locked, is_alone, require_authority_over
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["HOURS_MOST", "decide", "delete_content", "undo_decision"]

APPEAL_WAITS = (
    "The author appealed against what was decided. Answer that: granted, the decision is taken back."
)
# A year; what should last longer has no end, until somebody undoes it.
HOURS_MOST = 8_760
HIDING: frozenset[Action] = frozenset({"hide", "delete"})
AGAINST_MEMBERS: frozenset[Action] = frozenset({"warn", "mute", "suspend"})
LASTING: frozenset[Action] = frozenset({"mute", "suspend"})


async def decide(
    work: Work,
    *,
    case_id: UUID,
    action: Action,
    hours: int | None = None,
    hides: bool = False,
    note: str = "",
) -> CaseFile:
    """The actor decides a case that waits. `note` (at most 1,000 characters) goes to the author; `hours` is
    how long a mute or suspension lasts, None without an end; `hides` hides what it is about as well;
    of a member that is what they say of themselves.

    What is deleted is hidden now, and deleted for good once it can no longer be appealed.
    Raises SignInRequired, Denied, CaseMissing, CaseWithdrawn, CaseDecided, CaseOwn, AppealOwnDecision,
    ActionUnfit, MemberProtected, NoteTooLong, and identity.AccountMissing for a measure against somebody who
    has left.
    """
    work.actor.require(DECIDE)
    case = await get_locked(work, case_id)
    in_force = await work.one(FIND_IN_FORCE, case_id)
    if in_force is None and case.removed_at is not None:
        raise CaseWithdrawn
    if in_force is not None or case.status == "decided":
        raise CaseDecided(APPEAL_WAITS if case.status == "appealed" else _who_decided(in_force, work))
    appeal = await work.one(FIND_OPEN_APPEAL, case_id)
    await _refuse_partial(work, case, appeal, action)
    note = clean_text(note)
    if len(note) > NOTE_MOST:
        raise NoteTooLong
    hides = action in HIDING or (hides and action != "dismiss")
    if case.kind == "member" and action == "delete":
        raise ActionUnfit
    if action in AGAINST_MEMBERS or (case.kind == "member" and hides):
        await require_authority_over(work, user_id=case.author_id)
    until = work.now + timedelta(hours=min(hours, HOURS_MOST)) if hours and action in LASTING else None
    await put_in_force(work, case, action=action, hides=hides, until=until, note=note)
    if appeal is not None:
        await _answer(work, case, appeal, granted=action == "dismiss", note=note)
    return await get_case(work, case_id=case_id)


async def delete_content(work: Work, *, subject: Subject) -> CaseFile:
    """The actor deletes what somebody else wrote, wherever they came across it: a decision like any other,
    which its author is told and may appeal against, and which can be undone. Twice is the same.

    Raises what `decide` raises.
    """
    work.actor.require(DECIDE)
    hidden = await work.one(FIND_HOLD, subject.kind, subject.id)
    if hidden is not None and hidden.action == "delete":
        return await get_case(work, case_id=hidden.case_id)
    return await decide(work, case_id=await open_seen(work, subject=subject), action="delete")


async def undo_decision(work: Work, *, case_id: UUID) -> CaseFile:
    """All is as before the decision, and the case waits again.

    Raises SignInRequired, Denied, CaseMissing, CaseOpen, CaseOwn, ContentGone once it was deleted for good.
    """
    work.actor.require(DECIDE)
    case = await get_locked(work, case_id)
    if case.author_id == work.actor.me and not await is_alone(work):
        raise CaseOwn
    in_force = await work.one(FIND_IN_FORCE, case_id)
    if in_force is None:
        raise CaseOpen
    await take_back(work, case, in_force, held=in_force.was_held, hidden=in_force.was_hidden)
    return await get_case(work, case_id=case_id)


async def _refuse_partial(work: Work, case: LockedCase, appeal: OpenAppeal | None, action: Action) -> None:
    """Nobody judges themselves; nor, by undoing and deciding once more, an appeal against their own decision.
    Unless there is nobody else."""
    me = work.actor.me
    is_own = case.author_id == me
    again = appeal is not None and appeal.moderator_id == me and action != "dismiss"
    if (is_own or again) and not await is_alone(work):
        raise CaseOwn if is_own else AppealOwnDecision


async def _answer(work: Work, case: LockedCase, appeal: OpenAppeal, *, granted: bool, note: str) -> None:
    """Whoever asked for a look at what was held, or at a decision that was undone, has got it."""
    await work.run(ANSWER_APPEAL, appeal.id, work.now, work.actor.me, granted, note)
    work.emit(AppealAnswered(case_id=case.id, user_id=appeal.user_id, granted=granted))


def _who_decided(in_force: InForce | None, work: Work) -> str | None:
    if in_force is None:
        return None
    moderator = "You" if in_force.moderator_id == work.actor.user_id else in_force.moderator or "A moderator"
    return decided_already(moderator, in_force.action, in_force.decided_at, now=work.now)
