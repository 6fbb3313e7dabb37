"""What moderators and the people concerned see of a case."""

from datetime import datetime

import msgspec

from threadly.modules.media import File, Media
from threadly.modules.moderation.rules.holds import Reason
from threadly.modules.moderation.types import Action, CaseStatus, ReportReason, SubjectKind
from threadly.platform.ids import UUID

__all__ = [
    "Appeal",
    "CaseFile",
    "CaseSummary",
    "Complaint",
    "Decision",
    "FormerCase",
    "Note",
    "OwnCase",
    "Party",
]


class Party(msgspec.Struct, frozen=True):
    """Somebody in a case."""

    id: UUID
    username: str
    name: str
    avatar_url: str | None = None


class CaseSummary(msgspec.Struct, frozen=True):
    """A line of the queue. `author` is None once the account is gone. `reasons` are of a hold."""

    id: UUID
    kind: SubjectKind
    subject_id: UUID
    excerpt: str
    url: str
    status: CaseStatus
    held: bool
    hidden: bool
    report_count: int
    reasons: tuple[Reason, ...]
    opened_at: datetime
    author: Party | None
    reported_for: tuple[ReportReason, ...]
    action: Action | None


class Complaint(msgspec.Struct, frozen=True):
    """A report, as moderators read it. `reporter` is None once the account is gone."""

    reason: ReportReason
    note: str
    created_at: datetime
    reporter: Party | None


class Decision(msgspec.Struct, frozen=True):
    """`until`: how long a mute or suspension lasts, None for no end. `hides`: nobody sees it meanwhile."""

    id: UUID
    action: Action
    hides: bool
    until: datetime | None
    note: str
    decided_at: datetime
    undone_at: datetime | None
    moderator: Party | None


class Appeal(msgspec.Struct, frozen=True):
    """`granted` is None until it is answered."""

    text: str
    filed_at: datetime
    answered_at: datetime | None
    granted: bool | None
    answer: str
    answered_by: Party | None


class Note(msgspec.Struct, frozen=True):
    """What a moderator told the others."""

    text: str
    created_at: datetime
    author: Party | None


class FormerCase(msgspec.Struct, frozen=True):
    """Another case of the same author. `action` is None while it is not decided; `withdrawn`: nor will be."""

    id: UUID
    kind: SubjectKind
    excerpt: str
    opened_at: datetime
    action: Action | None
    withdrawn: bool


class CaseFile(msgspec.Struct, frozen=True):
    """All that moderators know of a case. `images` and `files` are what it is about shows now, by addresses
    that expire. `may_decide` and `may_answer` are for whoever looks."""

    case: CaseSummary
    images: list[Media]
    files: list[File]
    author_joined_at: datetime | None
    remove_at: datetime | None
    removed_at: datetime | None
    reports: list[Complaint]
    decisions: list[Decision]
    appeals: list[Appeal]
    notes: list[Note]
    former_cases: list[FormerCase]
    may_decide: bool
    may_answer: bool


class OwnCase(msgspec.Struct, frozen=True):
    """A case as the one whom it is about sees it: not who reported, nor who decided. `reasons` are
    sentences."""

    id: UUID
    kind: SubjectKind
    excerpt: str
    url: str
    held: bool
    hidden: bool
    opened_at: datetime
    reasons: tuple[str, ...]
    action: Action | None
    until: datetime | None
    note: str
    decided_at: datetime | None
    removed_at: datetime | None
    may_appeal: bool
    appeal: str
    appealed_at: datetime | None
    answered_at: datetime | None
    granted: bool | None
    answer: str
