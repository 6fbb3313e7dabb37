"""What the people of these tests do."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from tests.cast import Visit
from threadly.modules import moderation
from threadly.modules.moderation import Subject, SubjectKind, Verdict
from threadly.modules.moderation.casework import CaseFile, OwnCase
from threadly.modules.moderation.types import Action, ReportReason
from threadly.modules.moderation.verbs.appealing import answer_appeal, file_appeal, get_own_case
from threadly.modules.moderation.verbs.cases import get_case
from threadly.modules.moderation.verbs.deciding import decide, undo_decision
from threadly.platform.events import Event
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

T = TypeVar("T")
Told = Callable[[], Awaitable[list[Event]]]

ORDINARY = "The kiln opens in an hour and I have been told to stop looking at the thermometer."
SPAM = "FREE CRYPTO!!! Guaranteed profit daily, click here now https://coins.example and claim your bonus"


def subject_of(author: Visit, text: str = ORDINARY, *, kind: SubjectKind = "post") -> Subject:
    made = new_id()
    return Subject(kind, made, author.actor.me, text, f"/posts/{made}")


async def publish(author: Visit, text: str, *, subject: Subject | None = None) -> Verdict:
    """What the owner of a text does in the transaction that stores it."""
    of = subject or subject_of(author, text)
    return await author.write(lambda work: moderation.screen(work, subject=of, text=text))


async def held_case(author: Visit, text: str = SPAM) -> tuple[Subject, UUID]:
    subject = subject_of(author, text)
    verdict = await publish(author, text, subject=subject)
    assert verdict.held
    assert verdict.case_id
    return subject, verdict.case_id


async def report(
    reporter: Visit, subject: Subject, *, reason: ReportReason = "harassment", note: str = ""
) -> moderation.Report:
    act = partial(moderation.file_report, subject=subject, reason=reason, note=note)
    return await reporter.write(act)


async def reported_case(author: Visit, reporter: Visit, **how: SubjectKind) -> tuple[Subject, UUID]:
    subject = subject_of(author, **how)
    return subject, (await report(reporter, subject)).case_id


async def rule(
    moderator: Visit,
    case_id: UUID,
    action: Action,
    *,
    hours: int | None = None,
    hides: bool = False,
    note: str = "",
) -> CaseFile:
    act = partial(decide, case_id=case_id, action=action, hours=hours, hides=hides, note=note)
    return await moderator.write(act)


async def undo(moderator: Visit, case_id: UUID) -> CaseFile:
    return await moderator.write(partial(undo_decision, case_id=case_id))


async def look(moderator: Visit, case_id: UUID) -> CaseFile:
    return await moderator.read(partial(get_case, case_id=case_id), fresh=True)


async def own(author: Visit, case_id: UUID) -> OwnCase:
    return await author.read(partial(get_own_case, case_id=case_id), fresh=True)


async def appeal(author: Visit, case_id: UUID, text: str = "It was meant kindly.") -> OwnCase:
    return await author.write(partial(file_appeal, case_id=case_id, text=text))


async def answer(moderator: Visit, case_id: UUID, *, granted: bool) -> CaseFile:
    act = partial(answer_appeal, case_id=case_id, granted=granted, answer="We looked at it again.")
    return await moderator.write(act)


async def at(visit: Visit, now: datetime, act: Callable[[Work], Awaitable[T]]) -> T:
    """`act`, at another time."""

    async def then(work: Work) -> T:
        work.now = now
        return await act(work)

    return await visit.write(then)
