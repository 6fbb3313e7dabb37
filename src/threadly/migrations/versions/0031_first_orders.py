"""first orders

Two first orders of a community at once make its sequence once.
"""

from alembic import op

revision = "0031"
down_revision = "0030"

UP = """
-- Who has waited for the lock may still remember that there is no sequence: names are looked up in a cache that a
-- lock of this kind does not refresh. Making it finds out.
CREATE OR REPLACE FUNCTION store.next_order_number() RETURNS bigint
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
"""

DOWN = """
CREATE OR REPLACE FUNCTION store.next_order_number() RETURNS bigint
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
            EXECUTE format('CREATE SEQUENCE store.%I START %s', 'order_numbers_' || tenant, first);
        END IF;
    END IF;
    RETURN nextval(name::regclass);
END $$;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
