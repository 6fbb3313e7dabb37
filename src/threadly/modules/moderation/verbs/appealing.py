"""Whom a decision is about: what they see of it, and their appeal; and the answer to that."""

import msgspec

from threadly.modules.moderation.casework import CaseFile, OwnCase
from threadly.modules.moderation.errors import (
    AppealAnswered,
    AppealEmpty,
    AppealLate,
    AppealMissing,
    AppealOwnDecision,
    AppealTaken,
    AppealTooLong,
    CaseMissing,
    CaseOwn,
    ContentGone,
)
from threadly.modules.moderation.events import AppealAnswered as AppealWasAnswered
from threadly.modules.moderation.events import AppealFiled
from threadly.modules.moderation.keys import is_key_of
from threadly.modules.moderation.repository.cases import MARK_APPEALED, MARK_DECIDED
from threadly.modules.moderation.repository.deciding import (
    ANSWER_APPEAL,
    FILE_APPEAL,
    FIND_IN_FORCE,
    FIND_OPEN_APPEAL,
    HAS_APPEALS,
)
from threadly.modules.moderation.repository.own import FIND_OWN_CASE, LIST_OWN_CASES, OwnRow
from threadly.modules.moderation.rules.holds import Reason
from threadly.modules.moderation.rules.terms import may_appeal
from threadly.modules.moderation.rules.texts import clean_text
from threadly.modules.moderation.verbs.cases import get_case
from threadly.modules.moderation.verbs.effects import put_in_force, take_back
from threadly.modules.moderation.verbs.standing import DECIDE, get_locked, is_alone
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = ["TEXT_MOST", "answer_appeal", "file_appeal", "get_own_case", "list_own_cases"]

TEXT_MOST = 2_000


async def get_own_case(work: Work, *, case_id: UUID, key: str = "") -> OwnCase:
    """A case about the actor, or about whoever has its `key`. Raises CaseMissing."""
    return _own(await _find_own(work, case_id, key), work)


async def list_own_cases(work: Work, *, after: Keyset | None = None, limit: int = 20) -> Page[OwnCase]:
    """What was held or decided about the actor, latest first. Raises SignInRequired."""
    rows = await work.all(LIST_OWN_CASES, work.actor.me, id_before(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_own(row, work) for row in page.items], page.after)


async def file_appeal(work: Work, *, case_id: UUID, text: str, key: str = "") -> OwnCase:
    """The one concerned asks for another look, at a decision or at what was held; each once.

    Raises CaseMissing, AppealEmpty, AppealTooLong, AppealLate, AppealTaken.
    """
    await get_locked(work, case_id)
    row = await _find_own(work, case_id, key)
    text = _clean(text)
    if row.appealed_at is not None and not row.granted:
        raise AppealTaken
    if not may_appeal(row.action, row.decided_at, held=row.held, now=work.now) or row.removed_at:
        raise AppealLate
    if not await work.run(FILE_APPEAL, new_id(), case_id, row.decision_id, row.author_id, text, work.now):
        raise AppealTaken
    await work.run(MARK_APPEALED, case_id)
    work.emit(AppealFiled(case_id=case_id, user_id=row.author_id))
    return await get_own_case(work, case_id=case_id, key=key)


async def answer_appeal(work: Work, *, case_id: UUID, granted: bool, answer: str) -> CaseFile:
    """The actor answers the appeal against a decision: granted, it is taken back. Whoever decided does not
    answer, as long as there is another moderator.

    Raises SignInRequired, Denied, CaseMissing, AppealMissing, AppealAnswered, AppealOwnDecision, CaseOwn,
    AppealEmpty, AppealTooLong, ContentGone.
    """
    work.actor.require(DECIDE)
    case = await get_locked(work, case_id)
    appeal = await work.one(FIND_OPEN_APPEAL, case_id)
    in_force = await work.one(FIND_IN_FORCE, case_id)
    if appeal is None:
        raise AppealAnswered if await work.one(HAS_APPEALS, case_id) else AppealMissing
    if in_force is None or appeal.decision_id != in_force.id:
        raise AppealMissing("Nobody has decided this case yet. Decide it: that is the answer.")
    if work.actor.me in (in_force.moderator_id, case.author_id) and not await is_alone(work):
        raise CaseOwn if work.actor.me == case.author_id else AppealOwnDecision
    answer = _clean(answer)
    if case.removed_at is not None:
        raise ContentGone
    await work.run(ANSWER_APPEAL, appeal.id, work.now, work.actor.me, granted, answer)
    if granted:
        await take_back(work, case, in_force, held=False, hidden=False)
        shown = msgspec.structs.replace(case, held=False, hidden=False)
        await put_in_force(work, shown, action="dismiss", hides=False, until=None, note="")
    else:
        await work.run(MARK_DECIDED, case_id)
    work.emit(AppealWasAnswered(case_id=case_id, user_id=appeal.user_id, granted=granted))
    return await get_case(work, case_id=case_id)


async def _find_own(work: Work, case_id: UUID, key: str) -> OwnRow:
    row = await work.one(FIND_OWN_CASE, case_id)
    if row is None or not (row.author_id == work.actor.user_id or is_key_of(work.settings, case_id, key)):
        raise CaseMissing
    return row


def _own(row: OwnRow, work: Work) -> OwnCase:
    fields = {name: getattr(row, name) for name in OwnCase.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert(
        fields
        | {
            "reasons": [each.sentence for each in msgspec.convert(row.reasons, list[Reason])],
            "note": row.note or "",
            "appeal": row.appeal or "",
            "answer": row.answer or "",
            "may_appeal": (row.appealed_at is None or bool(row.granted))
            and row.removed_at is None
            and may_appeal(row.action, row.decided_at, held=row.held, now=work.now),
        },
        OwnCase,
    )


def _clean(text: str) -> str:
    text = clean_text(text)
    if not text:
        raise AppealEmpty
    if len(text) > TEXT_MOST:
        raise AppealTooLong
    return text
