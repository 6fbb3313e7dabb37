"""Indexes as a whole: begun, filled a batch at a time, switched to, dropped."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from datetime import datetime
from types import NoneType
from typing import Any, Final

import msgspec

from threadly.modules.search.repository.sources import SOURCES
from threadly.modules.search.types import RebuildState
from threadly.platform.db import Statement, sql
from threadly.platform.durable.due import Due
from threadly.platform.ids import UUID

__all__ = [
    "ADD_PROGRESS",
    "BEGIN",
    "COUNT",
    "DROP_RETIRED_DOCUMENTS",
    "DROP_RETIRED_MEANINGS",
    "DROP_RETIRED_PENDING",
    "DROP_RETIRED_WORDS",
    "DUE_INDEXES",
    "FILL",
    "FIND_CURRENT",
    "LIST_GENERATIONS",
    "LIST_RETIRED",
    "RECOUNT",
    "REMOVE_GENERATION",
    "RETIRE",
    "SET_STAGE",
    "SWEEP",
    "SWITCH",
    "Filled",
    "GenerationRow",
]


class GenerationRow(msgspec.Struct, frozen=True):
    id: int
    state: RebuildState
    stage: str
    done: int
    total: int
    sizes: Any
    started_at: datetime
    stepped_at: datetime
    ended_at: datetime | None


class Filled(msgspec.Struct, frozen=True):
    """`last` is the id that the next batch begins after, None at the end."""

    last: UUID | None
    count: int


DUE_INDEXES: Final = sql(
    "search.due_indexes", "SELECT tenant_id, subject_id, 0 AS tries FROM search.list_unindexed($1)", into=Due
)
FIND_CURRENT: Final = sql("search.find_current", "SELECT search.current_generation()", into=int)
LIST_GENERATIONS: Final = sql(
    "search.list_generations",
    """
    SELECT id, state, stage, done, total, sizes, started_at, stepped_at, ended_at
    FROM search.generations ORDER BY id DESC LIMIT $1
    """,
    into=GenerationRow,
)
BEGIN: Final = sql(
    "search.begin_generation",
    """
    INSERT INTO search.generations (state, stage, total, started_by, started_at, stepped_at)
    VALUES ('building', $1, $2, $3, $4, $4) RETURNING id
    """,
    into=int,
)
# Whose turn is over: one that nobody has worked on since then.
RETIRE: Final = sql(
    "search.retire_abandoned",
    "UPDATE search.generations SET state = 'retired' WHERE state = 'building' AND stepped_at < $1",
    into=NoneType,
)
ADD_PROGRESS: Final = sql(
    "search.add_progress",
    """
    UPDATE search.generations SET stage = $2, done = done + $3, stepped_at = $4 WHERE id = $1 AND state =
        'building'
    """,
    into=NoneType,
)
SET_STAGE: Final = sql(
    "search.set_stage",
    "UPDATE search.generations SET stage = $2, stepped_at = $3 WHERE id = $1 AND state = 'building'",
    into=NoneType,
)


def _count(kind: str) -> Statement[int]:
    return sql(f"search.count_{kind}", f"SELECT count(*)::int FROM ({SOURCES[kind]}) s", into=int)


def _fill(kind: str) -> Statement[Filled]:
    """The next $3 after $2. What an event has brought meanwhile is newer, and stays."""
    return sql(
        f"search.fill_{kind}",
        f"""
        WITH batch AS (
            SELECT s.* FROM ({SOURCES[kind]}) s WHERE s.id IN (
                SELECT n.id FROM ({SOURCES[kind]}) n WHERE n.id > $2 ORDER BY n.id LIMIT $3)
        ), kept AS (
            INSERT INTO search.documents
                (generation_id, kind, id, author_id, public, at, price_minor, available, words)
            SELECT $1, '{kind}', s.id, s.author_id, s.public, s.at, s.price_minor, s.available,
                   search.words_of($1, '{kind}', s.title, s.names, s.body, s.tags, s.author_id, s.public)
            FROM batch s ON CONFLICT DO NOTHING RETURNING id
        ), pending AS (
            INSERT INTO search.pending_meanings (generation_id, kind, id)
            SELECT $1, '{kind}', id FROM kept WHERE search.has_meaning() ON CONFLICT DO NOTHING
        ), learned AS (
            SELECT search.learn($1, ARRAY(SELECT concat_ws(' ', title, names, body) FROM batch WHERE public))
                AS words
        )
        SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*)::int FROM batch) AS
            count
        FROM learned WHERE words IS NOT NULL
        """,
        into=Filled,
    )


def _sweep(kind: str) -> Statement[None]:
    """What was deleted between being read and being written."""
    return sql(
        f"search.sweep_{kind}",
        f"""
        DELETE FROM search.documents d WHERE d.generation_id = $1 AND d.kind = '{kind}'
          AND NOT EXISTS (SELECT FROM ({SOURCES[kind]}) s WHERE s.id = d.id)
        """,
        into=NoneType,
    )


COUNT: Final = {kind: _count(kind) for kind in SOURCES}
FILL: Final = {kind: _fill(kind) for kind in SOURCES}
SWEEP: Final = {kind: _sweep(kind) for kind in SOURCES}

RECOUNT: Final = sql("search.recount", "SELECT search.recount($1, $2)", into=NoneType)
# Two statements, since at no moment there are two in use.
SWITCH: Final = (
    sql(
        "search.retire_current",
        "UPDATE search.generations SET state = 'retired', ended_at = $1 WHERE state = 'current'",
        into=NoneType,
    ),
    sql(
        "search.take_over",
        """
        UPDATE search.generations SET state = 'current', stage = 'done', stepped_at = $1, ended_at = $1
        WHERE id = $2 AND state = 'building'
        """,
        into=NoneType,
    ),
)
RETIRE_CURRENT, TAKE_OVER = SWITCH

LIST_RETIRED: Final = sql(
    "search.list_retired",
    "SELECT id FROM search.generations WHERE state = 'retired' ORDER BY id LIMIT $1",
    into=int,
)


def _drop_retired(table: str) -> Statement[None]:
    key = "word" if table == "words" else "kind, id"
    return sql(
        f"search.drop_retired_{table}",
        f"""
        DELETE FROM search.{table} WHERE generation_id = $1 AND ({key}) IN (
            SELECT {key} FROM search.{table} WHERE generation_id = $1 LIMIT $2)
        """,
        into=NoneType,
    )


DROP_RETIRED_DOCUMENTS: Final = _drop_retired("documents")
DROP_RETIRED_WORDS: Final = _drop_retired("words")
DROP_RETIRED_PENDING: Final = _drop_retired("pending_meanings")
DROP_RETIRED_MEANINGS: Final = sql(
    "search.drop_retired_meanings", "SELECT search.drop_generation_meanings($1, $2)", into=int
)
REMOVE_GENERATION: Final = sql(
    "search.remove_generation",
    "DELETE FROM search.generations WHERE id = $1 AND state = 'retired'",
    into=NoneType,
)
