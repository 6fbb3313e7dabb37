"""What keeps the index: documents of a kind are read from its source again, in every index that is alive, the
one in use and the one being built beside it."""

# ruff: noqa: S608  # only this package's own constants are put into SQL

from types import NoneType
from typing import Final

import msgspec

from threadly.modules.search.repository.sources import SOURCES
from threadly.platform.db import Statement, sql
from threadly.platform.ids import UUID

__all__ = [
    "DROP_ABSENT",
    "DROP_DOCUMENTS",
    "DROP_MEANINGS",
    "DROP_PENDING",
    "FORGET_WORDS",
    "KEEP",
    "LEARN",
    "LEXEMES_OF",
    "LIST_DOCUMENTS_OF",
    "LIST_LIVE",
    "LOCK",
    "Gone",
]


class Gone(msgspec.Struct, frozen=True):
    kind: str
    id: UUID


LIST_LIVE: Final = sql(
    "search.list_live", "SELECT id FROM search.generations WHERE state IN ('building', 'current')", into=int
)
# Of two who read a thing again, the second sees what the first has seen, or newer.
LOCK: Final = sql(
    "search.lock_documents",
    """
    SELECT pg_advisory_xact_lock(hashtextextended('search ' || id, 0)) FROM unnest($1::uuid[]) id ORDER BY id
    """,
    into=NoneType,
)
LEXEMES_OF: Final = sql(
    "search.lexemes_of",
    """
    SELECT DISTINCT lexeme FROM search.generations g
    JOIN search.documents d ON d.generation_id = g.id AND d.kind = $1 AND d.id = ANY($2::uuid[]),
    unnest(tsvector_to_array(d.words)) lexeme
    WHERE g.state IN ('building', 'current') AND left(lexeme, 1) <> '§'
    """,
    into=str,
)


def _keep(kind: str) -> Statement[None]:
    """What is new or has changed, and that it waits for its meaning."""
    return sql(
        f"search.keep_{kind}",
        f"""
        WITH kept AS (
            INSERT INTO search.documents AS d
                (generation_id, kind, id, author_id, public, at, price_minor, available, words)
            SELECT g.id, '{kind}', s.id, s.author_id, s.public, s.at, s.price_minor, s.available,
                   search.words_of(g.id, '{kind}', s.title, s.names, s.body, s.tags, s.author_id, s.public)
            FROM ({SOURCES[kind]}) s CROSS JOIN search.generations g
            WHERE s.id = ANY($1::uuid[]) AND g.state IN ('building', 'current')
            ON CONFLICT (generation_id, kind, id) DO UPDATE
            SET author_id = EXCLUDED.author_id, public = EXCLUDED.public, at = EXCLUDED.at, words =
                EXCLUDED.words,
                price_minor = EXCLUDED.price_minor, available = EXCLUDED.available
            WHERE (d.author_id, d.public, d.price_minor, d.available, d.words) IS DISTINCT FROM (
                EXCLUDED.author_id, EXCLUDED.public, EXCLUDED.price_minor, EXCLUDED.available, EXCLUDED.words)
            RETURNING generation_id, kind, id
        )
        INSERT INTO search.pending_meanings AS p (generation_id, kind, id)
        SELECT generation_id, kind, id FROM kept WHERE search.has_meaning()
        ON CONFLICT (generation_id, kind, id) DO UPDATE SET asked = p.asked + 1
        """,
        into=NoneType,
    )


def _learn(kind: str) -> Statement[int]:
    return sql(
        f"search.learn_{kind}",
        f"""
        SELECT search.learn(g.id, ARRAY(
            SELECT concat_ws(' ', s.title, s.names, s.body) FROM ({SOURCES[kind]}) s
            WHERE s.id = ANY($1::uuid[]) AND s.public))
        FROM search.generations g WHERE g.state IN ('building', 'current')
        """,
        into=int,
    )


def _drop_absent(kind: str) -> Statement[UUID]:
    return sql(
        f"search.drop_absent_{kind}",
        f"""
        DELETE FROM search.documents d USING search.generations g
        WHERE g.state IN ('building', 'current') AND d.generation_id = g.id AND d.kind = '{kind}'
          AND d.id = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM ({SOURCES[kind]}) s WHERE s.id = d.id)
        RETURNING d.id
        """,
        into=UUID,
    )


KEEP: Final = {kind: _keep(kind) for kind in SOURCES}
LEARN: Final = {kind: _learn(kind) for kind in SOURCES}
DROP_ABSENT: Final = {kind: _drop_absent(kind) for kind in SOURCES}

DROP_DOCUMENTS: Final = sql(
    "search.drop_documents",
    """
    DELETE FROM search.documents d USING search.generations g, unnest($1::text[], $2::uuid[]) gone(kind, id)
    WHERE g.state IN ('building', 'current') AND d.generation_id = g.id AND d.kind = gone.kind AND d.id =
        gone.id
    """,
    into=NoneType,
)
DROP_PENDING: Final = sql(
    "search.drop_pending",
    """
    DELETE FROM search.pending_meanings p USING unnest($1::text[], $2::uuid[]) gone(kind, id)
    WHERE p.kind = gone.kind AND p.id = gone.id
    """,
    into=NoneType,
)
DROP_MEANINGS: Final = sql("search.drop_meanings", "SELECT search.drop_meanings($1, $2)", into=int)
LIST_DOCUMENTS_OF: Final = sql(
    "search.list_documents_of",
    """
    SELECT DISTINCT d.kind, d.id FROM search.generations g
    JOIN search.documents d ON d.generation_id = g.id AND d.author_id = $1
    WHERE g.state IN ('building', 'current')
    """,
    into=Gone,
)
# Lexemes that more than $2 documents had are not asked about.
FORGET_WORDS: Final = sql("search.forget_words", "SELECT search.forget($1, $2)", into=int)
