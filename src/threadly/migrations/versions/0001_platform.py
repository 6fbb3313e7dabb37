"""platform

Tenants, the outbox, durable steps, idempotency keys, the audit log, the development mailbox.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0001"
down_revision = None

UP = f"""
{module_schema("platform")}

-- The tenant that this connection serves; NULL (which equals nothing) when none was set.
CREATE FUNCTION platform.tenant_id() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.tenant', true), '')::int $$;

CREATE FUNCTION platform.actor_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.actor', true), '')::uuid $$;

-- The registry of tenants: the same for all of them, and only the owner writes it.
CREATE TABLE platform.tenants (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{{0,62}}$'),
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE platform.tenant_hosts (
    host text PRIMARY KEY CHECK (host = lower(host)),
    tenant_id int NOT NULL REFERENCES platform.tenants ON DELETE CASCADE
);
REVOKE INSERT, UPDATE, DELETE ON platform.tenants, platform.tenant_hosts FROM threadly_app;
INSERT INTO platform.tenants (slug, name) VALUES ('public', 'Threadly');

CREATE TABLE platform.outbox (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    name text NOT NULL,
    payload jsonb NOT NULL,
    actor_id uuid,
    traceparent text NOT NULL,
    emitted_at timestamptz NOT NULL,
    done_at timestamptz
);
CREATE INDEX outbox_waiting ON platform.outbox (tenant_id, id) WHERE done_at IS NULL;
CREATE INDEX outbox_kept ON platform.outbox (tenant_id, name, emitted_at);
{tenant_table("platform.outbox")}
-- The queue grows and empties all day: keep its dead rows few.
ALTER TABLE platform.outbox SET (autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE platform.failed_reactions (
    event_id uuid NOT NULL REFERENCES platform.outbox ON DELETE CASCADE,
    reaction text NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    attempts int NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    error text NOT NULL,
    dead_at timestamptz,
    PRIMARY KEY (event_id, reaction)
);
CREATE INDEX failed_reactions_due ON platform.failed_reactions (tenant_id, next_attempt_at) WHERE dead_at IS NULL;
{tenant_table("platform.failed_reactions")}

-- Sees every tenant, and tells only which of them have work to do.
CREATE FUNCTION platform.tenants_with_events() RETURNS TABLE (tenant_id int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.id FROM platform.tenants t
    WHERE EXISTS (SELECT FROM platform.outbox o WHERE o.tenant_id = t.id AND o.done_at IS NULL)
       OR EXISTS (SELECT FROM platform.failed_reactions f
                  WHERE f.tenant_id = t.id AND f.dead_at IS NULL AND f.next_attempt_at <= clock_timestamp())
$$;
REVOKE ALL ON FUNCTION platform.tenants_with_events() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.tenants_with_events() TO threadly_app;

-- What a finished transaction step of a durable job returned, committed with its effects.
CREATE TABLE platform.job_steps (
    job_id text NOT NULL,
    step text NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    output jsonb NOT NULL,
    done_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, step)
);
CREATE INDEX job_steps_done ON platform.job_steps (tenant_id, done_at);
{tenant_table("platform.job_steps")}

-- The first answer to a request with an Idempotency-Key, committed with its effects.
CREATE TABLE platform.idempotency_keys (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    scope text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status int,
    headers jsonb,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, scope, key)
);
CREATE INDEX idempotency_keys_created ON platform.idempotency_keys (tenant_id, created_at);
{tenant_table("platform.idempotency_keys")}

-- Mail that would have been sent, when no mail server is configured.
CREATE TABLE platform.mailbox (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    recipient text NOT NULL,
    subject text NOT NULL,
    text_body text NOT NULL,
    html_body text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX mailbox_newest ON platform.mailbox (tenant_id, id DESC);
{tenant_table("platform.mailbox")}

-- Who changed what, from what to what. Written by triggers; nobody may change it but erasure, below.
CREATE TABLE platform.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id int NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id uuid,
    traceparent text,
    relation text NOT NULL,
    subject uuid,
    operation text NOT NULL CHECK (operation IN ('insert', 'update', 'delete', 'erase')),
    before jsonb,
    after jsonb
);
CREATE INDEX audit_log_subject ON platform.audit_log (tenant_id, subject, id);
{tenant_table("platform.audit_log")}
REVOKE INSERT, UPDATE, DELETE ON platform.audit_log FROM threadly_app;

-- TG_ARGV: the column that names the person or thing concerned, then columns never to be recorded.
CREATE FUNCTION platform.audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    secret text[] := TG_ARGV[1:];
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - secret END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - secret END;
    any_row jsonb := coalesce(new_row, old_row);
BEGIN
    INSERT INTO platform.audit_log (tenant_id, actor_id, traceparent, relation, subject, operation, before, after)
    VALUES ((any_row ->> 'tenant_id')::int, platform.actor_id(), current_setting('app.traceparent', true),
            TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, (any_row ->> TG_ARGV[0])::uuid, lower(TG_OP), old_row, new_row);
    RETURN NULL;
END $$;

-- TRUNCATE and the owner are refused too: history is not rewritten by accident.
CREATE FUNCTION platform.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.erasing', true) = 'on' AND TG_OP = 'UPDATE' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON platform.audit_log
    FOR EACH ROW EXECUTE FUNCTION platform.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON platform.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change();

-- Erasure (a deleted account): that something happened stays, what it said goes, and the erasure is logged.
CREATE FUNCTION platform.erase_audit(erased uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('app.erasing', 'on', true);
    UPDATE platform.audit_log SET before = NULL, after = NULL
    WHERE tenant_id = platform.tenant_id() AND subject = erased;
    PERFORM set_config('app.erasing', 'off', true);
    INSERT INTO platform.audit_log (tenant_id, actor_id, traceparent, relation, subject, operation)
    VALUES (platform.tenant_id(), platform.actor_id(), current_setting('app.traceparent', true),
            'platform.audit_log', erased, 'erase');
END $$;
REVOKE ALL ON FUNCTION platform.erase_audit(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.erase_audit(uuid) TO threadly_app;

CREATE FUNCTION platform.touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;
"""

DOWN = "DROP SCHEMA platform CASCADE"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
