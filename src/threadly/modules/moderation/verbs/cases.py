"""What moderators read: the queue, and all that is known of a case."""

from typing import TypeVar

import msgspec

from threadly.modules import media
from threadly.modules.moderation.casework import (
    Appeal,
    CaseFile,
    CaseSummary,
    Complaint,
    Decision,
    FormerCase,
    Note,
    Party,
)
from threadly.modules.moderation.errors import CaseMissing, NoteEmpty, NoteTooLong
from threadly.modules.moderation.repository.cases import (
    COUNT_WAITING,
    FIND_CASE,
    FORMER_CASES,
    LIST_DECIDED,
    LIST_WAITING,
    CaseRow,
    Waiting,
)
from threadly.modules.moderation.repository.deciding import (
    APPEALS_OF,
    DECISIONS_OF,
    FIND_IN_FORCE,
    FIND_OPEN_APPEAL,
    INSERT_NOTE,
    NOTES_OF,
    REPORTS_OF,
    AppealRow,
    ComplaintRow,
    DecisionRow,
    NoteRow,
)
from threadly.modules.moderation.rules.texts import clean_text
from threadly.modules.moderation.types import CasePlace, SubjectKind
from threadly.modules.moderation.verbs.reporting import NOTE_MOST
from threadly.modules.moderation.verbs.standing import DECIDE, is_alone
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_after, id_before, page_of
from threadly.platform.work import Work

__all__ = ["add_note", "count_waiting", "get_case", "list_cases"]

T = TypeVar("T")

# How much of each sort a case shows, and how far the queue is counted.
SHOWN_MOST = 100
FORMER_MOST = 20
COUNTED_MOST = 1_000
WAITING = ("open", "appealed")
# What shows pictures or files, under the name by which its module attaches them.
WITH_MEDIA = ("post", "product", "message")
NOTHING = media.Attached([], [])


async def list_cases(
    work: Work,
    *,
    status: CasePlace = "open",
    kind: SubjectKind | None = None,
    after: Keyset | None = None,
    limit: int = 20,
) -> Page[CaseSummary]:
    """What waits, longest first, or what is decided, latest first. Raises SignInRequired, Denied."""
    work.actor.require(DECIDE)
    if status == "decided":
        rows = await work.all(LIST_DECIDED, kind, id_before(after), limit + 1)
    else:
        rows = await work.all(LIST_WAITING, status, kind, id_after(after), limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_summary(row) for row in page.items], page.after)


async def count_waiting(work: Work) -> Waiting:
    """How many cases wait, counted up to COUNTED_MOST. Raises SignInRequired, Denied."""
    work.actor.require(DECIDE)
    return await work.one(COUNT_WAITING, COUNTED_MOST) or Waiting(0, 0)


async def get_case(work: Work, *, case_id: UUID) -> CaseFile:
    """All that is known of a case; whom it is about does not read who reported them, unless nobody else could
    decide. Raises SignInRequired, Denied, CaseMissing."""
    work.actor.require(DECIDE)
    row = await work.one(FIND_CASE, case_id)
    if row is None:
        raise CaseMissing
    in_force = await work.one(FIND_IN_FORCE, case_id)
    appeal = await work.one(FIND_OPEN_APPEAL, case_id)
    alone = await is_alone(work)
    own = row.author_id == work.actor.user_id
    decided_by_me = in_force is not None and in_force.moderator_id == work.actor.user_id
    shown = await _shown(work, row)
    return CaseFile(
        case=_summary(row),
        images=[media.show(each, work.settings, work.now) for each in shown.images],
        files=[media.show_file(each, work.settings, work.now) for each in shown.files],
        author_joined_at=row.author_joined_at,
        remove_at=row.remove_at,
        removed_at=row.removed_at,
        reports=[
            _complaint(each, named=alone or not own)
            for each in await work.all(REPORTS_OF, case_id, SHOWN_MOST)
        ],
        decisions=[_decision(each) for each in await work.all(DECISIONS_OF, case_id, SHOWN_MOST)],
        appeals=[_appeal(each) for each in await work.all(APPEALS_OF, case_id, SHOWN_MOST)],
        notes=[_note(each) for each in await work.all(NOTES_OF, case_id, SHOWN_MOST)],
        former_cases=[
            msgspec.convert(each, FormerCase, from_attributes=True)
            for each in await work.all(FORMER_CASES, row.author_id, case_id, FORMER_MOST)
        ],
        may_decide=row.status in WAITING and in_force is None and (not own or alone),
        may_answer=appeal is not None and in_force is not None and (alone or not (own or decided_by_me)),
    )


async def add_note(work: Work, *, case_id: UUID, text: str) -> CaseFile:
    """What the actor wants the other moderators to know. Raises SignInRequired, Denied, NoteEmpty,
    NoteTooLong, CaseMissing."""
    work.actor.require(DECIDE)
    text = clean_text(text)
    if not text:
        raise NoteEmpty
    if len(text) > NOTE_MOST:
        raise NoteTooLong
    if not await work.run(INSERT_NOTE, new_id(), case_id, work.actor.me, text, work.now):
        raise CaseMissing
    return await get_case(work, case_id=case_id)


async def _shown(work: Work, row: CaseRow) -> media.Attached:
    """The pictures and files of what the case is about; none once the case has forgotten what it said."""
    if row.kind not in WITH_MEDIA or row.removed_at is not None:
        return NOTHING
    return await media.list_shown(work, owner=row.kind, owner_id=row.subject_id)


def _summary(row: CaseRow) -> CaseSummary:
    author = Party(row.author_id, row.username, row.name or "", row.avatar_url) if row.username else None
    values = {name: getattr(row, name) for name in CaseSummary.__struct_fields__ if name != "author"}
    return msgspec.convert(values | {"author": author}, CaseSummary)


def _party(row: ComplaintRow | DecisionRow | AppealRow | NoteRow) -> Party | None:
    if row.person_id is None or row.username is None:
        return None
    return Party(row.person_id, row.username, row.name or "", row.avatar_url)


def _complaint(row: ComplaintRow, *, named: bool) -> Complaint:
    return msgspec.convert(_values(row, Complaint) | {"reporter": _party(row) if named else None}, Complaint)


def _decision(row: DecisionRow) -> Decision:
    return msgspec.convert(_values(row, Decision) | {"moderator": _party(row)}, Decision)


def _appeal(row: AppealRow) -> Appeal:
    return msgspec.convert(_values(row, Appeal) | {"answered_by": _party(row)}, Appeal)


def _note(row: NoteRow) -> Note:
    return msgspec.convert(_values(row, Note) | {"author": _party(row)}, Note)


def _values(row: msgspec.Struct, into: type[msgspec.Struct]) -> dict[str, object]:
    """The fields that both have."""
    return {name: getattr(row, name) for name in into.__struct_fields__ if name in row.__struct_fields__}
