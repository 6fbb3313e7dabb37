"""Cases as those see them whom they are about."""

# only this file's own constants are put into SQL

from datetime import datetime

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID


class OwnRow(msgspec.Struct, frozen=True):
    id: UUID
    author_id: UUID
    kind: str
    excerpt: str
    url: str
    held: bool
    hidden: bool
    opened_at: datetime
    reasons: list[dict[str, object]]
    decision_id: UUID | None
    action: str | None
    until: datetime | None
    note: str | None
    decided_at: datetime | None
    removed_at: datetime | None
    appeal: str | None
    appealed_at: datetime | None
    answered_at: datetime | None
    granted: bool | None
    answer: str | None


# The newest appeal: against what is in force, or else against what it was granted for. Reports that came
# to nothing are no business of the author's.
OWN = """
    SELECT c.id, c.author_id, c.kind, c.excerpt, c.url, c.held, c.hidden, c.opened_at, c.reasons,
        d.id AS decision_id, d.action, d.until, d.note, d.decided_at, c.removed_at, a.text AS appeal,
        a.filed_at AS appealed_at, a.answered_at, a.granted, a.answer
    FROM moderation.cases c
    LEFT JOIN moderation.decisions d ON d.case_id = c.id AND d.undone_at IS NULL
    LEFT JOIN LATERAL (
        SELECT * FROM moderation.appeals a WHERE a.case_id = c.id
            AND (a.decision_id IS NOT DISTINCT FROM d.id OR a.granted)
        ORDER BY a.id DESC LIMIT 1
    ) a ON true
    WHERE (c.reasons <> '[]' OR a.id IS NOT NULL OR EXISTS (
        SELECT FROM moderation.decisions x WHERE x.case_id = c.id AND x.action <> 'dismiss'
    ))
"""
FIND_OWN_CASE = sql("moderation.find_own_case", f"{OWN} AND c.id = $1", into=OwnRow)
LIST_OWN_CASES = sql(
    "moderation.list_own_cases",
    f"{OWN} AND c.author_id = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3",
    into=OwnRow,
)
