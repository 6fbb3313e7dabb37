"""frequent words

A word that very many have is looked for in the newest documents only; with a filter that was before the filter,
and what it asked for was not among them. Now filters come first.
"""

from alembic import op

revision = "0025"
down_revision = "0024"

_SEEN = """(d.public OR d.author_id = viewer OR EXISTS (
                SELECT FROM feed.followings f WHERE f.tenant_id = platform.tenant_id()
                  AND f.follower_id = viewer AND f.followee_id = d.author_id))
              AND (d.author_id <> ALL(silent)) IS NOT FALSE
              AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
              AND (lowest IS NULL OR d.price_minor >= lowest) AND (highest IS NULL OR d.price_minor <= highest)
              AND (in_stock IS NULL OR d.available = in_stock)"""
_SCORE = """(SELECT sum(q.weight * r.rank / (r.rank + 0.1)) FROM unnest(scored, weights) q(query, weight),
                  LATERAL (SELECT ts_rank(d.words, q.query) AS rank) r)::real"""
_UNFILTERED = """ AND marks = '{}' AND since IS NULL AND until IS NULL AND lowest IS NULL AND highest IS NULL
       AND in_stock IS NULL"""
# The marks are in the index of words; the newest that are left are compared, which is what takes time.
_FILTERED = f"""
    IF frequent THEN
        RETURN QUERY
        SELECT d.id, {_SCORE} AS score, d.words @@ everything AS complete
        FROM (SELECT * FROM search.documents d
              WHERE d.words @@ asked AND d.tenant_id = platform.tenant_id() AND {_SEEN}
              ORDER BY d.id DESC LIMIT 600) d
        ORDER BY complete DESC, score DESC, d.id DESC LIMIT most;
        RETURN;
    END IF;"""


def _match_words(*, unfiltered: str, filtered: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION search.match_words(
    of_kind text, wanted text, whole text, queries text[], weights real[], frequent boolean, marks text[], since timestamptz,
    until timestamptz, lowest bigint, highest bigint, in_stock boolean, viewer uuid, most int
) RETURNS TABLE (id uuid, score real, complete boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    generation int := search.current_generation();
    asked tsquery := wanted::tsquery;
    everything tsquery := whole::tsquery;
    scored tsquery[] := queries::tsquery[];
    silent uuid[] := ARRAY(SELECT s.silenced_id FROM moderation.silenced s
                           WHERE s.tenant_id = platform.tenant_id() AND s.viewer_id = viewer);
    mark text;
BEGIN
    FOREACH mark IN ARRAY marks LOOP
        asked := asked && search.term('§' || generation || mark);
    END LOOP;
    IF frequent{unfiltered} THEN
        RETURN QUERY
        SELECT f.id, f.score, f.complete FROM (
            SELECT d.id, {_SCORE} AS score, d.words @@ everything AS complete
            FROM (SELECT * FROM search.documents n WHERE n.generation_id = generation AND n.kind = of_kind
                  ORDER BY n.id DESC LIMIT 20000) d
            WHERE d.words @@ asked AND {_SEEN}
            LIMIT 600) f
        ORDER BY f.complete DESC, f.score DESC, f.id DESC LIMIT most;
        RETURN;
    END IF;
    asked := search.term('§' || generation || '/' || of_kind) && asked;{filtered}
    RETURN QUERY
    SELECT d.id, {_SCORE} AS score, d.words @@ everything AS complete
    FROM search.documents d
    WHERE d.words @@ asked AND d.tenant_id = platform.tenant_id() AND {_SEEN}
    ORDER BY complete DESC, score DESC, d.id DESC LIMIT most;
END $$;
"""


def upgrade() -> None:
    op.execute(_match_words(unfiltered=_UNFILTERED, filtered=_FILTERED))


def downgrade() -> None:
    op.execute(_match_words(unfiltered="", filtered=""))
