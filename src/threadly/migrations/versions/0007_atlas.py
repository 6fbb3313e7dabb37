"""atlas: kept traces

Each row is one process's part of a trace, with its spans packed; bounded by age and size.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0007"
down_revision = "0006"

# Logged, unlike a cache: what was kept of the minute before a crash is what somebody will want to read. That
# it waits for no disk is the writer's business.
UP = f"""
{module_schema("atlas")}

-- `heads` says that the trace began here, as far as we know. `size` is what the row costs, in bytes. `spans` are
-- compressed by the writer, so PostgreSQL need not try.
CREATE TABLE atlas.parts (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    trace_id text NOT NULL,
    heads bool NOT NULL,
    process text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    route text,
    status int,
    kept text NOT NULL,
    user_id uuid,
    follower text,
    request_id text,
    started_at timestamptz NOT NULL,
    duration_us bigint NOT NULL,
    error text,
    span_count int NOT NULL,
    dropped int NOT NULL,
    size int NOT NULL,
    spans bytea NOT NULL
);
ALTER TABLE atlas.parts ALTER COLUMN spans SET STORAGE EXTERNAL;
CREATE INDEX parts_of_trace ON atlas.parts (trace_id, id);
CREATE INDEX parts_newest ON atlas.parts (tenant_id, id) WHERE heads;
CREATE INDEX parts_of_follower ON atlas.parts (follower, id) WHERE follower IS NOT NULL;
-- Errors and slow ones are few, and what operators ask for.
CREATE INDEX parts_worth_a_look ON atlas.parts (tenant_id, kept, id) WHERE kept IN ('failed', 'slow');
CREATE INDEX parts_oldest ON atlas.parts (tenant_id, started_at);
{tenant_table("atlas.parts")}

-- Links that were handed out. Of the token only its SHA-256 is kept; `follower` is whose view it is, NULL for an
-- operator's.
CREATE TABLE atlas.shares (
    token_hash bytea PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    trace_id text NOT NULL,
    follower text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX shares_of_trace ON atlas.shares (trace_id);
CREATE INDEX shares_due ON atlas.shares (tenant_id, expires_at);
{tenant_table("atlas.shares")}
"""  # only the SQL of tenancy.py is put in

DOWN = """
DROP SCHEMA atlas CASCADE;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
