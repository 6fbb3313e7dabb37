"""meanings again

What waits for its meaning again, because it was edited, is another turn: its job was taken for the one before.
"""

from alembic import op

revision = "0030"
down_revision = "0029"

# A row has another xmin whenever it was put there or asked for again.
UP = """
DROP FUNCTION search.list_pending(int);
-- The newest document of each tenant that waits for its meaning, with a number that is another one each time it is
-- asked for; who builds an index sees to its own.
CREATE FUNCTION search.list_pending(most int) RETURNS TABLE (tenant_id int, subject_id uuid, turn int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT ON (p.tenant_id) p.tenant_id, p.id, p.turn
    FROM (SELECT w.tenant_id, w.id, (w.xmin::text::bigint & 2147483647)::int AS turn
          FROM search.pending_meanings w
          JOIN search.generations g ON g.id = w.generation_id AND g.state = 'current' LIMIT 5000) p
    ORDER BY p.tenant_id, p.id DESC LIMIT most
$$;
REVOKE ALL ON FUNCTION search.list_pending(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search.list_pending(int) TO threadly_app;
"""
DOWN = """
DROP FUNCTION search.list_pending(int);
CREATE FUNCTION search.list_pending(most int) RETURNS TABLE (tenant_id int, subject_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.tenant_id, (array_agg(p.id ORDER BY p.id DESC))[1]
    FROM (SELECT w.tenant_id, w.id FROM search.pending_meanings w
          JOIN search.generations g ON g.id = w.generation_id AND g.state = 'current' LIMIT 5000) p
    GROUP BY p.tenant_id LIMIT most
$$;
REVOKE ALL ON FUNCTION search.list_pending(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search.list_pending(int) TO threadly_app;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
