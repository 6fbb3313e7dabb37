"""notifications

What members are told, and how they want to be told.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0015"
down_revision = "0014"

# People who are told of one event are written to in one statement per thousand, in the order of their ids,
# and `inboxes` comes first: whoever tells the same person at the same moment waits there.
UP = f"""
{module_schema("notifications")}

-- `position` counts what a person was told, without gaps in the order of commits: who was away asks for what is
-- above the last one they saw.
CREATE TABLE notifications.inboxes (
    user_id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    position bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 80);
{tenant_table("notifications.inboxes")}

-- An entry behind the bell, for all that happened under one `group_key` since the one before was read. What is
-- shown of people and posts is joined when it is read; `detail` is what nobody else publishes.
-- `first_position` to `position` are those of its facts. `in_app`: some want a mail and no entry.
CREATE TABLE notifications.notifications (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    user_id uuid NOT NULL,
    kind text NOT NULL,
    variant text NOT NULL,
    group_key uuid NOT NULL,
    subject_id uuid NOT NULL,
    detail jsonb NOT NULL,
    first_position bigint NOT NULL,
    position bigint NOT NULL,
    fact_count int NOT NULL DEFAULT 1,
    actor_count int NOT NULL,
    actors uuid[] NOT NULL,
    in_app boolean NOT NULL,
    stale boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    read_at timestamptz
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX notifications_open ON notifications.notifications (user_id, kind, group_key)
    WHERE read_at IS NULL;
CREATE INDEX notifications_of_user ON notifications.notifications (user_id, position) WHERE in_app;
CREATE INDEX notifications_unread ON notifications.notifications (user_id, position)
    WHERE in_app AND read_at IS NULL;
CREATE INDEX notifications_about ON notifications.notifications (subject_id);
CREATE INDEX notifications_stale ON notifications.notifications (tenant_id) WHERE stale;
CREATE INDEX notifications_old ON notifications.notifications (tenant_id, updated_at);
{tenant_table("notifications.notifications")}

-- What somebody was told of: a fact that is here is not told again, however often its event is seen.
CREATE TABLE notifications.facts (
    user_id uuid NOT NULL,
    kind text NOT NULL,
    group_key uuid NOT NULL,
    fact_id uuid NOT NULL,
    actor_id uuid NOT NULL,
    variant text NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    position bigint NOT NULL,
    happened_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind, group_key, fact_id, actor_id, variant)
);
CREATE INDEX facts_about ON notifications.facts (fact_id);
CREATE INDEX facts_mentions ON notifications.facts (group_key) WHERE kind = 'mention';
CREATE INDEX facts_by ON notifications.facts (actor_id);
CREATE INDEX facts_old ON notifications.facts (tenant_id, happened_at);
{tenant_table("notifications.facts")}

-- Whether `actor` is among those of an entry, from its first position to below the present one. Volatile, so that
-- it sees what was committed while the statement that asks waited for its turn.
CREATE FUNCTION notifications.was_there(
    owner uuid, of_kind text, of_group uuid, actor uuid, from_position bigint, below_position bigint
)
RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT EXISTS (
        SELECT FROM notifications.facts f
        WHERE f.user_id = owner AND f.kind = of_kind AND f.group_key = of_group AND f.actor_id = actor
          AND f.position >= from_position AND f.position < below_position
    )
$$;

-- What a person chose; NULL is the default of that kind and channel.
CREATE TABLE notifications.preferences (
    user_id uuid NOT NULL,
    kind text NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    app text CHECK (app IN ('off', 'now')),
    mail text CHECK (mail IN ('off', 'now', 'digest')),
    push text CHECK (push IN ('off', 'now')),
    sms text CHECK (sms IN ('off', 'now')),
    PRIMARY KEY (user_id, kind)
);
{tenant_table("notifications.preferences")}

-- When: quiet hours on the person's own clock, and the digest (weekday 1 is Monday).
CREATE TABLE notifications.rhythms (
    user_id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    quiet_from time,
    quiet_until time,
    time_zone text NOT NULL,
    digest text NOT NULL CHECK (digest IN ('off', 'daily', 'weekly')),
    digest_hour int NOT NULL CHECK (digest_hour BETWEEN 0 AND 23),
    digest_weekday int NOT NULL CHECK (digest_weekday BETWEEN 1 AND 7),
    CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);
{tenant_table("notifications.rhythms")}

