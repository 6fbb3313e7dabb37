"""Orders lie in partitions by month, which have to be made in time: by a job each day, and at each start."""

import asyncpg
import msgspec

__all__ = ["KEEP_PARTITIONS", "Partitions", "look_at_partitions"]

# The owner's: what lies in the default partition moves to its month, and the months to come get theirs.
KEEP_PARTITIONS = "SELECT store.keep_order_partitions()"
LOOK = """
SELECT (SELECT count(*) FROM store.orders_other) AS misplaced,
    to_regclass('store.orders_' || to_char((now() AT TIME ZONE 'UTC') + interval '1 month', 'YYYY_MM'))
        IS NOT NULL AS ready
"""


class Partitions(msgspec.Struct, frozen=True):
    """How many orders lie in no month's partition, and whether next month's is `ready`."""

    misplaced: int
    ready: bool


async def look_at_partitions(connection: "asyncpg.Connection[asyncpg.Record]") -> Partitions:
    """`connection` is the owner's, who sees all tenants."""
    row = await connection.fetchrow(LOOK)
    assert row
    return Partitions(*row)
