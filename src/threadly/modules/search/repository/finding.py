"""What is asked of the index. `match_words` and `match_meaning` are functions of the schema's owner, because
row level security lets no index serve their conditions; they name the tenant, and who may see what,
themselves."""

from typing import Any, Final

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID

__all__ = [
    "CURRENT",
    "EXPAND",
    "FIND_AUTHOR",
    "HAS_MEANING",
    "MATCH_MEANING",
    "MATCH_WORDS",
    "STEMS",
    "SUGGEST_WORDS",
    "Current",
    "Expansion",
    "Match",
    "Stem",
]


class Current(msgspec.Struct, frozen=True):
    id: int
    sizes: Any


class Expansion(msgspec.Struct, frozen=True):
    """A word of the question (`token`), and a word of the community that it may stand for. `lexeme` is None
    for one that is too common to count; `documents` is roughly how many have it."""

    position: int
    token: str
    how: str
    word: str
    lexeme: str | None
    documents: int


class Match(msgspec.Struct, frozen=True):
    """`complete`: nothing of what was asked is missing."""

    kind: str
    id: UUID
    score: float
    complete: bool


class Stem(msgspec.Struct, frozen=True):
    word: str
    lexeme: str | None


CURRENT: Final = sql(
    "search.current", "SELECT id, sizes FROM search.generations WHERE state = 'current'", into=Current
)
HAS_MEANING: Final = sql("search.has_meaning", "SELECT search.has_meaning()", into=bool)
# $1: the index, $2: the question, $3: how many words of it count, $4: how many completions of the last, $5:
# how many that look like one that hardly anybody has written. The numbers are the parser's types of tokens.
EXPAND: Final = sql(
    "search.expand",
    """
    WITH token AS (
        SELECT t.position, t.token,
               t.tokid IN (1, 2, 10, 11) AND char_length(t.token) >= 5 AS correctable,
               CASE WHEN t.tokid IN (1, 2, 10, 11, 16, 17)
                    THEN (ts_lexize('pg_catalog.english_stem', t.token))[1] ELSE t.token END AS lexeme
        FROM (SELECT row_number() OVER ()::int AS position, p.tokid, left(p.token, 200) AS token
              FROM ts_parse('default', search.plain($2)) p WHERE p.tokid NOT IN (12, 13, 14, 23) LIMIT $3) t
    ), exact AS (
        SELECT t.position, t.token, t.lexeme, t.correctable, coalesce(
            (SELECT max(w.documents) FROM search.words w WHERE w.generation_id = $1 AND w.lexeme = t.lexeme),
                0
        ) AS documents
        FROM token t
    )
    SELECT e.position, e.token, 'exact' AS how, e.token AS word, e.lexeme, e.documents FROM exact e
    UNION ALL
    (SELECT e.position, e.token, 'begun', w.word, w.lexeme, w.documents FROM exact e JOIN search.words w
        ON w.generation_id = $1 AND w.word > e.token AND w.word < e.token || U&'\\+10FFFF'
     WHERE e.position = (SELECT max(position) FROM exact) AND char_length(e.token) >= 2
     ORDER BY w.documents DESC, w.word LIMIT $4)
    UNION ALL
    SELECT e.position, e.token, 'similar', s.word, s.lexeme, s.documents
    FROM exact e CROSS JOIN LATERAL search.similar_words(e.token, $5) s
    WHERE e.correctable AND e.documents < 3 AND e.lexeme IS NOT NULL
    """,
    into=Expansion,
)
FIND_AUTHOR: Final = sql(
    "search.find_author", "SELECT id FROM identity.profiles WHERE username = lower($1)", into=UUID
)
MATCH_WORDS: Final = sql(
    "search.match_words",
    """
    SELECT k.kind, m.id, m.score::float8 AS score, m.complete FROM unnest($1::text[]) k(kind)
    CROSS JOIN LATERAL search.match_words(k.kind, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) m
    ORDER BY m.complete DESC, m.score DESC, m.id DESC
    """,
    into=Match,
)
MATCH_MEANING: Final = sql(
    "search.match_meaning",
    """
    SELECT k.kind, m.id, m.score::float8 AS score, true AS complete FROM unnest($1::text[]) k(kind)
    CROSS JOIN LATERAL search.match_meaning(k.kind, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) m
    ORDER BY m.score DESC, m.id DESC
    """,
    into=Match,
)
STEMS: Final = sql(
    "search.stems", "SELECT word, search.stem(word) AS lexeme FROM unnest($1::text[]) word", into=Stem
)
SUGGEST_WORDS: Final = sql(
    "search.suggest_words",
    """
    SELECT w.word FROM search.words w JOIN search.generations g ON g.id = w.generation_id AND g.state =
        'current'
    WHERE w.word >= search.plain($1) AND w.word < search.plain($1) || U&'\\+10FFFF'
    ORDER BY w.documents DESC, w.word LIMIT $2
    """,
    into=str,
)
