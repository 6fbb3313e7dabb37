"""Alembic's entry: one transaction per revision, and one migrating process at a time."""

from alembic import context
from sqlalchemy import create_engine, text

MIGRATION_LOCK = 0x7468_7265


def run() -> None:
    engine = create_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
