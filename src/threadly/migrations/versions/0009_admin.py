"""admin: objectives and alerts

What the operators' pages measure and remember.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0009"
down_revision = "0008"

UP = f"""
{module_schema("admin")}

-- How many were good, of how many, by objective and time: in minutes for days, in hours for months. Every
-- process adds what it saw.
CREATE TABLE admin.sli (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    objective text NOT NULL,
    grain_minutes int NOT NULL CHECK (grain_minutes IN (1, 60)),
    at timestamptz NOT NULL,
    good bigint NOT NULL,
    total bigint NOT NULL CHECK (good BETWEEN 0 AND total),
    PRIMARY KEY (tenant_id, objective, grain_minutes, at)
) WITH (fillfactor = 80);
CREATE INDEX sli_age ON admin.sli (tenant_id, grain_minutes, at);
{tenant_table("admin.sli")}

-- Requests by route and minute. `buckets` counts durations, by bounds that the code knows.
CREATE TABLE admin.route_minutes (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    at timestamptz NOT NULL,
    route text NOT NULL,
    requests bigint NOT NULL,
    errors bigint NOT NULL,
    refused bigint NOT NULL,
    total_us bigint NOT NULL,
    buckets int[] NOT NULL,
    PRIMARY KEY (tenant_id, at, route)
) WITH (fillfactor = 80);
{tenant_table("admin.route_minutes")}

-- What the community did, by day: "orders.paid", "revenue.USD" in minor units.
CREATE TABLE admin.business_days (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    day date NOT NULL,
    figure text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, figure)
);
{tenant_table("admin.business_days")}

-- What each process of the installation said of itself, minute by minute. Of no tenant: they share it.
CREATE TABLE admin.process_minutes (
    host text NOT NULL,
    process text NOT NULL,
    at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    gauges jsonb NOT NULL,
    PRIMARY KEY (host, process, at)
);
CREATE INDEX process_minutes_age ON admin.process_minutes (at);

-- One line per alert from when its condition was first seen until it is over. `told_severity` is the highest
-- that people were told; `quiet_since` the time since which the condition is gone.
CREATE TABLE admin.alerts (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    key text NOT NULL,
    category text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'warning')),
    title text NOT NULL,
    detail text NOT NULL,
    runbook text NOT NULL,
    objective text,
    state text NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
    began_at timestamptz NOT NULL,
    fired_at timestamptz,
    quiet_since timestamptz,
    resolved_at timestamptz,
    told_severity text,
    CHECK ((resolved_at IS NOT NULL) = (state = 'resolved'))
);
CREATE UNIQUE INDEX alerts_open ON admin.alerts (tenant_id, key) WHERE state <> 'resolved';
CREATE INDEX alerts_newest ON admin.alerts (tenant_id, id DESC);
{tenant_table("admin.alerts")}

-- `matches` is an alert's key, or '*' for all of them.
CREATE TABLE admin.silences (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    matches text NOT NULL,
    why text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX silences_newest ON admin.silences (tenant_id, id DESC);
{tenant_table("admin.silences")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON admin.silences
    FOR EACH ROW EXECUTE FUNCTION platform.audit('id');

-- One message about several alerts, as they were then; jobs deliver it.
CREATE TABLE admin.notifications (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    kind text NOT NULL CHECK (kind IN ('firing', 'resolved')),
    category text NOT NULL,
    severity text NOT NULL,
    alerts jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX notifications_age ON admin.notifications (tenant_id, created_at);
{tenant_table("admin.notifications")}

-- Whose turn it is to look: one of all workers, once a minute. `books_until`: how far the books were compared.
CREATE TABLE admin.watch (
    tenant_id int PRIMARY KEY DEFAULT platform.tenant_id(),
    evaluated_at timestamptz NOT NULL,
    books_until timestamptz
);
{tenant_table("admin.watch")}

-- Sees every tenant, and tells only how much waits there.
CREATE FUNCTION platform.event_backlog()
RETURNS TABLE (tenant_id int, waiting bigint, oldest_at timestamptz, retrying bigint, dead bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT tenant_id, sum(waiting)::bigint, min(oldest_at), sum(retrying)::bigint, sum(dead)::bigint
    FROM (
        SELECT o.tenant_id, count(*) AS waiting, min(o.emitted_at) AS oldest_at, 0 AS retrying, 0 AS dead
        FROM platform.outbox o WHERE o.done_at IS NULL GROUP BY 1
        UNION ALL
        SELECT f.tenant_id, 0, NULL, count(*) FILTER (WHERE f.dead_at IS NULL), count(f.dead_at)
        FROM platform.failed_reactions f GROUP BY 1
    ) AS each GROUP BY 1
$$;
REVOKE ALL ON FUNCTION platform.event_backlog() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.event_backlog() TO threadly_app;
"""

DOWN = """
DROP FUNCTION platform.event_backlog();
DROP SCHEMA admin CASCADE;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
