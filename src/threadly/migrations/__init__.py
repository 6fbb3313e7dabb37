"""The schema's history: Alembic revisions of hand-written SQL, each with an up and a down.

Migrations run as the owner of the schema; web and worker connect as `threadly_app`, which owns nothing.
What runs them is in `running.py`, apart: Alembic and its driver take half a second to load, and whether
anything is missing can be asked without them.
"""

from importlib.metadata import version
from pathlib import Path

import asyncpg

__all__ = ["engine_mark", "is_migrated"]

VERSIONS = Path(__file__).with_name("versions")


async def is_migrated(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether the schema is this version's; `connection` is the owner's."""
    if await connection.fetchval("SELECT to_regclass('public.alembic_version') IS NULL"):
        return False
    applied = await connection.fetchval("SELECT version_num FROM alembic_version")
    newest = max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
    engine = await connection.fetchval("SELECT obj_description(to_regnamespace('dbos'), 'pg_namespace')")
    return bool(applied == newest and engine == engine_mark())


def engine_mark() -> str:
    """The comment on the durable engine's schema, which says who migrated it."""
    return f"migrated by dbos {version('dbos')}"