-- The end of the quiet hours that `at` lies in, or `at`.
CREATE FUNCTION notifications.after_quiet_hours(at timestamptz, quiet_from time, quiet_until time, zone text)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN quiet_from IS NULL OR quiet_from = quiet_until THEN at
        WHEN quiet_from < quiet_until AND clock >= quiet_from AND clock < quiet_until
            THEN (day + quiet_until) AT TIME ZONE zone
        WHEN quiet_from > quiet_until AND clock >= quiet_from THEN (day + 1 + quiet_until) AT TIME ZONE zone
        WHEN quiet_from > quiet_until AND clock < quiet_until THEN (day + quiet_until) AT TIME ZONE zone
        ELSE at
    END
    FROM (SELECT (at AT TIME ZONE zone)::time AS clock, (at AT TIME ZONE zone)::date AS day) here
$$;

-- The next time after `at` that the person's digest goes out.
CREATE FUNCTION notifications.next_digest(at timestamptz, digest text, hour int, weekday int, zone text)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT min((day + ahead + make_time(hour, 0, 0)) AT TIME ZONE zone)
    FROM (SELECT (at AT TIME ZONE zone)::date AS day) here, generate_series(0, 8) ahead
    WHERE (day + ahead + make_time(hour, 0, 0)) AT TIME ZONE zone > at
      AND (digest = 'daily' OR extract(isodow FROM day + ahead) = weekday)
$$;

-- What is to leave the house: see modules/notifications/channels.
CREATE TABLE notifications.deliveries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    notification_id uuid NOT NULL REFERENCES notifications.notifications ON DELETE CASCADE,
    user_id uuid NOT NULL,
    channel text NOT NULL CHECK (channel IN ('mail', 'push', 'sms')),
    state text NOT NULL CHECK (state IN ('waiting', 'digest', 'sent', 'dropped', 'failed')),
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
) WITH (fillfactor = 80);
-- What still waits stands for all that is added to its notification meanwhile.
CREATE UNIQUE INDEX deliveries_open ON notifications.deliveries (notification_id, channel)
    WHERE state IN ('waiting', 'digest');
CREATE INDEX deliveries_of_notification ON notifications.deliveries (notification_id);
CREATE INDEX deliveries_of_user ON notifications.deliveries (user_id);
{tenant_table("notifications.deliveries")}


-- Channels: what they need to send.

-- Who sends a row has it as 'sending' until `due_at`, its lease: found due again, whoever had it is gone. A
-- digest is a row without a notification; it stands for those that are 'gathered' under its id.
ALTER TABLE notifications.deliveries
    ADD COLUMN attempts int NOT NULL DEFAULT 0,
    ADD COLUMN error text,
    ADD COLUMN digest_id uuid REFERENCES notifications.deliveries ON DELETE CASCADE,
    ALTER COLUMN notification_id DROP NOT NULL,
    DROP CONSTRAINT deliveries_state_check,
    ADD CONSTRAINT deliveries_state_check
        CHECK (state IN ('waiting', 'sending', 'digest', 'gathered', 'sent', 'dropped', 'failed'));
CREATE INDEX deliveries_at_hand ON notifications.deliveries (tenant_id, channel, due_at)
    WHERE state IN ('waiting', 'sending');
CREATE INDEX deliveries_of_digest ON notifications.deliveries (digest_id) WHERE digest_id IS NOT NULL;
CREATE INDEX deliveries_digest_due ON notifications.deliveries (tenant_id, due_at) WHERE state = 'digest';
CREATE INDEX deliveries_failed ON notifications.deliveries (tenant_id, id) WHERE state = 'failed';
CREATE INDEX deliveries_old ON notifications.deliveries (tenant_id, due_at)
    WHERE state IN ('sent', 'dropped', 'failed');

-- A channel that is down is left alone until `retry_at`, its messages wait.
CREATE TABLE notifications.outages (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    channel text NOT NULL CHECK (channel IN ('mail', 'push', 'sms')),
    since timestamptz NOT NULL,
    failures int NOT NULL,
    retry_at timestamptz NOT NULL,
    error text NOT NULL,
    PRIMARY KEY (tenant_id, channel)
);
{tenant_table("notifications.outages")}

