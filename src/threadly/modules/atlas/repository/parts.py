"""SQL of kept parts of traces."""

# ruff: noqa: S608  # only this module's own constants are put into SQL

from types import NoneType

import msgspec

from threadly.modules.atlas.types import JourneySummary
from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "FIND_PARTS",
    "FORGET_PARTS",
    "INSERT_PARTS",
    "LIST_JOURNEYS",
    "LIST_JOURNEYS_OF_FOLLOWER",
    "MEASURE_STORE",
    "SUMMARY",
    "TRIM_PARTS",
    "WHOLE",
    "HeadRow",
    "PartRow",
    "StoreSize",
]


class PartRow(msgspec.Struct, frozen=True):
    """A part as it is stored; `spans` as `packing.pack` made them. `username` is whose request it was."""

    id: UUID
    trace_id: str
    process: str
    name: str
    kind: str
    route: str | None
    status: int | None
    kept: str
    user: str | None
    follower: str | None
    request_id: str | None
    start_us: int
    duration_us: int
    error: str | None
    span_count: int
    dropped: int
    spans: bytes


class HeadRow(JourneySummary, frozen=True):
    """A line of a list; `id` is what the next page goes on below."""

    id: UUID


class StoreSize(msgspec.Struct, frozen=True):
    size: int
    parts: int


# The setting makes that the commit waits for no disk: of a crash we lose the last half second, and nobody who
# is served waits behind our notes.
INSERT_PARTS = sql(
    "atlas.insert_parts",
    """
    WITH at_leisure AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO atlas.parts (
        id, trace_id, heads, process, name, kind, route, status, kept, user_id, follower, request_id,
        started_at, duration_us, error, span_count, dropped, size, spans)
    SELECT part.*
    FROM at_leisure, unnest(
        $1::uuid[], $2::text[], $3::bool[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
        $9::text[], $10::uuid[], $11::text[], $12::text[], $13::timestamptz[], $14::bigint[], $15::text[],
        $16::int[], $17::int[], $18::int[], $19::bytea[]) AS part
    ON CONFLICT (id) DO NOTHING
    """,
    into=NoneType,
)

# The first parts of a trace, up to $2 spans in all.
FIND_PARTS = sql(
    "atlas.find_parts",
    """
    SELECT p.id, p.trace_id, p.process, p.name, p.kind, p.route, p.status, p.kept,
        coalesce(u.username, p.user_id::text) AS user, p.follower, p.request_id,
        (extract(epoch FROM p.started_at) * 1000000)::bigint AS start_us, p.duration_us, p.error,
        p.span_count, p.dropped, p.spans
    FROM (
        SELECT *, sum(span_count) OVER (ORDER BY id) - span_count AS spans_before
        FROM atlas.parts WHERE trace_id = $1 ORDER BY id LIMIT $3
    ) p LEFT JOIN identity.profiles u ON u.id = p.user_id
    WHERE p.spans_before < $2
    ORDER BY p.id
    """,
    into=PartRow,
)

# What a line says of the head `p`, and of its whole trace.
SUMMARY = """
    p.trace_id, p.name, p.started_at, whole.duration_us, p.status, p.kept, whole.error, whole.span_count,
    whole.processes, coalesce(u.username, p.user_id::text) AS user, p.id
"""
WHOLE = """
    LEFT JOIN identity.profiles u ON u.id = p.user_id
    CROSS JOIN LATERAL (
        SELECT (extract(epoch FROM max(started_at + duration_us * interval '1 microsecond') - p.started_at)
                * 1000000)::bigint AS duration_us,
            (array_agg(error ORDER BY id) FILTER (WHERE error IS NOT NULL))[1] AS error,
            sum(span_count)::int AS span_count,
            array_agg(DISTINCT process) AS processes
        FROM atlas.parts s WHERE trace_id = p.trace_id {seen}
    ) whole
"""
# One line for each trace, that of its first head. What the line says of the whole trace is summed up only for
# those that are on the page.
_LIST = f"""
    SELECT {SUMMARY}
    FROM (
        SELECT * FROM atlas.parts h
        WHERE {{who}} h.id < $1
            AND ($3::text IS NULL OR h.kept = $3)
            AND ($4::int IS NULL OR h.status / 100 = $4)
            AND ($5::text IS NULL OR h.name ILIKE $5)
            AND ($6::bigint IS NULL OR h.duration_us >= $6)
            AND ($7::text IS NULL OR h.user_id = (SELECT id FROM identity.profiles WHERE username = $7))
            AND NOT EXISTS (
                SELECT FROM atlas.parts e WHERE e.trace_id = h.trace_id AND e.id < h.id AND e.heads {{alike}})
        ORDER BY h.id DESC LIMIT $2
    ) p {WHOLE}
    ORDER BY p.id DESC
"""
LIST_JOURNEYS = sql("atlas.list_journeys", _LIST.format(who="h.heads AND", alike="", seen=""), into=HeadRow)
# What nobody's key is on was caused by a request of the trace: by theirs, if there is no other.
_SEEN = """
    AND (s.follower = $8 OR s.follower IS NULL AND s.kind <> 'request' AND NOT EXISTS (
        SELECT FROM atlas.parts o
        WHERE o.trace_id = p.trace_id AND o.kind = 'request' AND o.follower IS DISTINCT FROM $8))
"""
LIST_JOURNEYS_OF_FOLLOWER = sql(
    "atlas.list_journeys_of_follower",
    _LIST.format(who="h.heads AND h.follower = $8 AND", alike="AND e.follower = $8", seen=_SEEN),
    into=HeadRow,
)

# What began before $1, $2 rows at most, unless somebody has a link to it that is good at $3.
FORGET_PARTS = sql(
    "atlas.forget_parts",
    """
    DELETE FROM atlas.parts WHERE id IN (
        SELECT p.id FROM atlas.parts p
        WHERE p.started_at < $1
            AND NOT EXISTS (SELECT FROM atlas.shares s WHERE s.trace_id = p.trace_id AND s.expires_at > $3)
        ORDER BY p.started_at LIMIT $2)
    """,
    into=NoneType,
)

MEASURE_STORE = sql(
    "atlas.measure_store",
    "SELECT coalesce(sum(size), 0)::bigint AS size, count(*)::int AS parts FROM atlas.parts",
    into=StoreSize,
)

# What does not fit into $1 bytes, at most $2 rows of it: the oldest of what only chance kept goes first, then
# the oldest of all.
TRIM_PARTS = sql(
    "atlas.trim_parts",
    """
    DELETE FROM atlas.parts WHERE id IN (
        SELECT id FROM (
            SELECT id, sum(size) OVER (ORDER BY kept = 'sampled' AND follower IS NULL, id DESC) AS filled
            FROM atlas.parts
        ) ranked
        WHERE filled > $1 ORDER BY filled DESC LIMIT $2)
    """,
    into=NoneType,
)
