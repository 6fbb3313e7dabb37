"""What each start sees to, beside the schema: that every month of orders has its partition."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from tests.conftest import database_apart
from threadly.doctor import Finding, findings
from threadly.migrations.running import migrate_up
from threadly.platform.embedded import EmbeddedPostgres
from threadly.preparation import prepare
from threadly.settings import Settings

# An installation that was off for a season: the last months that it made are gone by.
FORGET = """
DO $$
DECLARE place text;
BEGIN
    FOR place IN
        SELECT relid::text FROM pg_partition_tree('store.orders') WHERE relid::text LIKE '%orders_20%'
    LOOP
        EXECUTE 'ALTER TABLE store.orders DETACH PARTITION ' || place;
        EXECUTE 'DROP TABLE ' || place;
    END LOOP;
END $$
"""
# $1: how many months ago.
ORDER = """
INSERT INTO store.orders (id, tenant_id, number, buyer_id, state, currency, subtotal_minor, discount_minor,
    shipping_minor, tax_minor, total_minor, gift_card_minor, due_minor, quote, address, email, created_at,
    updated_at)
SELECT store.new_id(at), 1, 1000 + $1, gen_random_uuid(), 'paid', 'USD', 0, 0, 0, 0, 0, 0, 0, '{}', '{}', '',
    at, at
FROM (SELECT now() - make_interval(months => $1) AS at) moment
RETURNING id
"""
LINE = """
INSERT INTO store.order_lines (order_id, line, tenant_id, product_id, variant_id, handle, title, options, sku,
    quantity, price_minor, discount_minor, tax_minor, total_minor, tracked)
VALUES ($1, 1, 1, gen_random_uuid(), gen_random_uuid(), 'mug', 'Mug', '', '', 1, 0, 0, 0, 0, true)
"""
PLACES = """
SELECT substring(tableoid::regclass::text FROM 'orders_\\w+$') = 'orders_' || to_char(created_at, 'YYYY_MM')
FROM store.orders
"""
AHEAD = """
SELECT to_regclass('store.orders_' || to_char(now() + make_interval(months => $1), 'YYYY_MM')) IS NOT NULL
"""


@pytest.fixture
def apart(settings: Settings, postgres: EmbeddedPostgres) -> Iterator[Settings]:
    with database_apart(postgres, settings, "prepared") as settings:
        yield settings


@pytest.fixture
async def owner_of(apart: Settings) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(apart.owner_database_url)
    await connection.execute("SET timezone = 'UTC'")
    yield connection
    await connection.close()


async def orders_of(settings: Settings) -> Finding:
    (found,) = [each async for each in findings(settings) if "partition" in each.what]
    return found


@pytest.mark.parametrize("command", ["up", "migrate up"])
async def test_orders_of_a_month_without_a_partition_find_it_at_the_next_start(
    apart: Settings, owner_of: "asyncpg.Connection[asyncpg.Record]", command: str
) -> None:
    assert await orders_of(apart) == Finding(
        "Every order lies in its month's partition, and next month has one"
    )
    await owner_of.execute(FORGET)
    for months in (0, 0, 5):
        order = await owner_of.fetchval(ORDER, months)
        await owner_of.execute(LINE, order)
    found = await orders_of(apart)
    assert found.what == "Orders in no month's partition: 3; next month has none yet"
    assert "threadly migrate up" in found.mend

    if command == "up":
        await prepare(apart, demo=False)
    else:
        migrate_up(str(apart.owner_database_url))
    assert [row[0] for row in await owner_of.fetch(PLACES)] == [True, True, True]
    assert await owner_of.fetchval("SELECT count(*) FROM store.order_lines") == 3
    assert not (await orders_of(apart)).mend
    # What refers to orders still does.
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await owner_of.execute("UPDATE store.order_lines SET order_id = gen_random_uuid()")
    await owner_of.execute("DELETE FROM store.orders")
    assert await owner_of.fetchval("SELECT count(*) FROM store.order_lines") == 0


async def test_a_month_with_misplaced_orders_keeps_no_other_from_its_partition(
    apart: Settings, owner_of: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await owner_of.execute(FORGET)
    await owner_of.fetchval(ORDER, 0)
    # As the daily job asks for them.
    application = await asyncpg.connect(apart.database_url)
    assert await application.fetchval("SELECT store.add_order_partitions(3)") == 3
    await application.close()
    assert [await owner_of.fetchval(AHEAD, months) for months in range(5)] == [False, True, True, True, False]
    assert (await orders_of(apart)).what == "Orders in no month's partition: 1; next month has one"
