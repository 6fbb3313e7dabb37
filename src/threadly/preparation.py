"""What a start needs before the programs run: the schema, and the demo community. Quick when both are there."""

from importlib.metadata import version
from pathlib import Path

import asyncpg

from threadly.platform.progress import Progress
from threadly.settings import Settings

__all__ = ["is_migrated", "prepare"]

VERSIONS = Path(__file__).parent / "migrations" / "versions"


async def prepare(settings: Settings, *, demo: bool) -> None:
    progress = Progress()
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        if not await is_migrated(connection):
            with progress.phase("Migrating the database") as phase:
                applied = await _migrate(settings, connection)
                phase.done = f"Database migrated ({', '.join(applied) or 'the job engine'})"
        if demo:
            from threadly.demo import seed_demo

            await seed_demo(settings, connection, progress=progress)
    finally:
        await connection.close()


async def is_migrated(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether the schema is this version's, asked without loading what migrates (half a second)."""
    if await connection.fetchval("SELECT to_regclass('public.alembic_version') IS NULL"):
        return False
    applied = await connection.fetchval("SELECT version_num FROM alembic_version")
    newest = max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
    engine = await connection.fetchval("SELECT obj_description(to_regnamespace('dbos'), 'pg_namespace')")
    return bool(applied == newest and engine == _engine_mark())


async def _migrate(settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    from threadly.migrations import migrate_up

    applied = migrate_up(str(settings.owner_database_url))
    await connection.execute(f"COMMENT ON SCHEMA dbos IS '{_engine_mark()}'")
    return applied


def _engine_mark() -> str:
    return f"migrated by dbos {version('dbos')}"
