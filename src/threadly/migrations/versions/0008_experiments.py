"""atlas: experiments

Faults that somebody made on purpose, each with an end.
"""

from alembic import op

from threadly.migrations.tenancy import tenant_table

revision = "0008"
down_revision = "0007"

# `acknowledged_at`: when the process of faults had begun with it; `effect` is what that process said. Who
# started it, and who ended it early, are members or, on the demo, guests (NULL).
UP = f"""
CREATE TABLE atlas.experiments (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    kind text NOT NULL,
    target text NOT NULL,
    parameters jsonb NOT NULL,
    started_by uuid,
    started_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    acknowledged_at timestamptz,
    effect text,
    ended_at timestamptz,
    ended_by uuid,
    ended_reason text CHECK (ended_reason IN ('time', 'early')),
    CHECK (until > started_at AND until <= started_at + interval '600 s'),
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
);
-- One of a kind at a time in the whole installation, whose dependencies are the same for all tenants.
CREATE UNIQUE INDEX experiments_one_of_a_kind ON atlas.experiments (kind) WHERE ended_at IS NULL;
CREATE INDEX experiments_newest ON atlas.experiments (tenant_id, id DESC);
{tenant_table("atlas.experiments")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OF ended_at ON atlas.experiments
    FOR EACH ROW EXECUTE FUNCTION platform.audit('id');

-- For the process of faults, which belongs to no tenant.
CREATE FUNCTION atlas.list_open_experiments()
    RETURNS TABLE (id uuid, tenant_id int, kind text, remaining_s float8, is_known bool)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT e.id, e.tenant_id, e.kind, extract(epoch FROM e.until - clock_timestamp())::float8,
           e.acknowledged_at IS NOT NULL
    FROM atlas.experiments e WHERE e.ended_at IS NULL ORDER BY e.id
$$;
CREATE FUNCTION atlas.note_experiment(noted uuid, said text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE atlas.experiments e
    SET acknowledged_at = coalesce(e.acknowledged_at, clock_timestamp()), effect = nullif(said, '')
    WHERE e.id = noted
$$;
CREATE FUNCTION atlas.conclude_experiment(concluded uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE atlas.experiments e SET ended_at = greatest(e.until, clock_timestamp()), ended_reason = 'time'
    WHERE e.id = concluded AND e.ended_at IS NULL
$$;
REVOKE ALL ON FUNCTION atlas.list_open_experiments() FROM PUBLIC;
REVOKE ALL ON FUNCTION atlas.note_experiment(uuid, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION atlas.conclude_experiment(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atlas.list_open_experiments() TO threadly_app;
GRANT EXECUTE ON FUNCTION atlas.note_experiment(uuid, text) TO threadly_app;
GRANT EXECUTE ON FUNCTION atlas.conclude_experiment(uuid) TO threadly_app;
"""  # only the SQL of tenancy.py is put in

DOWN = """
DROP FUNCTION atlas.conclude_experiment(uuid);
DROP FUNCTION atlas.note_experiment(uuid, text);
DROP FUNCTION atlas.list_open_experiments();
DROP TABLE atlas.experiments;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
