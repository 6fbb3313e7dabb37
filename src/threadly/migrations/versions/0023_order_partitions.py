"""order partitions

Orders that came in before their month had a partition lie in the default one. They no longer keep the months to
come from having theirs, and find theirs at the next start.
"""

from alembic import op

revision = "0023"
down_revision = "0022"

UP = """
-- Whether the partition of the month that begins then is made now. A month of which there are orders in the
-- default partition is left out: PostgreSQL refuses its partition until they are gone from there.
CREATE FUNCTION store.add_order_partition(month timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    name text := 'orders_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass('store.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE store.%I PARTITION OF store.orders FOR VALUES FROM (%L) TO (%L)',
        name, store.first_id_at(month), store.first_id_at(month + interval '1 month'));
    EXECUTE format('ALTER TABLE store.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON store.%I USING (tenant_id = platform.tenant_id())', name);
    EXECUTE format('REVOKE ALL ON store.%I FROM threadly_app', name);
    RETURN true;
-- The latter: it overlaps another, of a server that counted months by another clock.
EXCEPTION WHEN check_violation OR invalid_object_definition THEN
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION store.add_order_partition(timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION store.add_order_partitions(ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    month timestamptz := date_trunc('month', now());
    added int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('store.add_order_partitions', 0));
    FOR n IN 0 .. least(greatest(ahead, 0), 24) LOOP
        IF store.add_order_partition(month + make_interval(months => n)) THEN
            added := added + 1;
        END IF;
    END LOOP;
    RETURN added;
END $$;

-- For the owner, at each start: orders in the default partition move to those of their months, and the months to
-- come get theirs. Returns how many moved. What refers to orders is set aside meanwhile, since a row that
-- changes partitions this way is gone for a moment; nobody sees that, for nobody else gets at the table.
CREATE FUNCTION store.keep_order_partitions() RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    referring record;
    restoring text[] := '{}';
    statement text;
    month timestamptz;
    moved int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('store.add_order_partitions', 0));
    IF EXISTS (SELECT FROM store.orders_other) THEN
        LOCK TABLE store.orders IN ACCESS EXCLUSIVE MODE;
        FOR referring IN
            SELECT c.conrelid::regclass AS place, c.conname AS name, pg_get_constraintdef(c.oid) AS says
            FROM pg_constraint c
            WHERE c.contype = 'f' AND c.confrelid = 'store.orders'::regclass AND c.conparentid = 0
        LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', referring.place, referring.name);
            restoring := restoring || format('ALTER TABLE %s ADD CONSTRAINT %I %s',
                referring.place, referring.name, referring.says);
        END LOOP;
        CREATE TEMP TABLE moving_orders ON COMMIT DROP AS SELECT * FROM store.orders_other;
        DELETE FROM store.orders_other;
        FOR month IN
            SELECT DISTINCT date_trunc('month', to_timestamp(
                ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0))
            FROM moving_orders
        LOOP
            PERFORM store.add_order_partition(month);
        END LOOP;
        INSERT INTO store.orders SELECT * FROM moving_orders;
        GET DIAGNOSTICS moved = ROW_COUNT;
        DROP TABLE moving_orders;
        FOREACH statement IN ARRAY restoring LOOP
            EXECUTE statement;
        END LOOP;
    END IF;
    PERFORM store.add_order_partitions(3);
    RETURN moved;
END $$;
REVOKE ALL ON FUNCTION store.keep_order_partitions() FROM PUBLIC;
"""

DOWN = """
DROP FUNCTION store.keep_order_partitions();
CREATE OR REPLACE FUNCTION store.add_order_partitions(ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    month timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    name text;
    added int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('store.add_order_partitions', 0));
    FOR n IN 0 .. least(greatest(ahead, 0), 24) LOOP
        name := 'orders_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass('store.' || name) IS NULL THEN
            EXECUTE format('CREATE TABLE store.%I PARTITION OF store.orders FOR VALUES FROM (%L) TO (%L)',
                name, store.first_id_at(month), store.first_id_at(month + interval '1 month'));
            EXECUTE format('ALTER TABLE store.%I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('CREATE POLICY tenant ON store.%I USING (tenant_id = platform.tenant_id())', name);
            EXECUTE format('REVOKE ALL ON store.%I FROM threadly_app', name);
            added := added + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN added;
END $$;
DROP FUNCTION store.add_order_partition(timestamptz);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
