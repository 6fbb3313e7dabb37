"""Whom a member blocks and mutes, what they reported, and what was decided about them, for a copy of it."""

from datetime import datetime

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "EXPORT_APPEALS",
    "EXPORT_BLOCKS",
    "EXPORT_CASES",
    "EXPORT_DECISIONS",
    "EXPORT_MUTES",
    "EXPORT_REPORTS",
    "ExportedAppeal",
    "ExportedBlock",
    "ExportedCase",
    "ExportedDecision",
    "ExportedMute",
    "ExportedReport",
]


class ExportedBlock(msgspec.Struct, frozen=True):
    """`id` is the other member's."""

    id: UUID
    created_at: datetime


class ExportedMute(msgspec.Struct, frozen=True):
    """`id` is the other member's."""

    id: UUID
    created_at: datetime


class ExportedReport(msgspec.Struct, frozen=True):
    """What was reported is somebody else's: its kind is told, not its text."""

    id: UUID
    kind: str
    reason: str
    note: str
    upheld: bool | None
    created_at: datetime


class ExportedCase(msgspec.Struct, frozen=True):
    """About what the member wrote. Who reported it is not told."""

    id: UUID
    kind: str
    excerpt: str
    url: str
    status: str
    held: bool
    hidden: bool
    opened_at: datetime


class ExportedDecision(msgspec.Struct, frozen=True):
    """`note` is what the member was told. Who decided is not."""

    id: UUID
    case_id: UUID
    action: str
    note: str
    until: datetime | None
    decided_at: datetime
    undone_at: datetime | None


class ExportedAppeal(msgspec.Struct, frozen=True):
    id: UUID
    case_id: UUID
    text: str
    filed_at: datetime
    granted: bool | None
    answer: str
    answered_at: datetime | None


EXPORT_BLOCKS = sql(
    "moderation.export_blocks",
    """
    SELECT blocked_id AS id, created_at FROM moderation.member_blocks
    WHERE blocker_id = $1 AND blocked_id > $2 ORDER BY blocked_id LIMIT $3
    """,
    into=ExportedBlock,
)
EXPORT_MUTES = sql(
    "moderation.export_mutes",
    """
    SELECT muted_id AS id, created_at FROM moderation.member_mutes
    WHERE muter_id = $1 AND muted_id > $2 ORDER BY muted_id LIMIT $3
    """,
    into=ExportedMute,
)
EXPORT_REPORTS = sql(
    "moderation.export_reports",
    """
    SELECT r.id, c.kind, r.reason, r.note, r.upheld, r.created_at
    FROM moderation.reports r JOIN moderation.cases c ON c.id = r.case_id
    WHERE r.reporter_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3
    """,
    into=ExportedReport,
)
EXPORT_CASES = sql(
    "moderation.export_cases",
    """
    SELECT id, kind, excerpt, url, status, held, hidden, opened_at
    FROM moderation.cases WHERE author_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedCase,
)
EXPORT_DECISIONS = sql(
    "moderation.export_decisions",
    """
    SELECT id, case_id, action, note, until, decided_at, undone_at
    FROM moderation.decisions WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedDecision,
)
EXPORT_APPEALS = sql(
    "moderation.export_appeals",
    """
    SELECT id, case_id, text, filed_at, granted, answer, answered_at
    FROM moderation.appeals WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    into=ExportedAppeal,
)
