"""What happened in moderation. `kind` is a `SubjectKind`."""

from datetime import datetime

from threadly.platform.events import Event
from threadly.platform.ids import UUID

__all__ = [
    "EVENTS",
    "AppealAnswered",
    "AppealFiled",
    "BlockEnded",
    "BlockStarted",
    "CaseOpened",
    "CaseSettled",
    "ContentHidden",
    "ContentReleased",
    "ContentRemoved",
    "MemberMuted",
    "MemberReinstated",
    "MemberSuspended",
    "MemberWarned",
    "MuteEnded",
    "MuteStarted",
    "ReportAnswered",
]


class CaseOpened(Event, frozen=True, tag="moderation.case_opened"):
    """Something waits for a moderator: it was reported, or held by itself. Without its author the event is of
    an older version."""

    case_id: UUID
    kind: str
    subject_id: UUID
    held: bool
    author_id: UUID | None = None


class CaseSettled(Event, frozen=True, tag="moderation.case_settled"):
    """It waits for nobody: somebody decided it, or what it was about is gone."""

    case_id: UUID


class ContentHidden(Event, frozen=True, tag="moderation.content_hidden"):
    """Nobody but its author and moderators may see it from now on."""

    case_id: UUID
    kind: str
    subject_id: UUID
    author_id: UUID


class ContentReleased(Event, frozen=True, tag="moderation.content_released"):
    """It may be seen again, or for the first time: a hold or a decision has ended."""

    case_id: UUID
    kind: str
    subject_id: UUID
    author_id: UUID


class ContentRemoved(Event, frozen=True, tag="moderation.content_removed"):
    """It was hidden for good, and the time to undo that is over: its module deletes it now."""

    case_id: UUID
    kind: str
    subject_id: UUID
    author_id: UUID


class MemberWarned(Event, frozen=True, tag="moderation.member_warned"):
    case_id: UUID
    user_id: UUID


class MemberMuted(Event, frozen=True, tag="moderation.member_muted"):
    """A moderator's decision: they may read, not write."""

    case_id: UUID
    user_id: UUID
    until: datetime | None


class MemberSuspended(Event, frozen=True, tag="moderation.member_suspended"):
    case_id: UUID
    user_id: UUID
    until: datetime | None


class MemberReinstated(Event, frozen=True, tag="moderation.member_reinstated"):
    case_id: UUID
    user_id: UUID


class ReportAnswered(Event, frozen=True, tag="moderation.report_answered"):
    case_id: UUID
    reporter_id: UUID
    upheld: bool


class AppealFiled(Event, frozen=True, tag="moderation.appeal_filed"):
    case_id: UUID
    user_id: UUID


class AppealAnswered(Event, frozen=True, tag="moderation.appeal_answered"):
    case_id: UUID
    user_id: UUID
    granted: bool


class BlockStarted(Event, frozen=True, tag="moderation.block_started"):
    blocker_id: UUID
    blocked_id: UUID


class BlockEnded(Event, frozen=True, tag="moderation.block_ended"):
    blocker_id: UUID
    blocked_id: UUID


class MuteStarted(Event, frozen=True, tag="moderation.mute_started"):
    """One member does not want to read another."""

    muter_id: UUID
    muted_id: UUID


class MuteEnded(Event, frozen=True, tag="moderation.mute_ended"):
    muter_id: UUID
    muted_id: UUID


EVENTS = (
    CaseOpened,
    CaseSettled,
    ContentHidden,
    ContentReleased,
    ContentRemoved,
    MemberWarned,
    MemberMuted,
    MemberSuspended,
    MemberReinstated,
    ReportAnswered,
    AppealFiled,
    AppealAnswered,
    BlockStarted,
    BlockEnded,
    MuteStarted,
    MuteEnded,
)