-- Sees every tenant, and tells which of them have something to send over a channel that is not left alone: one
-- row each, which is another one every five seconds.
CREATE FUNCTION notifications.due_deliveries(wanted text, most int)
RETURNS TABLE (tenant_id int, subject_id uuid, tries int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.id, oldest.id, floor(extract(epoch FROM clock_timestamp()) / 5)::int
    FROM platform.tenants t CROSS JOIN LATERAL (
        SELECT d.id FROM notifications.deliveries d
        WHERE d.tenant_id = t.id AND d.channel = wanted AND d.state IN ('waiting', 'sending')
          AND d.due_at <= clock_timestamp()
        ORDER BY d.due_at LIMIT 1
    ) AS oldest
    WHERE NOT EXISTS (
        SELECT FROM notifications.outages o
        WHERE o.tenant_id = t.id AND o.channel = wanted AND o.retry_at > clock_timestamp())
    LIMIT most
$$;
CREATE FUNCTION notifications.due_digests(most int)
RETURNS TABLE (tenant_id int, subject_id uuid, tries int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.id, oldest.id, floor(extract(epoch FROM clock_timestamp()) / 5)::int
    FROM platform.tenants t CROSS JOIN LATERAL (
        SELECT d.id FROM notifications.deliveries d
        WHERE d.tenant_id = t.id AND d.state = 'digest' AND d.due_at <= clock_timestamp()
        ORDER BY d.due_at LIMIT 1
    ) AS oldest
    LIMIT most
$$;
REVOKE ALL ON FUNCTION notifications.due_deliveries(text, int), notifications.due_digests(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notifications.due_deliveries(text, int), notifications.due_digests(int) TO threadly_app;

-- Browsers that want to be told, as their push services know them.
CREATE TABLE notifications.push_subscriptions (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    user_id uuid NOT NULL,
    endpoint text NOT NULL CHECK (length(endpoint) <= 2048),
    p256dh text NOT NULL,
    auth text NOT NULL,
    device text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX push_subscriptions_endpoint ON notifications.push_subscriptions (tenant_id, endpoint);
CREATE INDEX push_subscriptions_of_user ON notifications.push_subscriptions (user_id, id);
{tenant_table("notifications.push_subscriptions")}

-- Telephones. A number is written to once its owner has typed the code that was sent there.
CREATE TABLE notifications.phones (
    user_id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    number text NOT NULL,
    confirmed_at timestamptz,
    code_hash bytea,
    code_sent_at timestamptz,
    tries int NOT NULL DEFAULT 0,
    codes_sent int NOT NULL DEFAULT 0
);
{tenant_table("notifications.phones")}

-- What operators did about something that had failed: recorded in the audit log, too. A worker does what is
-- asked of a job, and says in `outcome` what came of it.
CREATE TABLE platform.interventions (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    kind text NOT NULL CHECK (kind IN ('reaction', 'job', 'delivery')),
    subject text NOT NULL,
    action text NOT NULL CHECK (action IN ('retry', 'drop')),
    said text NOT NULL,
    actor_id uuid,
    at timestamptz NOT NULL,
    done_at timestamptz,
    outcome text
);
CREATE INDEX interventions_newest ON platform.interventions (tenant_id, id);
CREATE INDEX interventions_pending ON platform.interventions (id) WHERE done_at IS NULL;
{tenant_table("platform.interventions")}
CREATE TRIGGER audit AFTER INSERT ON platform.interventions
    FOR EACH ROW EXECUTE FUNCTION platform.audit('id');
CREATE FUNCTION platform.pending_interventions(most int)
RETURNS TABLE (id uuid, tenant_id int, subject text, action text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT i.id, i.tenant_id, i.subject, i.action FROM platform.interventions i
    WHERE i.done_at IS NULL ORDER BY i.id LIMIT most
$$;
-- The engine's tables come with the engine, so its names are looked up when this runs. What is not of a tenant
-- (a schedule that could not enqueue) is shown to the first one, whose operators run the installation.
CREATE FUNCTION platform.failed_jobs(most int)
RETURNS TABLE (id text, job text, queue text, arguments jsonb, error text, failed_at timestamptz, portable boolean)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT w.workflow_uuid::text, w.name::text, coalesce(w.queue_name, '')::text,
           CASE WHEN w.serialization = 'portable_json' THEN i.inputs::jsonb -> 'namedArgs' -> 'arguments' END,
           coalesce(o.error, w.error, '')::text,
           to_timestamp(w.updated_at / 1000.0), coalesce(w.serialization = 'portable_json', false)
    FROM dbos.workflow_status w LEFT JOIN dbos.workflow_input i ON i.workflow_uuid = w.workflow_uuid
         LEFT JOIN dbos.workflow_output o ON o.workflow_uuid = w.workflow_uuid
    WHERE w.status IN ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
      AND CASE WHEN w.serialization = 'portable_json'
               THEN (i.inputs::jsonb -> 'namedArgs' ->> 'tenant_id')::int = platform.tenant_id()
               ELSE platform.tenant_id() = 1 END
    ORDER BY w.updated_at DESC LIMIT most;
END $$;
REVOKE ALL ON FUNCTION platform.pending_interventions(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.pending_interventions(int) TO threadly_app;
"""  # only the SQL of tenancy.py is put in

DOWN = """
DROP FUNCTION platform.failed_jobs(int), platform.pending_interventions(int);
DROP TABLE platform.interventions;
DROP SCHEMA notifications CASCADE;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
