"""The schema's history: Alembic revisions of hand-written SQL, each with an up and a down.

Migrations run as the owner of the schema; web and worker connect as `threadly_app`, or a member
of it, which owns nothing.
What runs them is in `running.py`, apart: Alembic and its driver take half a second to load, and whether
anything is missing can be asked without them.
"""

from functools import cache
from importlib.metadata import version
from pathlib import Path

import asyncpg

from threadly.platform.db import NotMigrated

__all__ = ["APPLICATION_ROLE", "engine_mark", "is_migrated", "lacks_migrations", "require_schema"]

# To it the migrations grant what web and worker may do: they connect as it, or as a member of it.
APPLICATION_ROLE = "threadly_app"
VERSIONS = Path(__file__).with_name("versions")
APPLIED = "SELECT version_num FROM public.alembic_version"


async def is_migrated(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether the schema is this version's; `connection` is the owner's."""
    if await connection.fetchval("SELECT to_regclass('public.alembic_version') IS NULL"):
        return False
    applied = await connection.fetchval(APPLIED)
    engine = await connection.fetchval("SELECT obj_description(to_regnamespace('dbos'), 'pg_namespace')")
    return bool(applied == newest_revision() and engine == engine_mark())


async def lacks_migrations(owner_url: str | None) -> bool:
    """Whether that certainly is why a table is missing: not where the role may not even read their mark."""
    connection = await asyncpg.connect(owner_url)
    try:
        return not await is_migrated(connection)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await connection.close()


async def require_schema(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Raises NotMigrated unless the schema is of this version or a later one: those whom a new release is to
    replace serve on until it does. `connection` may be the application's."""
    try:
        applied = await connection.fetchval(APPLIED)
    except asyncpg.UndefinedTableError as error:
        raise NotMigrated from error
    if applied is None or applied < newest_revision():
        raise NotMigrated


@cache
def newest_revision() -> str:
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def engine_mark() -> str:
    """The comment on the durable engine's schema, which says who migrated it."""
    return f"migrated by dbos {version('dbos')}"
