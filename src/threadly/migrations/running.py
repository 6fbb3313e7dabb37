"""Runs the migrations, and those of the durable engine."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, text

from threadly.migrations import APPLICATION_ROLE, engine_mark
from threadly.migrations.partitions import KEEP_PARTITIONS
from threadly.platform.durable.engine import migrate_engine
from threadly.platform.embedded import NotStarted

__all__ = ["migrate_down", "migrate_up", "pending_revisions"]


def migrate_up(owner_url: str) -> list[str]:
    """Apply what is missing, the durable engine's own tables included. Returns the revisions applied.

    Raises NotStarted where there is nobody to grant anything to.
    """
    _require_application_role(owner_url)
    pending = pending_revisions(owner_url)
    migrate_engine(owner_url, application_role=APPLICATION_ROLE)
    if pending:
        command.upgrade(_config(owner_url), "head")
    _mark_engine(owner_url)
    _keep_partitions(owner_url)
    return pending


def migrate_down(owner_url: str, *, revision: str) -> None:
    """Go back to `revision` (`-1` for one step, `base` for an empty schema)."""
    command.downgrade(_config(owner_url), revision)


def pending_revisions(owner_url: str) -> list[str]:
    """Revisions not applied yet, oldest first, as `0001 platform`."""
    scripts = ScriptDirectory.from_config(_config(owner_url))
    engine = create_engine(_driver_url(owner_url))
    try:
        with engine.connect() as connection:
            applied = MigrationContext.configure(connection).get_current_heads()
    finally:
        engine.dispose()
    revisions = scripts.iterate_revisions("head", applied or "base")
    return [f"{each.revision} {each.doc}" for each in reversed(list(revisions))]


def _require_application_role(owner_url: str) -> None:
    engine = create_engine(_driver_url(owner_url))
    try:
        with engine.connect() as connection:
            asked = text("SELECT FROM pg_roles WHERE rolname = :name")
            if connection.execute(asked, {"name": APPLICATION_ROLE}).first() is None:
                raise NotStarted(
                    f"There is no role {APPLICATION_ROLE}, to which the migrations grant what one "
                    f"may do: as a superuser, CREATE ROLE {APPLICATION_ROLE}."
                )
    finally:
        engine.dispose()


def _mark_engine(owner_url: str) -> None:
    engine = create_engine(_driver_url(owner_url))
    try:
        with engine.begin() as connection:
            connection.execute(text(f"COMMENT ON SCHEMA dbos IS '{engine_mark()}'"))
    finally:
        engine.dispose()


def _keep_partitions(owner_url: str) -> None:
    engine = create_engine(_driver_url(owner_url))
    try:
        with engine.begin() as connection:
            connection.execute(text(KEEP_PARTITIONS))
    finally:
        engine.dispose()


def _config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = _driver_url(owner_url)
    return config


def _driver_url(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
