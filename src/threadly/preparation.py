"""What a start needs before the programs run: the schema, the demo community. Quick when both are there."""

import asyncpg

from threadly.migrations import is_migrated
from threadly.migrations.partitions import KEEP_PARTITIONS
from threadly.platform.progress import Progress
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.processes import refuse_bad_files
from threadly.settings import Settings

__all__ = ["prepare"]

IS_INHABITED = "SELECT EXISTS (SELECT FROM identity.users WHERE tenant_id = $1)"


async def prepare(settings: Settings, *, demo: bool) -> None:
    refuse_bad_files(settings)
    progress = Progress()
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        if not await is_migrated(connection):
            with progress.phase("Migrating the database") as phase:
                from threadly.migrations.running import migrate_up

                applied = migrate_up(str(settings.owner_database_url))
                phase.done = f"Database migrated ({', '.join(applied) or 'the job engine'})"
        else:
            await connection.execute(KEEP_PARTITIONS)
        if demo and not await connection.fetchval(IS_INHABITED, PUBLIC_TENANT_ID):
            from threadly.demo import seed_demo  # much to import, for the first start only

            await seed_demo(settings, progress=progress)
    finally:
        await connection.close()
