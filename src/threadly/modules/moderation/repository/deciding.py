"""Reports, decisions, appeals and notes of a case."""

# ruff: noqa: S608  # only this file's own constants are put into SQL

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID


class ReportRow(msgspec.Struct, frozen=True):
    id: UUID
    fresh: bool
    created_at: datetime


class ComplaintRow(msgspec.Struct, frozen=True):
    reason: str
    note: str
    created_at: datetime
    person_id: UUID | None
    username: str | None
    name: str | None
    avatar_url: str | None


class DecisionRow(msgspec.Struct, frozen=True):
    id: UUID
    action: str
    hides: bool
    until: datetime | None
    note: str
    decided_at: datetime
    undone_at: datetime | None
    person_id: UUID | None
    username: str | None
    name: str | None
    avatar_url: str | None


class InForce(msgspec.Struct, frozen=True):
    """The decision of a case that was not undone."""

    id: UUID
    user_id: UUID
    moderator_id: UUID | None
    moderator: str | None
    action: str
    hides: bool
    until: datetime | None
    note: str
    was_held: bool
    was_hidden: bool
    decided_at: datetime


class AppealRow(msgspec.Struct, frozen=True):
    text: str
    filed_at: datetime
    answered_at: datetime | None
    granted: bool | None
    answer: str
    person_id: UUID | None
    username: str | None
    name: str | None
    avatar_url: str | None


class OpenAppeal(msgspec.Struct, frozen=True):
    """`moderator_id` decided what it is against, if anybody did."""

    id: UUID
    decision_id: UUID | None
    user_id: UUID
    moderator_id: UUID | None


class NoteRow(msgspec.Struct, frozen=True):
    text: str
    created_at: datetime
    person_id: UUID | None
    username: str | None
    name: str | None
    avatar_url: str | None


class SuspensionRow(msgspec.Struct, frozen=True):
    case_id: UUID
    until: datetime | None
    note: str


class EndedRow(msgspec.Struct, frozen=True):
    case_id: UUID
    user_id: UUID


PERSON = "p.id AS person_id, p.username, p.name, p.avatar_url"

