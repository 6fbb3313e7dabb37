"""What a start needs before the programs run: the schema, the demo community. Quick when both are there."""

import asyncpg

from threadly.migrations import is_migrated
from threadly.platform.progress import Progress
from threadly.settings import Settings

__all__ = ["prepare"]


async def prepare(settings: Settings, *, demo: bool) -> None:
    progress = Progress()
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        if not await is_migrated(connection):
            with progress.phase("Migrating the database") as phase:
                from threadly.migrations.running import migrate_up

                applied = migrate_up(str(settings.owner_database_url))
                phase.done = f"Database migrated ({', '.join(applied) or 'the job engine'})"
        if demo:
            from threadly.demo import seed_demo

            await seed_demo(settings, connection, progress=progress)
    finally:
        await connection.close()
