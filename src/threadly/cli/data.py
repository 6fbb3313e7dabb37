"""Commands on what is stored: schema, invented members, imports from other shops, the index of the search."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from threadly.cli.options import home_option, located_settings, operate


@click.group()
def migrate() -> None:
    """The schema of the database."""


@migrate.command("up")
@home_option
def migrate_up(home: Path | None) -> None:
    """Apply every missing revision."""
    from threadly.migrations import running

    with located_settings(home) as settings:
        applied = running.migrate_up(str(settings.owner_database_url))
    for revision in applied or ["Nothing to do: the schema is up to date."]:
        print(revision)


@migrate.command("down")
@home_option
@click.option("--to", "revision", default="-1", show_default=True, help="A revision, or `base` for none.")
@click.confirmation_option(prompt="This drops tables with their data. Go on?")
def migrate_down(home: Path | None, revision: str) -> None:
    """Undo the newest revision, or go back to another."""
    from threadly.migrations import running

    with located_settings(home) as settings:
        running.migrate_down(str(settings.owner_database_url), revision=revision)
    print("Done.")


@migrate.command("status")
@home_option
def migrate_status(home: Path | None) -> None:
    """Which revisions are missing."""
    from threadly.migrations import running

    with located_settings(home) as settings:
        pending = running.pending_revisions(str(settings.owner_database_url))
    for revision in pending or ["The schema is up to date."]:
        print(revision)
    sys.exit(1 if pending else 0)


@click.command()
@home_option
@click.option("--users", type=click.IntRange(2, 1_000_000), default=2_000, show_default=True)
@click.option("--posts", type=click.IntRange(0, 10_000_000), default=100_000, show_default=True)
@click.option("--follows", type=click.IntRange(0, 10_000_000), help="100 per user by default.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--until", type=click.DateTime(), help="The newest rows are of this time (UTC); today by default."
)
def seed(
    home: Path | None, users: int, posts: int, follows: int | None, seed: int, until: datetime | None
) -> None:
    """Fill the community with invented members, follows and posts: the same for the same options."""
    import asyncio

    from threadly.seeding import seed_community

    with located_settings(home) as settings:
        now = (until or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)).replace(
            tzinfo=UTC
        )
        asyncio.run(seed_community(settings, users=users, posts=posts, follows=follows, seed=seed, now=now))


@click.group("import")
def import_() -> None:
    """What other shops export."""


@import_.command("products")
@home_option
@click.option("--tenant", default="public", show_default=True)
@click.option("--dry-run", is_flag=True, help="Change nothing, only say what would be.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_products(home: Path | None, tenant: str, dry_run: bool, file: Path) -> None:
    """Import the products of a CSV file; the same file again changes nothing. See docs/import.md."""
    from threadly.operations import import_products as run

    operate(home, lambda settings: run(settings, tenant=tenant, file=file, dry_run=dry_run))


@click.group("search")
def search_() -> None:
    """The index of the search."""


@search_.command("rebuild")
@home_option
@click.option("--tenant", default="public", show_default=True)
def search_rebuild(home: Path | None, tenant: str) -> None:
    """Build it anew, beside the one in use, which goes on until then. See docs/search.md."""
    from threadly.operations import rebuild_search

    operate(home, lambda settings: rebuild_search(settings, tenant=tenant))
