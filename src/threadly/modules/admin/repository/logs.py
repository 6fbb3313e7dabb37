"""Lines of the log."""

# ruff: noqa: S608  # only this module's own constants are put into SQL

from types import NoneType

from threadly.modules.admin.types.logs import LineRow
from threadly.platform.db import sql

LINE = "l.id, l.at, l.severity, l.event, l.trace_id, l.request_id, l.user_id, l.process, l.fields"
# $1 to $7: patterns of words, trace, request, severity, user, process (of "web-4711" also "web"), since.
# Each may be left out.
SOUGHT = """
    ($2::text IS NULL OR {0}.trace_id = $2) AND ($3::text IS NULL OR {0}.request_id = $3)
    AND ($4::int IS NULL OR {0}.severity >= $4) AND ($5::text IS NULL OR {0}.user_id = $5)
    AND ($6::text IS NULL OR $6 IN ({0}.process, split_part({0}.process, '-', 1)))
    AND ($7::timestamptz IS NULL OR {0}.at >= $7)
    AND {0}.searched LIKE ALL ($1::text[])
"""

INSERT_LINES = sql(
    "admin.insert_log_lines",
    """
    INSERT INTO admin.log_lines (at, severity, event, trace_id, request_id, user_id, process, fields)
    SELECT * FROM unnest($1::timestamptz[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::jsonb[])
    """,
    into=NoneType,
)
# The newest that is sought of each trace, and all that belong to none, before a place in time.
SEARCH_LINES = sql(
    "admin.search_log_lines",
    f"""
    SELECT {LINE} FROM admin.log_lines l
    WHERE (l.at, l.id) < ($8, $9::bigint) AND {SOUGHT.format("l")}
        AND NOT EXISTS (
            SELECT FROM admin.log_lines later
            WHERE later.trace_id = l.trace_id AND (later.at, later.id) > (l.at, l.id)
                AND {SOUGHT.format("later")})
    ORDER BY l.at DESC, l.id DESC LIMIT $10
    """,
    into=LineRow,
)
# Which of these traces have a line that is sought.
FIND_TRACES_OF_LINES = sql(
    "admin.find_traces_of_log_lines",
    f"""
    SELECT DISTINCT l.trace_id FROM admin.log_lines l
    WHERE l.trace_id = ANY($8::text[]) AND {SOUGHT.format("l")}
    """,
    into=str,
)
# The first lines of each of these traces.
LIST_LINES_OF = sql(
    "admin.list_log_lines_of_traces",
    f"""
    SELECT {LINE} FROM unnest($1::text[]) AS t (trace_id) CROSS JOIN LATERAL (
        SELECT * FROM admin.log_lines n WHERE n.trace_id = t.trace_id ORDER BY n.at, n.id LIMIT $2
    ) l
    ORDER BY l.at, l.id
    """,
    into=LineRow,
)
FORGET_OLD_LINES = sql(
    "admin.forget_old_log_lines",
    """
    DELETE FROM admin.log_lines WHERE id IN (
        SELECT l.id FROM admin.log_lines l
        WHERE l.tenant_id = platform.tenant_id() AND l.at < $1 ORDER BY l.at LIMIT $2)
    """,
    into=NoneType,
)
# Beyond so many, the oldest.
FORGET_LINES_BEYOND = sql(
    "admin.forget_log_lines_beyond",
    """
    DELETE FROM admin.log_lines WHERE id IN (
        SELECT l.id FROM admin.log_lines l WHERE l.tenant_id = platform.tenant_id()
        ORDER BY l.at DESC, l.id DESC OFFSET $1 LIMIT $2)
    """,
    into=NoneType,
)
