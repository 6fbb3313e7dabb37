"""order numbers

Each community counts its own orders, so that nobody reads another's sales off their numbers.
"""

from alembic import op

revision = "0029"
down_revision = "0028"

UP = """
-- A sequence for each community, made with its first order: checkouts that are under way at once do not wait for
-- each other's numbers, as they would for a row's that counts. It goes on where the common one has left off; orders
-- keep their numbers. Only the first order of all is waited for, so that its sequence is made once.
-- Who has waited for its lock may still remember that there is no sequence: names are looked up in a cache that a
-- lock of this kind does not refresh. Making it finds out.
CREATE FUNCTION store.next_order_number() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tenant int := platform.tenant_id();
    name text := 'store.order_numbers_' || tenant;
    first bigint;
BEGIN
    IF to_regclass(name) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(name, 0));
        IF to_regclass(name) IS NULL THEN
            SELECT coalesce(max(number) + 1, 1001) INTO first FROM store.orders WHERE tenant_id = tenant;
            BEGIN
                EXECUTE format('CREATE SEQUENCE store.%I START %s', 'order_numbers_' || tenant, first);
            EXCEPTION WHEN duplicate_table THEN
                NULL;
            END;
        END IF;
    END IF;
    RETURN nextval(name::regclass);
END $$;
REVOKE ALL ON FUNCTION store.next_order_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION store.next_order_number() TO threadly_app;
ALTER TABLE store.orders ALTER COLUMN number SET DEFAULT store.next_order_number();
DROP SEQUENCE store.order_numbers;
"""

DOWN = """
CREATE SEQUENCE store.order_numbers START 1001;
GRANT USAGE ON SEQUENCE store.order_numbers TO threadly_app;
SELECT setval('store.order_numbers', max(number)) FROM store.orders HAVING max(number) IS NOT NULL;
ALTER TABLE store.orders ALTER COLUMN number SET DEFAULT nextval('store.order_numbers');
DROP FUNCTION store.next_order_number();
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'store'::regnamespace AND c.relkind = 'S' AND c.relname ~ '^order_numbers_[0-9]+$'
    LOOP
        EXECUTE format('DROP SEQUENCE store.%I', name);
    END LOOP;
END $$;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
