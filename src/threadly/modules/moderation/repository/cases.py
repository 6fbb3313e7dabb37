"""Cases: opened, listed, shown, changed."""

# only this file's own constants are put into SQL

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID


class Opened(msgspec.Struct, frozen=True):
    """`fresh`: it did not wait before."""

    id: UUID
    fresh: bool


class CaseRow(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    subject_id: UUID
    excerpt: str
    url: str
    status: str
    held: bool
    hidden: bool
    report_count: int
    reasons: list[dict[str, object]]
    opened_at: datetime
    author_id: UUID
    username: str | None
    name: str | None
    avatar_url: str | None
    author_joined_at: datetime | None
    remove_at: datetime | None
    removed_at: datetime | None
    reported_for: list[str]
    action: str | None


class LockedCase(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    subject_id: UUID
    author_id: UUID
    status: str
    held: bool
    hidden: bool
    removed_at: datetime | None


class Waiting(msgspec.Struct, frozen=True):
    """How many cases wait for a decision, and for an answer."""

    open: int
    appealed: int


class FormerRow(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    excerpt: str
    opened_at: datetime
    action: str | None
    withdrawn: bool


# A hold joins what members reported of the same subject, and the other way round.
OPEN_HELD = sql(
    "moderation.open_held",
    """
    INSERT INTO moderation.cases
        (id, kind, subject_id, author_id, excerpt, url, held, hidden, reasons, features, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, true, true, $7, $8, $9)
    ON CONFLICT (kind, subject_id) WHERE gathers DO UPDATE
    SET excerpt = EXCLUDED.excerpt, held = true, hidden = true, reasons = EXCLUDED.reasons,
        features = EXCLUDED.features
    RETURNING id, xmax = 0 AS fresh
    """,
    into=Opened,
)
# What is held is judged as it is now, what was decided about as it was then.
KEEP_UP = sql(
    "moderation.keep_up",
    "UPDATE moderation.cases SET excerpt = $2, features = $3 WHERE id = $1 AND held AND status <> 'decided'",
    into=NoneType,
)
OPEN_REPORTED = sql(
    "moderation.open_reported",
    """
    INSERT INTO moderation.cases (id, kind, subject_id, author_id, excerpt, url, features, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (kind, subject_id) WHERE gathers DO UPDATE SET url = EXCLUDED.url
    RETURNING id, xmax = 0 AS fresh
    """,
    into=Opened,
)
# What is gone without a decision (in force) was withdrawn: for the queue, it is as good as decided.
CASE = """
    SELECT c.id, c.kind, c.subject_id, c.excerpt, c.url,
        CASE WHEN c.removed_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM moderation.decisions d WHERE d.case_id = c.id AND d.undone_at IS NULL
        ) THEN 'withdrawn' ELSE c.status END AS status,
        c.held, c.hidden, c.report_count, c.reasons, c.opened_at, c.author_id, p.username, p.name,
        p.avatar_url, p.created_at AS author_joined_at, c.remove_at, c.removed_at,
        array(SELECT DISTINCT r.reason FROM moderation.reports r WHERE r.case_id = c.id ORDER BY 1)
            AS reported_for,
        (SELECT d.action FROM moderation.decisions d WHERE d.case_id = c.id AND d.undone_at IS NULL) AS action
    FROM moderation.cases c LEFT JOIN identity.profiles p ON p.id = c.author_id
"""
FIND_CASE = sql("moderation.find_case", f"{CASE} WHERE c.id = $1", into=CaseRow)
# What waits, the oldest first; what is decided, the newest first.
LIST_WAITING = sql(
    "moderation.list_waiting",
    f"""
    {CASE} WHERE c.status = $1 AND ($2::text IS NULL OR c.kind = $2) AND c.id > $3 ORDER BY c.id LIMIT $4
    """,
    into=CaseRow,
)
LIST_DECIDED = sql(
    "moderation.list_decided",
    f"""
    {CASE} WHERE c.status = 'decided' AND ($1::text IS NULL OR c.kind = $1) AND c.id < $2
    ORDER BY c.id DESC LIMIT $3
    """,
    into=CaseRow,
)
COUNT_WAITING = sql(
    "moderation.count_waiting",
    """
    SELECT count(*) FILTER (WHERE status = 'open') AS open,
        count(*) FILTER (WHERE status = 'appealed') AS appealed
    FROM (SELECT status FROM moderation.cases WHERE status IN ('open', 'appealed') LIMIT $1) waiting
    """,
    into=Waiting,
)
LOCK_CASE = sql(
    "moderation.lock_case",
    """
    SELECT id, kind, subject_id, author_id, status, held, hidden, removed_at
    FROM moderation.cases WHERE id = $1 FOR UPDATE
    """,
    into=LockedCase,
)
FORMER_CASES = sql(
    "moderation.former_cases",
    """
    SELECT c.id, c.kind, c.excerpt, c.opened_at, d.action,
        c.removed_at IS NOT NULL AND d.id IS NULL AS withdrawn
    FROM moderation.cases c
    LEFT JOIN moderation.decisions d ON d.case_id = c.id AND d.undone_at IS NULL
    WHERE c.author_id = $1 AND c.id <> $2 ORDER BY c.id DESC LIMIT $3
    """,
    into=FormerRow,
)
SETTLE_CASE = sql(
    "moderation.settle_case",
    """
    UPDATE moderation.cases
    SET status = 'decided', gathers = false, held = false, hidden = $2, remove_at = $3 WHERE id = $1
    """,
    into=NoneType,
)
# It waits again as before the decision; what is reported from now on joins it, unless a newer case about the
# same waits already and gathers that.
REOPEN_CASE = sql(
    "moderation.reopen_case",
    """
    UPDATE moderation.cases c SET status = 'open', held = $2, hidden = $3, remove_at = NULL,
        gathers = NOT EXISTS (
            SELECT FROM moderation.cases w
            WHERE w.kind = c.kind AND w.subject_id = c.subject_id AND w.id <> c.id AND w.gathers
        )
    WHERE c.id = $1
    """,
    into=NoneType,
)
MARK_APPEALED = sql(
    "moderation.mark_appealed", "UPDATE moderation.cases SET status = 'appealed' WHERE id = $1", into=NoneType
)
MARK_DECIDED = sql(
    "moderation.mark_decided", "UPDATE moderation.cases SET status = 'decided' WHERE id = $1", into=NoneType
)
# A member is not withdrawn, nor is a decision that somebody appealed against.
WITHDRAW = sql(
    "moderation.withdraw",
    """
    UPDATE moderation.cases c
    SET status = 'decided', gathers = false, held = false, hidden = false, excerpt = '', features = '[]',
        removed_at = $2
    WHERE c.subject_id = ANY($1::uuid[]) AND c.status <> 'decided' AND c.kind <> 'member' AND NOT EXISTS (
        SELECT FROM moderation.decisions d WHERE d.case_id = c.id AND d.undone_at IS NULL
    )
    RETURNING c.id
    """,
    into=UUID,
)
IS_HIDDEN_ELSEWHERE = sql(
    "moderation.is_hidden_elsewhere",
    """
    SELECT EXISTS (
        SELECT FROM moderation.cases WHERE subject_id = $2 AND kind = $1 AND hidden AND id <> $3
    ) AS hidden
    """,
    into=bool,
)
# What was deleted so long ago that nobody can undo it.
REMOVE_DUE = sql(
    "moderation.remove_due",
    """
    UPDATE moderation.cases SET removed_at = $1, excerpt = '' WHERE id IN (
        SELECT id FROM moderation.cases
        WHERE remove_at <= $1 AND removed_at IS NULL AND status = 'decided' ORDER BY remove_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    ) RETURNING id, kind, subject_id, author_id, status, held, hidden, removed_at
    """,
    into=LockedCase,
)
