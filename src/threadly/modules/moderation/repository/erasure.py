"""A deleted account: what was theirs goes, and what they decided stays without their name."""

from types import NoneType

from threadly.platform.db import sql

ERASE_LEARNED = sql(
    "moderation.erase_learned",
    """
    DELETE FROM moderation.learned WHERE case_id IN (SELECT id FROM moderation.cases WHERE author_id = $1)
    """,
    into=NoneType,
)
# With their reports, decisions, appeals and notes. What others reported about the member themselves and
# nobody has decided stays until somebody has, so that nobody escapes it by leaving; without who it is about.
ERASE_CASES = sql(
    "moderation.erase_cases",
    """
    DELETE FROM moderation.cases
    WHERE author_id = $1 AND NOT (kind = 'member' AND status = 'open' AND report_count > 0)
    """,
    into=NoneType,
)
BLANK_CASES = sql(
    "moderation.blank_cases",
    "UPDATE moderation.cases SET excerpt = '', url = '/moderate' WHERE author_id = $1 AND excerpt <> ''",
    into=NoneType,
)
ERASE_APPEALS = sql(
    "moderation.erase_appeals", "DELETE FROM moderation.appeals WHERE user_id = $1", into=NoneType
)
ERASE_REPORTS = sql(
    "moderation.erase_reports",
    """
    WITH gone AS (DELETE FROM moderation.reports WHERE reporter_id = $1 RETURNING case_id)
    UPDATE moderation.cases SET report_count = report_count - 1 WHERE id IN (SELECT case_id FROM gone)
    """,
    into=NoneType,
)
ERASE_NOTES = sql(
    "moderation.erase_notes", "DELETE FROM moderation.notes WHERE author_id = $1", into=NoneType
)
ERASE_MODERATOR = sql(
    "moderation.erase_moderator",
    """
    UPDATE moderation.decisions
    SET moderator_id = nullif(moderator_id, $1), undone_by = nullif(undone_by, $1)
    WHERE moderator_id = $1 OR undone_by = $1
    """,
    into=NoneType,
)
ERASE_ANSWERS = sql(
    "moderation.erase_answers",
    "UPDATE moderation.appeals SET answered_by = NULL WHERE answered_by = $1",
    into=NoneType,
)
ERASE_BLOCKS = sql(
    "moderation.erase_blocks",
    "DELETE FROM moderation.member_blocks WHERE blocker_id = $1 OR blocked_id = $1",
    into=NoneType,
)
ERASE_MUTES = sql(
    "moderation.erase_mutes",
    "DELETE FROM moderation.member_mutes WHERE muter_id = $1 OR muted_id = $1",
    into=NoneType,
)
ERASE_PRINTS = sql(
    "moderation.erase_prints", "DELETE FROM moderation.prints WHERE author_id = $1", into=NoneType
)
ERASE_AUDIT = sql("moderation.erase_audit", "SELECT platform.erase_audit($1)", into=NoneType)

ERASURE = (
    ERASE_LEARNED,
    ERASE_CASES,
    BLANK_CASES,
    ERASE_APPEALS,
    ERASE_REPORTS,
    ERASE_NOTES,
    ERASE_MODERATOR,
    ERASE_ANSWERS,
    ERASE_BLOCKS,
    ERASE_MUTES,
    ERASE_PRINTS,
    # Last, because all of these record what was.
    ERASE_AUDIT,
)