# A second report by the same member replaces what they said first.
FILE_REPORT = sql(
    "moderation.file_report",
    """
    WITH filed AS (
        INSERT INTO moderation.reports (id, case_id, reporter_id, reason, note, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (case_id, reporter_id) DO UPDATE SET reason = EXCLUDED.reason, note = EXCLUDED.note
        RETURNING id, xmax = 0 AS fresh, created_at
    ), counted AS (
        UPDATE moderation.cases SET report_count = report_count + 1
        WHERE id = $2 AND (SELECT fresh FROM filed)
    )
    SELECT id, fresh, created_at FROM filed
    """,
    into=ReportRow,
)
# Two reports of one member are counted one after the other.
LOCK_REPORTER = sql(
    "moderation.lock_reporter",
    "SELECT pg_advisory_xact_lock(hashtextextended('moderation.reports ' || $1::text, 0))",
    into=NoneType,
)
COUNT_REPORTS_SINCE = sql(
    "moderation.count_reports_since",
    "SELECT count(*) AS reports FROM moderation.reports WHERE reporter_id = $1 AND created_at > $2",
    into=int,
)
REPORTS_OF = sql(
    "moderation.reports_of",
    f"""
    SELECT r.reason, r.note, r.created_at, {PERSON}
    FROM moderation.reports r LEFT JOIN identity.profiles p ON p.id = r.reporter_id
    WHERE r.case_id = $1 ORDER BY r.id LIMIT $2
    """,
    into=ComplaintRow,
)
# Those who are to hear it: nobody twice the same.
ANSWER_REPORTS = sql(
    "moderation.answer_reports",
    """
    UPDATE moderation.reports SET upheld = $2 WHERE case_id = $1 AND upheld IS DISTINCT FROM $2
    RETURNING reporter_id
    """,
    into=UUID,
)
INSERT_DECISION = sql(
    "moderation.insert_decision",
    """
    INSERT INTO moderation.decisions
        (id, case_id, user_id, moderator_id, action, hides, until, note, was_held, was_hidden, decided_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    """,
    into=NoneType,
)
FIND_IN_FORCE = sql(
    "moderation.find_in_force",
    """
    SELECT d.id, d.user_id, d.moderator_id, p.name AS moderator, d.action, d.hides, d.until, d.note,
        d.was_held, d.was_hidden, d.decided_at
    FROM moderation.decisions d LEFT JOIN identity.profiles p ON p.id = d.moderator_id
    WHERE d.case_id = $1 AND d.undone_at IS NULL
    """,
    into=InForce,
)
UNDO_DECISION = sql(
    "moderation.undo_decision",
    "UPDATE moderation.decisions SET undone_at = $2, undone_by = $3 WHERE id = $1",
    into=NoneType,
)
DECISIONS_OF = sql(
    "moderation.decisions_of",
    f"""
    SELECT d.id, d.action, d.hides, d.until, d.note, d.decided_at, d.undone_at, {PERSON}
    FROM moderation.decisions d LEFT JOIN identity.profiles p ON p.id = d.moderator_id
    WHERE d.case_id = $1 ORDER BY d.id LIMIT $2
    """,
    into=DecisionRow,
)
# The longest of all suspensions of a member, by whatever case.
FIND_SUSPENSION = sql(
    "moderation.find_suspension",
    """
    SELECT case_id, until, note FROM moderation.decisions
    WHERE user_id = $1 AND action = 'suspend' AND undone_at IS NULL AND (until IS NULL OR until > $2)
    ORDER BY until DESC NULLS FIRST LIMIT 1
    """,
    into=SuspensionRow,
)
END_SUSPENSIONS = sql(
    "moderation.end_suspensions",
    """
    UPDATE moderation.decisions SET ended_at = $1 WHERE id IN (
        SELECT id FROM moderation.decisions
        WHERE action = 'suspend' AND undone_at IS NULL AND ended_at IS NULL AND until <= $1
        ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED
    ) RETURNING case_id, user_id
    """,
    into=EndedRow,
)
FILE_APPEAL = sql(
    "moderation.file_appeal",
    """
    INSERT INTO moderation.appeals (id, case_id, decision_id, user_id, text, filed_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
    """,
    into=NoneType,
)
FIND_OPEN_APPEAL = sql(
    "moderation.find_open_appeal",
    """
    SELECT a.id, a.decision_id, a.user_id, d.moderator_id
    FROM moderation.appeals a LEFT JOIN moderation.decisions d ON d.id = a.decision_id
    WHERE a.case_id = $1 AND a.answered_at IS NULL ORDER BY a.id LIMIT 1
    """,
    into=OpenAppeal,
)
HAS_APPEALS = sql(
    "moderation.has_appeals",
    "SELECT EXISTS (SELECT FROM moderation.appeals WHERE case_id = $1) AS appealed",
    into=bool,
)
ANSWER_APPEAL = sql(
    "moderation.answer_appeal",
    """
    UPDATE moderation.appeals SET answered_at = $2, answered_by = $3, granted = $4, answer = $5 WHERE id = $1
    """,
    into=NoneType,
)
APPEALS_OF = sql(
    "moderation.appeals_of",
    f"""
    SELECT a.text, a.filed_at, a.answered_at, a.granted, a.answer, {PERSON}
    FROM moderation.appeals a LEFT JOIN identity.profiles p ON p.id = a.answered_by
    WHERE a.case_id = $1 ORDER BY a.id LIMIT $2
    """,
    into=AppealRow,
)
INSERT_NOTE = sql(
    "moderation.insert_note",
    """
    INSERT INTO moderation.notes (id, case_id, author_id, text, created_at)
    SELECT $1, id, $3, $4, $5 FROM moderation.cases WHERE id = $2
    """,
    into=NoneType,
)
NOTES_OF = sql(
    "moderation.notes_of",
    f"""
    SELECT n.text, n.created_at, {PERSON}
    FROM moderation.notes n LEFT JOIN identity.profiles p ON p.id = n.author_id
    WHERE n.case_id = $1 ORDER BY n.id LIMIT $2
    """,
    into=NoteRow,
)
