"""search

The read model of the search.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0016"
down_revision = "0015"

# Row level security keeps conditions that are not leakproof (on text vectors, on meanings) from their indexes.
# So what matches is found by functions of the owner's, which name the tenant themselves and tell no more than
# ids; everything else is ordinary statements under the policies. The functions are planned with their values: a
# generic plan, which connections use otherwise, took twenty times as long to find what is near.
_SEEN = """(d.public OR d.author_id = viewer OR EXISTS (
                SELECT FROM feed.followings f WHERE f.tenant_id = platform.tenant_id()
                  AND f.follower_id = viewer AND f.followee_id = d.author_id))
              AND (d.author_id <> ALL(silent)) IS NOT FALSE
              AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
              AND (lowest IS NULL OR d.price_minor >= lowest) AND (highest IS NULL OR d.price_minor <= highest)
              AND (in_stock IS NULL OR d.available = in_stock)"""
UP = f"""
{module_schema("search")}

-- A tenant's index, as a whole. A new one is built beside the one in use, kept by the same events meanwhile, and
-- takes its place in one moment. `sizes` are the documents by kind when they were last counted.
CREATE TABLE search.generations (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    state text NOT NULL CHECK (state IN ('building', 'current', 'retired')),
    stage text NOT NULL,
    done int NOT NULL DEFAULT 0,
    total int NOT NULL DEFAULT 0,
    sizes jsonb NOT NULL DEFAULT '{{}}',
    started_by uuid,
    started_at timestamptz NOT NULL,
    stepped_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE UNIQUE INDEX generations_current ON search.generations (tenant_id) WHERE state = 'current';
CREATE UNIQUE INDEX generations_building ON search.generations (tenant_id) WHERE state = 'building';
CREATE INDEX generations_of_tenant ON search.generations (tenant_id, id);
{tenant_table("search.generations")}

-- What can be found. Sentences are not in it: they are read where they belong when a result is shown. Besides the
-- words of the text, `words` has marks that no text can produce, because they begin with a sign that the parser
-- takes for a blank: §7/post (generation and kind), §7+ (public), §7#tag, §7@author. So one index serves words
-- and all that is asked together with them, within one tenant, however many tenants share the table.
CREATE TABLE search.documents (
    generation_id int NOT NULL,
    kind text NOT NULL,
    id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    author_id uuid,
    public boolean NOT NULL,
    at timestamptz NOT NULL,
    price_minor bigint,
    available boolean,
    words tsvector NOT NULL,
    PRIMARY KEY (generation_id, kind, id)
);
CREATE INDEX documents_of_author ON search.documents (generation_id, author_id);
-- Without a list of pending entries, which every search would have to read.
CREATE INDEX documents_words ON search.documents USING gin (words) WITH (fastupdate = off);
{tenant_table("search.documents")}
ALTER TABLE search.documents SET (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);

-- The words of public documents, as written and as compared, for typing errors and for suggestions: what few may
-- read must not be suggested to all. `documents` is how many have it, roughly; counted now and then.
CREATE TABLE search.words (
    generation_id int NOT NULL,
    word text COLLATE "C" NOT NULL,
    lexeme text COLLATE "C" NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    documents int NOT NULL DEFAULT 1,
    PRIMARY KEY (generation_id, word)
);
CREATE INDEX words_of_lexeme ON search.words (generation_id, lexeme);
{tenant_table("search.words")}

-- Each word once, whoever's it is, so that looking for similar ones costs the same with a thousand tenants. Only
-- the functions below read it, and only by way of the words of a tenant.
CREATE TABLE search.spellings (word text COLLATE "C" PRIMARY KEY);
ALTER TABLE search.spellings ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON search.spellings FROM threadly_app;

-- What has no meaning yet, or an old one; `asked` how often that was said.
CREATE TABLE search.pending_meanings (
    generation_id int NOT NULL,
    kind text NOT NULL,
    id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    asked int NOT NULL DEFAULT 1,
    PRIMARY KEY (generation_id, kind, id)
);
{tenant_table("search.pending_meanings")}

-- In lower case, without accents, Arabic vowel signs and lengthening.
CREATE FUNCTION search.plain(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT regexp_replace(normalize(lower(left(value, 20000)), NFKD),
                          '[\\u0300-\\u036f\\u0610-\\u061a\\u0640\\u064b-\\u065f\\u0670]', '', 'g')
$$;
-- The text of cleaned HTML.
CREATE FUNCTION search.text_of_html(html text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT btrim(regexp_replace(replace(replace(replace(replace(replace(replace(
        regexp_replace(html, '<[^>]*>', ' ', 'g'), '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'),
        '&quot;', '"'), '&#39;', ''''), '&amp;', '&'), '\\s+', ' ', 'g'))
$$;
CREATE FUNCTION search.stem(word text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE STRICT
AS $$ SELECT (ts_lexize('pg_catalog.english_stem', search.plain(word)))[1] $$;
-- The query for exactly this lexeme.
CREATE FUNCTION search.term(lexeme text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT (chr(39) || replace(replace(lexeme, chr(92), repeat(chr(92), 2)), chr(39), repeat(chr(39), 2))
            || chr(39))::tsquery
$$;
CREATE FUNCTION search.hashtags(value text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT ARRAY(SELECT DISTINCT lower(found[1])
                 FROM regexp_matches(value, '(?:^|[^\\w#&/])#(\\w{{1,50}})', 'g') found)
$$;
CREATE FUNCTION search.words_of(
    generation int, kind text, title text, names text, body text, tags text[], author uuid, public boolean
) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT setweight(to_tsvector('pg_catalog.english', search.plain(coalesce(title, ''))), 'A')
        || setweight(to_tsvector('pg_catalog.english', search.plain(coalesce(names, ''))), 'B')
        || setweight(to_tsvector('pg_catalog.english', search.plain(coalesce(body, ''))), 'C')
        || array_to_tsvector(ARRAY(
            SELECT mark FROM unnest(ARRAY['§' || generation || '/' || kind,
                                          CASE WHEN public THEN '§' || generation || '+' END,
                                          '§' || generation || '@' || author]
                                    || ARRAY(SELECT '§' || generation || '#' || left(tag, 200) FROM unnest(tags) tag)
                                   ) mark
            WHERE mark IS NOT NULL))
$$;

CREATE FUNCTION search.current_generation() RETURNS int LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT g.id FROM search.generations g WHERE g.tenant_id = platform.tenant_id() AND g.state = 'current' $$;

-- Tenants that have somebody and no index yet, as subjects of a job; a worker asks before it knows whose turn it
-- is. Some at a time, and the newest first, where people are waiting.
CREATE FUNCTION search.list_unindexed(most int) RETURNS TABLE (tenant_id int, subject_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.id, lpad(to_hex(t.id), 32, '0')::uuid FROM platform.tenants t
    WHERE NOT EXISTS (SELECT FROM search.generations g
                      WHERE g.tenant_id = t.id AND g.state IN ('current', 'building'))
      AND EXISTS (SELECT FROM identity.profiles p WHERE p.tenant_id = t.id)
    ORDER BY t.id DESC LIMIT least(most, 20)
$$;
-- The newest document of each tenant that waits for its meaning; who builds an index sees to its own.
CREATE FUNCTION search.list_pending(most int) RETURNS TABLE (tenant_id int, subject_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.tenant_id, (array_agg(p.id ORDER BY p.id DESC))[1]
    FROM (SELECT w.tenant_id, w.id FROM search.pending_meanings w
          JOIN search.generations g ON g.id = w.generation_id AND g.state = 'current' LIMIT 5000) p
    GROUP BY p.tenant_id LIMIT most
$$;

-- The words of `texts` become known. Sorted, so that two who learn the same words wait for each other in order.
CREATE FUNCTION search.learn(generation int, texts text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    new_words text[];
BEGIN
    IF NOT EXISTS (SELECT FROM search.generations g
                   WHERE g.id = generation AND g.tenant_id = platform.tenant_id()) THEN
        RETURN 0;
    END IF;
    WITH found AS (
        -- Words, alone and in compounds; those with digits in them (3 and 9) are not reduced to a stem.
        SELECT t.token, bool_or(t.tokid IN (3, 9)) AS whole
        FROM unnest(texts) each, ts_parse('default', search.plain(each)) t
        WHERE t.tokid IN (1, 2, 3, 9, 10, 11) AND char_length(t.token) BETWEEN 2 AND 40 GROUP BY t.token
    ), unknown AS (
        SELECT f.token, CASE WHEN f.whole THEN f.token
                             ELSE (ts_lexize('pg_catalog.english_stem', f.token))[1] END AS lexeme FROM found f
        WHERE NOT EXISTS (SELECT FROM search.words w WHERE w.generation_id = generation AND w.word = f.token)
    ), learned AS (
        INSERT INTO search.words (generation_id, word, lexeme)
        SELECT generation, token, lexeme FROM unknown WHERE lexeme IS NOT NULL ORDER BY token COLLATE "C"
        ON CONFLICT DO NOTHING RETURNING word
    )
    SELECT array_agg(word ORDER BY word) INTO new_words FROM learned;
    INSERT INTO search.spellings SELECT unnest(new_words) ON CONFLICT DO NOTHING;
    RETURN coalesce(cardinality(new_words), 0);
END $$;

-- Words that no public document has any more are forgotten at once. Those that many had are not asked about.
CREATE FUNCTION search.forget(lexemes text[], many int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    each record;
    gone int := 0;
BEGIN
    FOR each IN
        SELECT DISTINCT w.generation_id, w.lexeme FROM search.generations g
        JOIN search.words w ON w.generation_id = g.id AND w.lexeme = ANY(lexemes)
        WHERE g.tenant_id = platform.tenant_id() AND g.state IN ('current', 'building') AND w.documents <= many
    LOOP
        PERFORM FROM search.documents d
        WHERE d.words @@ (search.term('§' || each.generation_id || '+') && search.term(each.lexeme)) LIMIT 1;
        IF NOT FOUND THEN
            WITH dropped AS (
                DELETE FROM search.words w WHERE w.generation_id = each.generation_id AND w.lexeme = each.lexeme
                RETURNING w.word
            )
            DELETE FROM search.spellings s USING dropped WHERE s.word = dropped.word AND NOT EXISTS (
                SELECT FROM search.words o WHERE o.word = s.word AND o.generation_id <> each.generation_id);
            gone := gone + 1;
        END IF;
    END LOOP;
    RETURN gone;
END $$;
CREATE INDEX words_of_all ON search.words (word);

-- How many documents of each kind there are, and roughly how many have each word: of the newest `sampled`.
CREATE FUNCTION search.recount(generation int, sampled int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    total bigint;
BEGIN
    UPDATE search.generations g SET sizes = coalesce(
        (SELECT jsonb_object_agg(kind, count) FROM (
            SELECT d.kind, count(*) FROM search.documents d WHERE d.generation_id = generation GROUP BY d.kind) c),
        '{{}}')
    WHERE g.id = generation AND g.tenant_id = platform.tenant_id();
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT coalesce(sum(value::bigint), 0) INTO total
    FROM search.generations g, jsonb_each_text(g.sizes) WHERE g.id = generation;
    UPDATE search.words w SET documents = counted.documents
    FROM (SELECT s.word, ceil(s.ndoc * greatest(1, total::float / sampled))::int AS documents
          FROM ts_stat(format('SELECT words FROM search.documents WHERE generation_id = %s ORDER BY id DESC LIMIT %s',
                              generation, sampled)) s WHERE s.word NOT LIKE '§%') counted
    WHERE w.generation_id = generation AND w.lexeme = counted.word AND w.documents <> counted.documents;
END $$;

-- What of `kind` has the words, for one who looks; the best `most`. `wanted` says which documents, the `queries`
-- with their `weights` how good they are, and `whole` what has all that was asked. `frequent`: so many match that the
-- newest will do.
CREATE FUNCTION search.match_words(
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
    IF frequent THEN
        RETURN QUERY
        SELECT f.id, f.score, f.complete FROM (
            SELECT d.id, (SELECT sum(q.weight * r.rank / (r.rank + 0.1)) FROM unnest(scored, weights) q(query, weight),
                          LATERAL (SELECT ts_rank(d.words, q.query) AS rank) r)::real AS score,
                   d.words @@ everything AS complete
            FROM (SELECT * FROM search.documents n WHERE n.generation_id = generation AND n.kind = of_kind
                  ORDER BY n.id DESC LIMIT 20000) d
            WHERE d.words @@ asked AND {_SEEN}
            LIMIT 600) f
        ORDER BY f.complete DESC, f.score DESC, f.id DESC LIMIT most;
        RETURN;
    END IF;
    asked := search.term('§' || generation || '/' || of_kind) && asked;
    RETURN QUERY
    SELECT d.id, (SELECT sum(q.weight * r.rank / (r.rank + 0.1)) FROM unnest(scored, weights) q(query, weight),
                  LATERAL (SELECT ts_rank(d.words, q.query) AS rank) r)::real AS score,
           d.words @@ everything AS complete
    FROM search.documents d
    WHERE d.words @@ asked AND d.tenant_id = platform.tenant_id() AND {_SEEN}
    ORDER BY complete DESC, score DESC, d.id DESC LIMIT most;
END $$;

-- Words of the tenant that look like `misspelt`; nothing where pg_trgm is missing.
CREATE FUNCTION search.similar_words(misspelt text, most int) RETURNS TABLE (word text, lexeme text, documents int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT NULL::text, NULL::text, NULL::int WHERE false $$;
CREATE FUNCTION search.has_meaning() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT to_regclass('search.meanings') IS NOT NULL $$;
-- These do nothing until `enable_extensions` has found pgvector.
CREATE FUNCTION search.match_meaning(
    of_kind text, meaning text, nearest real, exact_up_to int, marks text[], since timestamptz, until timestamptz,
    lowest bigint, highest bigint, in_stock boolean, viewer uuid, most int
) RETURNS TABLE (id uuid, score real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT NULL::uuid, NULL::real WHERE false $$;
CREATE FUNCTION search.keep_meanings(generations int[], kinds text[], ids uuid[], meanings text[]) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT 0 $$;
CREATE FUNCTION search.drop_meanings(kinds text[], ids uuid[]) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT 0 $$;
CREATE FUNCTION search.drop_generation_meanings(generation int, most int) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT 0 $$;

-- Uses what this server has: pg_trgm for typing errors, pgvector (0.8 or newer) for meaning. Run again by
-- `threadly search rebuild`, since an extension may be installed later. Only the owner may.
CREATE FUNCTION search.enable_extensions() RETURNS void LANGUAGE plpgsql
AS $enable$
DECLARE
    place text;
    extension text;
BEGIN
    FOREACH extension IN ARRAY ARRAY['pg_trgm', 'vector'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = extension)
               AND EXISTS (SELECT FROM pg_available_extensions a WHERE a.name = extension) THEN
                EXECUTE format('CREATE EXTENSION %I WITH SCHEMA public', extension);
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;  -- The search does without, and `threadly doctor` tells what to do.
        END;
    END LOOP;

    SELECT n.nspname INTO place FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    IF FOUND AND to_regclass('search.spellings_similar') IS NULL THEN
        EXECUTE format('CREATE INDEX spellings_similar ON search.spellings USING gin (word %I.gin_trgm_ops)', place);
        EXECUTE format($make$
            CREATE OR REPLACE FUNCTION search.similar_words(misspelt text, most int)
            RETURNS TABLE (word text, lexeme text, documents int)
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, %1$I, pg_temp
            SET pg_trgm.similarity_threshold = 0.2 SET enable_seqscan = off
            AS $body$
                -- In this order whatever the planner knows: the other way each word would be compared.
                WITH near AS MATERIALIZED (
                    SELECT s.word, %1$I.similarity(s.word, misspelt) AS likeness FROM search.spellings s
                    WHERE s.word OPERATOR(%1$I.%%) misspelt
                      AND char_length(s.word) BETWEEN char_length(misspelt) - 2 AND char_length(misspelt) + 2
                ), generation AS MATERIALIZED (SELECT search.current_generation() AS id)
                SELECT w.word, w.lexeme, w.documents FROM generation g CROSS JOIN near n
                JOIN search.words w ON w.generation_id = g.id AND w.word = n.word
                ORDER BY n.likeness DESC, w.word LIMIT most
            $body$
            $make$, place);
    END IF;

    SELECT n.nspname INTO place FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'vector' AND string_to_array(e.extversion, '.')::int[] >= ARRAY[0, 8];
    IF NOT FOUND OR search.has_meaning() THEN
        RETURN;
    END IF;
    EXECUTE format($make$
        CREATE TABLE search.meanings (
            generation_id int NOT NULL,
            kind text NOT NULL,
            id uuid NOT NULL,
            tenant_id int NOT NULL DEFAULT platform.tenant_id(),
            meaning %1$I.halfvec(256) NOT NULL,
            PRIMARY KEY (generation_id, kind, id)
        );
        CREATE INDEX meanings_near ON search.meanings USING hnsw (meaning %1$I.halfvec_ip_ops);
        ALTER TABLE search.meanings ENABLE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON search.meanings USING (tenant_id = platform.tenant_id());
        REVOKE ALL ON search.meanings FROM threadly_app;

        CREATE OR REPLACE FUNCTION search.keep_meanings(generations int[], kinds text[], ids uuid[], meanings text[])
        RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %1$I, pg_temp
        AS $body$
        DECLARE
            kept int;
        BEGIN
            -- What is gone meanwhile gets none.
            INSERT INTO search.meanings (generation_id, kind, id, meaning)
            SELECT d.generation_id, d.kind, d.id, g.meaning::halfvec
            FROM unnest(generations, kinds, ids, meanings) g(generation_id, kind, id, meaning)
            JOIN search.documents d USING (generation_id, kind, id) WHERE d.tenant_id = platform.tenant_id()
            ON CONFLICT (generation_id, kind, id) DO UPDATE SET meaning = EXCLUDED.meaning;
            GET DIAGNOSTICS kept = ROW_COUNT;
            RETURN kept;
        END $body$;

        CREATE OR REPLACE FUNCTION search.drop_meanings(kinds text[], ids uuid[]) RETURNS int
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
        AS $body$
        DECLARE
            dropped int;
        BEGIN
            DELETE FROM search.meanings m USING search.generations g, unnest(kinds, ids) gone(kind, id)
            WHERE g.tenant_id = platform.tenant_id() AND g.state <> 'retired' AND m.generation_id = g.id
              AND m.kind = gone.kind AND m.id = gone.id;
            GET DIAGNOSTICS dropped = ROW_COUNT;
            RETURN dropped;
        END $body$;

        CREATE OR REPLACE FUNCTION search.drop_generation_meanings(generation int, most int) RETURNS int
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $body$
        DECLARE
            dropped int;
        BEGIN
            DELETE FROM search.meanings WHERE (generation_id, kind, id) IN (
                SELECT m.generation_id, m.kind, m.id FROM search.meanings m
                WHERE m.generation_id = generation AND m.tenant_id = platform.tenant_id() LIMIT most);
            GET DIAGNOSTICS dropped = ROW_COUNT;
            RETURN dropped;
        END $body$;

        -- By every meaning of the kind: exact, and quick as long as there are few, which is what filters and
        -- small communities have.
        CREATE FUNCTION search.match_meaning_exactly(
            generation int, of_kind text, wanted %1$I.halfvec, nearest real, within tsquery, since timestamptz,
            until timestamptz, lowest bigint, highest bigint, in_stock boolean, viewer uuid, silent uuid[], most int
        ) RETURNS TABLE (id uuid, score real)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, %1$I, pg_temp SET enable_seqscan = off
        SET plan_cache_mode = force_custom_plan
        AS $body$
        #variable_conflict use_column
        BEGIN
            RETURN QUERY SELECT d.id, (-(m.meaning <#> wanted))::real AS score
            FROM search.documents d JOIN search.meanings m USING (generation_id, kind, id)
            WHERE d.generation_id = generation AND d.kind = of_kind AND (within IS NULL OR d.words @@ within)
              AND -(m.meaning <#> wanted) >= nearest AND {_SEEN}
            ORDER BY score DESC, d.id DESC LIMIT most;
        END $body$;
        -- By the graph, which goes on until enough of those that it meets are this tenant's and may be seen.
        CREATE FUNCTION search.match_meaning_roughly(
            generation int, of_kind text, wanted %1$I.halfvec, nearest real, since timestamptz, until timestamptz,
            lowest bigint, highest bigint, in_stock boolean, viewer uuid, silent uuid[], most int
        ) RETURNS TABLE (id uuid, score real)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, %1$I, pg_temp SET plan_cache_mode = force_custom_plan
        SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off
        SET enable_mergejoin = off SET hnsw.iterative_scan = 'relaxed_order' SET hnsw.ef_search = 100
        AS $body$
        #variable_conflict use_column
        BEGIN
            RETURN QUERY SELECT n.id, n.score FROM (
                SELECT d.id, (-(m.meaning <#> wanted))::real AS score
                FROM search.meanings m JOIN search.documents d USING (generation_id, kind, id)
                WHERE m.generation_id = generation AND m.kind = of_kind AND {_SEEN}
                ORDER BY m.meaning <#> wanted LIMIT most) n
            WHERE n.score >= nearest ORDER BY n.score DESC, n.id DESC;
        END $body$;
        REVOKE ALL ON FUNCTION search.match_meaning_exactly(int, text, %1$I.halfvec, real, tsquery, timestamptz,
            timestamptz, bigint, bigint, boolean, uuid, uuid[], int) FROM PUBLIC;
        REVOKE ALL ON FUNCTION search.match_meaning_roughly(int, text, %1$I.halfvec, real, timestamptz,
            timestamptz, bigint, bigint, boolean, uuid, uuid[], int) FROM PUBLIC;

        CREATE OR REPLACE FUNCTION search.match_meaning(
            of_kind text, meaning text, nearest real, exact_up_to int, marks text[], since timestamptz,
            until timestamptz, lowest bigint, highest bigint, in_stock boolean, viewer uuid, most int
        ) RETURNS TABLE (id uuid, score real)
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, %1$I, pg_temp
        AS $body$
        #variable_conflict use_column
        DECLARE
            generation int := search.current_generation();
            size int := coalesce((SELECT (g.sizes ->> of_kind)::int FROM search.generations g
                                  WHERE g.id = generation), 0);
            silent uuid[] := ARRAY(SELECT s.silenced_id FROM moderation.silenced s
                                   WHERE s.tenant_id = platform.tenant_id() AND s.viewer_id = viewer);
            within tsquery;
            mark text;
        BEGIN
            FOREACH mark IN ARRAY marks LOOP
                within := coalesce(within && search.term('§' || generation || mark), search.term('§' || generation || mark));
            END LOOP;
            IF size <= exact_up_to OR within IS NOT NULL THEN
                RETURN QUERY SELECT * FROM search.match_meaning_exactly(generation, of_kind, meaning::halfvec, nearest,
                    within, since, until, lowest, highest, in_stock, viewer, silent, most);
            ELSE
                RETURN QUERY SELECT * FROM search.match_meaning_roughly(generation, of_kind, meaning::halfvec, nearest,
                    since, until, lowest, highest, in_stock, viewer, silent, most);
            END IF;
        END $body$;
        $make$, place);
END $enable$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA search FROM PUBLIC;
SELECT search.enable_extensions();
GRANT EXECUTE ON FUNCTION search.plain(text), search.text_of_html(text), search.stem(text), search.hashtags(text), search.term(text),
    search.words_of(int, text, text, text, text, text[], uuid, boolean), search.current_generation(),
    search.list_unindexed(int), search.list_pending(int), search.learn(int, text[]), search.forget(text[], int),
    search.recount(int, int), search.similar_words(text, int), search.has_meaning(),
    search.match_words(text, text, text, text[], real[], boolean, text[], timestamptz, timestamptz, bigint, bigint,
        boolean, uuid, int),
    search.match_meaning(text, text, real, int, text[], timestamptz, timestamptz, bigint, bigint, boolean, uuid, int),
    search.keep_meanings(int[], text[], uuid[], text[]), search.drop_meanings(text[], uuid[]),
    search.drop_generation_meanings(int, int) TO threadly_app;
"""  # only the SQL of tenancy.py and this constant are put in

DOWN = """
DROP SCHEMA search CASCADE;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
