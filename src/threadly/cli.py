"""The command `threadly`: reads arguments and settings. What it does is elsewhere, imported when needed."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from threadly.platform.embedded import NotStarted
from threadly.settings import BadSetting, Settings, read_settings

__all__ = ["main"]


def main() -> None:
    try:
        cli(standalone_mode=True)
    except (BadSetting, NotStarted) as reason:
        print(reason, file=sys.stderr)
        sys.exit(2)


def _home_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--home", type=click.Path(path_type=Path), help="Where the embedded servers keep their data."
    )(command)


def _settings(**given: object) -> Settings:
    return msgspec.structs.replace(
        read_settings(), **{name: value for name, value in given.items() if value is not None}
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="threadly")
def cli() -> None:
    """A community platform: talk, trade, teach. Settings come from the environment; see .env.example."""


@cli.command()
@_home_option
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen; 8000 by default.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes; 1 by default.")
@click.option("--no-demo", is_flag=True, help="Start with an empty community.")
def up(home: Path | None, port: int | None, workers: int | None, no_demo: bool) -> None:
    """Start everything on this machine: servers, schema, demo community, web and worker."""
    from threadly.processes import run_up

    sys.exit(run_up(_settings(home=home, port=port, workers=workers), demo=not no_demo))


@cli.command()
@_home_option
@click.option("--port", type=click.IntRange(1, 65535))
@click.option("--workers", type=click.IntRange(1, 64))
def web(home: Path | None, port: int | None, workers: int | None) -> None:
    """Serve HTTP."""
    from threadly.processes import run_web

    sys.exit(run_web(_settings(home=home, port=port, workers=workers)))


@cli.command()
@_home_option
@click.option("--ready-file", type=click.Path(path_type=Path), hidden=True)
def worker(home: Path | None, ready_file: Path | None) -> None:
    """Run reactions, jobs and schedules."""
    from threadly.processes import located
    from threadly.worker import run_worker

    with located(_settings(home=home)) as settings:
        asyncio.run(run_worker(settings, on_ready=ready_file.touch if ready_file else lambda: None))


@cli.command(hidden=True)
@click.option("--demo", is_flag=True)
def prepare(demo: bool) -> None:
    """What `up` does between the servers and the programs: migrate, and seed the demo community."""
    from threadly.preparation import prepare as run

    with _located() as settings:
        asyncio.run(run(settings, demo=demo))


@cli.group()
def migrate() -> None:
    """The schema of the database."""


@migrate.command("up")
@_home_option
def migrate_up(home: Path | None) -> None:
    """Apply every missing revision."""
    from threadly.migrations import running

    with _located(home) as settings:
        applied = running.migrate_up(str(settings.owner_database_url))
    for revision in applied or ["Nothing to do: the schema is up to date."]:
        print(revision)


@migrate.command("down")
@_home_option
@click.option("--to", "revision", default="-1", show_default=True, help="A revision, or `base` for none.")
@click.confirmation_option(prompt="This drops tables with their data. Go on?")
def migrate_down(home: Path | None, revision: str) -> None:
    """Undo the newest revision, or go back to another."""
    from threadly.migrations import running

    with _located(home) as settings:
        running.migrate_down(str(settings.owner_database_url), revision=revision)
    print("Done.")


@migrate.command("status")
@_home_option
def migrate_status(home: Path | None) -> None:
    """Which revisions are missing."""
    from threadly.migrations import running

    with _located(home) as settings:
        pending = running.pending_revisions(str(settings.owner_database_url))
    for revision in pending or ["The schema is up to date."]:
        print(revision)
    sys.exit(1 if pending else 0)


@cli.command()
@_home_option
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
    from threadly.seeding import seed_community

    with _located(home) as settings:
        now = (until or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)).replace(
            tzinfo=UTC
        )
        asyncio.run(seed_community(settings, users=users, posts=posts, follows=follows, seed=seed, now=now))


@cli.command()
@_home_option
def doctor(home: Path | None) -> None:
    """Check the installation; say what is wrong and how to mend it."""
    from threadly.doctor import examine

    sys.exit(asyncio.run(examine(_settings(home=home))))


@cli.group()
def events() -> None:
    """Reactions that failed for good, and replay."""


@events.command("dead")
@_home_option
def events_dead(home: Path | None) -> None:
    """List dead letters."""
    from threadly.operations import print_dead_letters

    _operate(home, print_dead_letters)


@events.command("retry")
@_home_option
@click.argument("event_id", type=UUID)
@click.argument("reaction")
def events_retry(home: Path | None, event_id: UUID, reaction: str) -> None:
    """Try a dead letter again."""
    from threadly.operations import retry_dead_letter

    _operate(home, lambda settings: retry_dead_letter(settings, event_id=event_id, reaction=reaction))


@events.command("drop")
@_home_option
@click.argument("event_id", type=UUID)
@click.argument("reaction")
def events_drop(home: Path | None, event_id: UUID, reaction: str) -> None:
    """Give a dead letter up."""
    from threadly.operations import drop_dead_letter

    _operate(home, lambda settings: drop_dead_letter(settings, event_id=event_id, reaction=reaction))


@events.command("replay")
@_home_option
@click.option("--event", required=True, help="Such as feed.post_published.")
@click.option("--reaction", required=True, help="Such as feed.fan_out.")
@click.option("--since", type=click.DateTime(), required=True, help="UTC.")
def events_replay(home: Path | None, event: str, reaction: str, since: datetime) -> None:
    """Tell a reaction again about kept events."""
    from threadly.operations import replay

    _operate(
        home,
        lambda settings: replay(settings, event=event, reaction=reaction, since=since.replace(tzinfo=UTC)),
    )


@cli.group()
def jobs() -> None:
    """Jobs that failed for good."""


@jobs.command("failed")
@_home_option
def jobs_failed(home: Path | None) -> None:
    """List failed jobs, the newest first."""
    from threadly.operations import print_failed_jobs

    _operate(home, print_failed_jobs)


@jobs.command("resume")
@_home_option
@click.argument("job_id")
def jobs_resume(home: Path | None, job_id: str) -> None:
    """Go on with a failed job at the step that failed."""
    from threadly.operations import resume_job

    _operate(home, lambda settings: resume_job(settings, job_id=job_id))


@jobs.command("drop")
@_home_option
@click.argument("job_id")
def jobs_drop(home: Path | None, job_id: str) -> None:
    """Give a failed job up."""
    from threadly.operations import drop_job

    _operate(home, lambda settings: drop_job(settings, job_id=job_id))


@cli.group()
def tenants() -> None:
    """The communities of this installation."""


@tenants.command("add")
@_home_option
@click.argument("slug")
@click.argument("name")
@click.argument("hosts", nargs=-1, required=True)
def tenants_add(home: Path | None, slug: str, name: str, hosts: tuple[str, ...]) -> None:
    """Add a community that answers at the given host names."""
    from threadly.operations import add_tenant

    _operate(home, lambda settings: add_tenant(settings, slug=slug, name=name, hosts=hosts))


@cli.command()
@_home_option
@click.option("--tenant", default="public", show_default=True)
@click.argument("username")
@click.argument("role", type=click.Choice(["user", "moderator", "admin"]))
def role(home: Path | None, tenant: str, username: str, role: str) -> None:
    """Give a member a role."""
    from threadly.operations import grant_role

    _operate(home, lambda settings: grant_role(settings, tenant=tenant, username=username, role=role))


def _located(home: Path | None = None) -> "AbstractContextManager[Settings]":
    from threadly.platform.telemetry import configure_logging
    from threadly.processes import located

    settings = _settings(home=home)
    configure_logging(settings)
    return located(settings)


def _operate(home: Path | None, act: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    from threadly.platform.errors import Refusal

    with _located(home) as settings:
        try:
            asyncio.run(act(settings))
        except Refusal as refusal:
            print(refusal.message, file=sys.stderr)
            sys.exit(1)
