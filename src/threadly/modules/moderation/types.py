"""What leaves by the door of moderation."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from threadly.platform.ids import UUID

__all__ = [
    "ACTIONS",
    "REPORT_REASONS",
    "SUBJECT_KINDS",
    "Action",
    "CasePlace",
    "CaseStatus",
    "Hold",
    "Relation",
    "Report",
    "ReportReason",
    "Subject",
    "SubjectKind",
    "Verdict",
]

SubjectKind = Literal["post", "comment", "product", "message", "member"]
SUBJECT_KINDS: tuple[SubjectKind, ...] = get_args(SubjectKind)
ReportReason = Literal[
    "spam", "harassment", "hate", "violence", "sexual", "illegal", "misinformation", "other"
]
REPORT_REASONS: tuple[ReportReason, ...] = get_args(ReportReason)
Action = Literal["dismiss", "hide", "delete", "warn", "mute", "suspend"]
ACTIONS: tuple[Action, ...] = get_args(Action)
# A case waits for a decision, waits for the answer to an appeal, is decided, or is over without a decision,
# because what it was about is gone.
CaseStatus = Literal["open", "appealed", "decided", "withdrawn"]
# Where moderators look: what was withdrawn stands among what is decided.
CasePlace = Literal["open", "appealed", "decided"]


class Subject(msgspec.Struct, frozen=True):
    """What a case is about. `excerpt` has at most 500 characters (more are cut), `url` is a path on this
    site. A member is their own author."""

    kind: SubjectKind
    id: UUID
    author_id: UUID
    excerpt: str
    url: str


class Verdict(msgspec.Struct, frozen=True):
    """Whether what was screened must stay hidden until a moderator has looked at it."""

    held: bool
    case_id: UUID | None = None


class Hold(msgspec.Struct, frozen=True):
    """Why something is not shown. `by_itself`: no person has decided it yet. `reasons` are sentences for
    whoever wrote it."""

    case_id: UUID
    since: datetime
    by_itself: bool
    reasons: tuple[str, ...]
    may_appeal: bool
    appeal_open: bool


class Report(msgspec.Struct, frozen=True):
    """What a member reported. `note` is their own words."""

    id: UUID
    case_id: UUID
    reason: ReportReason
    note: str
    created_at: datetime


class Relation(msgspec.Struct, frozen=True):
    """Somebody whom the actor blocks or mutes."""

    id: UUID
    username: str
    name: str
    avatar_url: str | None
    since: datetime
