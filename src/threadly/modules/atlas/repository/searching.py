"""SQL that finds kept traces by what operators know of them."""

# ruff: noqa: S608  # only constants of this package are put into SQL

from threadly.modules.atlas.repository.parts import SUMMARY, WHOLE, HeadRow
from threadly.platform.db import sql

__all__ = ["FIND_JOURNEYS", "SEARCH_JOURNEYS"]

# One line for each trace, that of its first head.
_WHOLE = WHOLE.format(seen="")
_FIRST_HEAD = """
    p.heads AND NOT EXISTS (
        SELECT FROM atlas.parts q WHERE q.trace_id = p.trace_id AND q.id < p.id AND q.heads)
"""

SEARCH_JOURNEYS = sql(
    "atlas.search_journeys",
    f"""
    SELECT {SUMMARY} FROM atlas.parts p {_WHOLE}
    WHERE {_FIRST_HEAD} AND p.id < $1
        AND lower(concat_ws(' ', p.name, p.error)) LIKE ALL ($3::text[])
        AND lower(p.name) LIKE ALL ($4::text[])
        AND ($5::text IS NULL OR p.trace_id = $5)
        AND ($6::int IS NULL OR p.status BETWEEN $6 AND $7)
        AND ($8::bigint IS NULL OR p.duration_us >= $8)
        AND ($9::uuid IS NULL OR p.user_id = $9)
        AND ($10::timestamptz IS NULL OR p.started_at >= $10)
    ORDER BY p.id DESC LIMIT $2
    """,
    into=HeadRow,
)
FIND_JOURNEYS = sql(
    "atlas.find_journeys",
    f"""
    SELECT {SUMMARY}
    FROM unnest($1::text[]) AS t (trace_id) JOIN atlas.parts p ON p.trace_id = t.trace_id {_WHOLE}
    WHERE {_FIRST_HEAD}
    ORDER BY p.id DESC
    """,
    into=HeadRow,
)
