"""What is known when something is about to be published."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID


class Facts(msgspec.Struct, frozen=True):
    """`hidden_in`: the case that hides the subject already. `lessons`: feature to (spam, ham)."""

    joined_at: datetime
    decided_against: int
    entries: int
    links: int
    same_texts: int
    same_texts_of_all: int
    same_links: int
    same_links_of_all: int
    same_hosts: int
    hidden_in: UUID | None
    lessons: dict[str, tuple[int, int]]


class SilenceRow(msgspec.Struct, frozen=True):
    case_id: UUID
    until: datetime | None


class HoldRow(msgspec.Struct, frozen=True):
    case_id: UUID
    author_id: UUID
    held: bool
    reasons: list[dict[str, object]]
    opened_at: datetime
    action: str | None
    note: str | None
    decided_at: datetime | None
    appealed: bool
    appeal_open: bool


# Everything in one round trip. $1 author, $2 kind, $3 subject, $4 since when, $5 text prints, $6 how many of
# them make nearly the same, $7 link prints, $8 features, $9 host prints. Of a flood the newest are enough,
# and of each number as many: they belong to the same texts.
FACTS = sql(
    "moderation.facts",
    """
    WITH same AS (
        SELECT newest.subject_id, newest.author_id
        FROM unnest($5::bigint[]) AS given (print), LATERAL (
            SELECT p.subject_id, p.author_id FROM moderation.prints p
            WHERE p.print = given.print AND p.kind = 'text' AND p.written_at > $4 AND p.subject_id <> $3
            ORDER BY p.written_at DESC LIMIT 60
        ) newest
        GROUP BY newest.subject_id, newest.author_id HAVING count(*) >= $6::int
    ), linked AS (
        SELECT DISTINCT newest.subject_id, newest.author_id
        FROM unnest($7::bigint[]) AS given (print), LATERAL (
            SELECT p.subject_id, p.author_id FROM moderation.prints p
            WHERE p.print = given.print AND p.kind = 'link' AND p.written_at > $4 AND p.subject_id <> $3
            ORDER BY p.written_at DESC LIMIT 60
        ) newest
    ), mine AS (
        SELECT count(*) FILTER (WHERE kind = 'entry') AS entries,
            count(*) FILTER (WHERE kind = 'link') AS links
        FROM (
            SELECT kind FROM moderation.prints
            WHERE author_id = $1 AND kind IN ('entry', 'link') AND written_at > $4 AND subject_id <> $3
            LIMIT 500
        ) lately
    )
    SELECT coalesce((SELECT created_at FROM identity.profiles WHERE id = $1), to_timestamp(0)) AS joined_at,
        (SELECT count(*) FROM moderation.decisions d
         WHERE d.user_id = $1 AND d.undone_at IS NULL AND d.action <> 'dismiss') AS decided_against,
        mine.entries, mine.links,
        (SELECT count(*) FROM same WHERE author_id = $1) AS same_texts,
        (SELECT count(*) FROM same) AS same_texts_of_all,
        (SELECT count(*) FROM linked WHERE author_id = $1) AS same_links,
        (SELECT count(*) FROM linked) AS same_links_of_all,
        coalesce((
            SELECT max(each.posted) FROM (
                SELECT count(*) AS posted FROM moderation.prints
                WHERE author_id = $1 AND kind = 'host' AND print = ANY($9::bigint[])
                    AND written_at > $4 AND subject_id <> $3
                GROUP BY print
            ) each
        ), 0) AS same_hosts,
        (SELECT c.id FROM moderation.cases c WHERE c.subject_id = $3 AND c.kind = $2 AND c.hidden
         ORDER BY c.id DESC LIMIT 1) AS hidden_in,
        coalesce((SELECT jsonb_object_agg(feature, jsonb_build_array(spam, ham)) FROM moderation.lessons
                  WHERE feature = ANY($8::text[])), '{}') AS lessons
    FROM mine
    """,
    into=Facts,
)
# An edited text counts once, as it is now.
KEEP_PRINTS = sql(
    "moderation.keep_prints",
    """
    WITH before AS (DELETE FROM moderation.prints WHERE subject_id = $1)
    INSERT INTO moderation.prints (subject_id, author_id, kind, print, written_at)
    SELECT $1, $2, kind, print, $3 FROM unnest($4::text[], $5::bigint[]) AS given (kind, print)
    """,
    into=NoneType,
)
FORGET_PRINTS = sql(
    "moderation.forget_prints",
    """
    DELETE FROM moderation.prints WHERE id IN (
        SELECT id FROM moderation.prints WHERE written_at < $1 ORDER BY written_at LIMIT $2)
    """,
    into=NoneType,
)
FIND_SILENCE = sql(
    "moderation.find_silence",
    """
    SELECT case_id, until FROM moderation.decisions
    WHERE user_id = $1 AND action = 'mute' AND undone_at IS NULL AND (until IS NULL OR until > $2)
    ORDER BY until DESC NULLS FIRST LIMIT 1
    """,
    into=SilenceRow,
)
# The decision that is in force, and the appeal that was filed against it (or against the hold).
FIND_HOLD = sql(
    "moderation.find_hold",
    """
    SELECT c.id AS case_id, c.author_id, c.held, c.reasons, c.opened_at, d.action, d.note, d.decided_at,
        a.id IS NOT NULL AS appealed, a.id IS NOT NULL AND a.answered_at IS NULL AS appeal_open
    FROM moderation.cases c
    LEFT JOIN moderation.decisions d ON d.case_id = c.id AND d.undone_at IS NULL
    LEFT JOIN moderation.appeals a ON a.case_id = c.id AND a.decision_id IS NOT DISTINCT FROM d.id
    WHERE c.subject_id = $2 AND c.kind = $1 AND c.hidden ORDER BY c.id DESC LIMIT 1
    """,
    into=HoldRow,
)
