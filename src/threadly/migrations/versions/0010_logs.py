"""admin: lines of the log

Kept for a while, to be searched together with traces; the running processes, what operators ask of them,
and what requests cost.
"""

from alembic import op

from threadly.migrations.tenancy import tenant_table

revision = "0010"
down_revision = "0009"

UP = f"""
-- `severity` is that of Python's logging: 20 is info, 30 a warning. No index holds the words: row level security
-- must not show an index what the policy hides, and the table is bounded (log_keep_lines), so it is read.
CREATE TABLE admin.log_lines (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    at timestamptz NOT NULL,
    severity int NOT NULL,
    event text NOT NULL,
    trace_id text,
    request_id text,
    user_id text,
    process text NOT NULL,
    fields jsonb NOT NULL,
    searched text NOT NULL GENERATED ALWAYS AS (lower(event || ' ' || fields::text)) STORED
);
CREATE INDEX log_lines_newest ON admin.log_lines (tenant_id, at, id);
CREATE INDEX log_lines_trace ON admin.log_lines (tenant_id, trace_id, at, id) WHERE trace_id IS NOT NULL;
{tenant_table("admin.log_lines")}

-- Whoever wants more traces kept for a while. The highest share that has not ended counts, for all processes.
CREATE TABLE admin.sampling (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    share float8 NOT NULL CHECK (share > 0 AND share <= 1),
    raised_by uuid,
    raised_at timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > raised_at AND until <= raised_at + interval '24 hours'),
    ended_at timestamptz
);
CREATE INDEX sampling_until ON admin.sampling (until) WHERE ended_at IS NULL;
{tenant_table("admin.sampling")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON admin.sampling
    FOR EACH ROW EXECUTE FUNCTION platform.audit('id');

-- Processes serve all tenants, so they are no tenant's rows: only the functions below touch them. Unlogged, since
-- each says every few seconds that it lives.
CREATE UNLOGGED TABLE admin.processes (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    host text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE admin.processes ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody ON admin.processes USING (false);

-- `stacks` are folded stacks, compressed. 'lost': its process ended, or did not answer.
CREATE TABLE admin.profiles (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    process_id uuid NOT NULL,
    process text NOT NULL,
    seconds int NOT NULL CHECK (seconds BETWEEN 1 AND 60),
    state text NOT NULL CHECK (state IN ('asked', 'running', 'done', 'lost')),
    asked_by uuid,
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    samples int NOT NULL DEFAULT 0,
    idle_samples int NOT NULL DEFAULT 0,
    cpu_s float8 NOT NULL DEFAULT 0,
    took_s float8 NOT NULL DEFAULT 0,
    stacks bytea
);
CREATE UNIQUE INDEX profiles_one_at_a_time ON admin.profiles (process_id) WHERE state IN ('asked', 'running');
CREATE INDEX profiles_newest ON admin.profiles (tenant_id, id);
{tenant_table("admin.profiles")}

-- "I live; what do you ask of me?" A profile is told to one that asks once, and not after it is due.
CREATE FUNCTION admin.attend(process uuid, name text, host text, started_at timestamptz)
RETURNS TABLE (share float8, left_s float8, profile_id uuid, tenant_id int, seconds int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO admin.processes AS p (id, name, host, started_at, seen_at)
    VALUES (attend.process, attend.name, attend.host, attend.started_at, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;
    RETURN QUERY
    WITH asked AS (
        UPDATE admin.profiles f SET state = 'running'
        WHERE f.process_id = attend.process AND f.state = 'asked' AND f.due_at > clock_timestamp()
        RETURNING f.id, f.tenant_id, f.seconds
    ), raised AS (
        SELECT s.share, extract(epoch FROM s.until - clock_timestamp())::float8 AS left_s
        FROM admin.sampling s WHERE s.ended_at IS NULL AND s.until > clock_timestamp()
        ORDER BY s.share DESC, s.until DESC LIMIT 1
    )
    SELECT raised.share, raised.left_s, asked.id, asked.tenant_id, asked.seconds
    FROM (SELECT) AS one LEFT JOIN raised ON true LEFT JOIN asked ON true;
END $$;
REVOKE ALL ON FUNCTION admin.attend(uuid, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION admin.attend(uuid, text, text, timestamptz) TO threadly_app;

-- "I end."
CREATE FUNCTION admin.leave(process uuid) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH gone AS (DELETE FROM admin.processes p WHERE p.id = process RETURNING p.id)
    SELECT count(*)::int FROM gone
$$;
REVOKE ALL ON FUNCTION admin.leave(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION admin.leave(uuid) TO threadly_app;

-- Those that were seen lately; the others are forgotten.
CREATE FUNCTION admin.living_processes()
RETURNS TABLE (id uuid, name text, host text, started_at timestamptz, seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.id, p.name, p.host, p.started_at, p.seen_at FROM admin.processes p
    WHERE p.seen_at > clock_timestamp() - interval '15 seconds' ORDER BY p.host, p.name LIMIT 200
$$;
REVOKE ALL ON FUNCTION admin.living_processes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION admin.living_processes() TO threadly_app;

CREATE FUNCTION admin.forget_processes() RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM admin.processes p WHERE p.seen_at < clock_timestamp() - interval '1 hour' RETURNING p.id
    ) SELECT count(*)::int FROM gone
$$;
REVOKE ALL ON FUNCTION admin.forget_processes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION admin.forget_processes() TO threadly_app;

-- What each route used, by the hour. `method` is one of HTTP, or 'reaction', 'job' or 'process' (what is nobody's).
CREATE TABLE admin.costs (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    hour timestamptz NOT NULL,
    method text NOT NULL,
    route text NOT NULL,
    requests bigint NOT NULL,
    cpu_us bigint NOT NULL,
    sql_us bigint NOT NULL,
    statements bigint NOT NULL,
    commands bigint NOT NULL,
    PRIMARY KEY (tenant_id, hour, method, route)
) WITH (fillfactor = 80);
{tenant_table("admin.costs")}

-- The calls of other systems among them; `call` is "stripe.charge".
CREATE TABLE admin.call_costs (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    hour timestamptz NOT NULL,
    method text NOT NULL,
    route text NOT NULL,
    call text NOT NULL,
    calls bigint NOT NULL,
    took_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, hour, method, route, call)
) WITH (fillfactor = 80);
{tenant_table("admin.call_costs")}
"""

DOWN = """
DROP TABLE admin.call_costs, admin.costs, admin.profiles, admin.sampling, admin.log_lines;
DROP FUNCTION admin.attend(uuid, text, text, timestamptz);
DROP FUNCTION admin.leave(uuid);
DROP FUNCTION admin.living_processes();
DROP FUNCTION admin.forget_processes();
DROP TABLE admin.processes;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
