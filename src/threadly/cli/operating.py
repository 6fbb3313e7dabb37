"""Commands for whoever looks after an installation: is it well, what failed, who may do what."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from secrets import randbelow
from uuid import UUID

import click

from threadly.cli.options import home_option, operate, settings_of
from threadly.settings import Settings


@click.command()
@home_option
@click.option("--reconcile", is_flag=True, help="Compare providers, ledger, orders and stock instead.")
@click.option("--prove", type=click.Choice(["checkout"]), help="Prove it on a scratch home instead.")
@click.option("--orders", type=click.IntRange(1, 1_000_000), default=150, help="How many checkouts: 150.")
@click.option("--seed", type=int, help="What goes wrong and when follows from it; a new one by default.")
def doctor(home: Path | None, reconcile: bool, prove: str | None, orders: int, seed: int | None) -> None:
    """Check the installation; say what is wrong and how to mend it.

    With --prove checkout: buy while processes are killed and the payment provider misbehaves, on a home of
    its own that is thrown away, and audit that no order was lost or doubled.
    """
    import asyncio

    if prove:
        sys.exit(asyncio.run(_prove(orders=orders, seed=randbelow(1_000_000) if seed is None else seed)))
    if reconcile:
        operate(home, _reconcile)
        return
    from threadly.doctor import examine

    sys.exit(asyncio.run(examine(settings_of(home=home))))


async def _reconcile(settings: Settings) -> None:
    from threadly.reconciling import reconcile

    sys.exit(await reconcile(settings))


async def _prove(*, orders: int, seed: int) -> int:
    from threadly.platform.progress import Progress
    from threadly.platform.telemetry import configure_logging
    from threadly.proving.report import report
    from threadly.proving.run import prove_checkout
    from threadly.proving.scratch import NotRunning

    configure_logging(Settings(log_level="warning"))
    try:
        proof = await prove_checkout(orders=orders, seed=seed, progress=Progress())
    except NotRunning as reason:
        print(reason, file=sys.stderr)
        return 1
    print(report(proof))
    return 0 if proof.holds else 1


@click.group()
def events() -> None:
    """Reactions that failed for good, and replay."""


@events.command("dead")
@home_option
def events_dead(home: Path | None) -> None:
    """List dead letters."""
    from threadly.operations import print_dead_letters

    operate(home, print_dead_letters)


@events.command("retry")
@home_option
@click.argument("event_id", type=UUID)
@click.argument("reaction")
def events_retry(home: Path | None, event_id: UUID, reaction: str) -> None:
    """Try a dead letter again."""
    from threadly.operations import retry_dead_letter

    operate(home, lambda settings: retry_dead_letter(settings, event_id=event_id, reaction=reaction))


@events.command("drop")
@home_option
@click.argument("event_id", type=UUID)
@click.argument("reaction")
def events_drop(home: Path | None, event_id: UUID, reaction: str) -> None:
    """Give a dead letter up."""
    from threadly.operations import drop_dead_letter

    operate(home, lambda settings: drop_dead_letter(settings, event_id=event_id, reaction=reaction))


@events.command("replay")
@home_option
@click.option("--event", required=True, help="Such as feed.post_published.")
@click.option("--reaction", required=True, help="Such as feed.fan_out.")
@click.option("--since", type=click.DateTime(), required=True, help="UTC.")
def events_replay(home: Path | None, event: str, reaction: str, since: datetime) -> None:
    """Tell a reaction again about kept events."""
    from threadly.operations import replay

    operate(
        home,
        lambda settings: replay(settings, event=event, reaction=reaction, since=since.replace(tzinfo=UTC)),
    )


@click.group()
def jobs() -> None:
    """Jobs that failed for good."""


@jobs.command("failed")
@home_option
def jobs_failed(home: Path | None) -> None:
    """List failed jobs, the newest first."""
    from threadly.operations import print_failed_jobs

    operate(home, print_failed_jobs)


@jobs.command("resume")
@home_option
@click.argument("job_id")
def jobs_resume(home: Path | None, job_id: str) -> None:
    """Go on with a failed job at the step that failed."""
    from threadly.operations import resume_job

    operate(home, lambda settings: resume_job(settings, job_id=job_id))


@jobs.command("drop")
@home_option
@click.argument("job_id")
def jobs_drop(home: Path | None, job_id: str) -> None:
    """Give a failed job up."""
    from threadly.operations import drop_job

    operate(home, lambda settings: drop_job(settings, job_id=job_id))


@click.group()
def keys() -> None:
    """The keys that sign access tokens."""


@keys.command("rotate")
@home_option
@click.option("--tenant", help="One community's; every one's by default.")
@click.option("--distrust-old", is_flag=True, help="A key leaked: end the tokens that the old ones signed.")
def keys_rotate(home: Path | None, tenant: str | None, distrust_old: bool) -> None:
    """Sign with new keys from now on. They are replaced every 90 days anyway."""
    from threadly.operations import rotate_keys

    operate(home, lambda settings: rotate_keys(settings, tenant=tenant, distrust_old=distrust_old))


@click.group()
def observe() -> None:
    """The objectives, for other systems."""


@observe.command("grafana")
def observe_grafana() -> None:
    """Print a dashboard for Grafana (JSON), to be imported there."""
    from threadly.modules import admin

    print(admin.grafana_dashboard(admin.read_objectives(settings_of())), end="")


@observe.command("prometheus-rules")
@click.option("--site-url", help="Where runbooks are read; THREADLY_BASE_URL by default.")
def observe_prometheus_rules(site_url: str | None) -> None:
    """Print recording and alert rules for Prometheus (YAML)."""
    from threadly.modules import admin

    settings = settings_of()
    url = (site_url or settings.public_url).rstrip("/")
    print(admin.prometheus_rules(admin.read_objectives(settings), site_url=url), end="")


@click.group()
def tenants() -> None:
    """The communities of this installation."""


@tenants.command("add")
@home_option
@click.argument("slug")
@click.argument("name")
@click.argument("hosts", nargs=-1, required=True)
def tenants_add(home: Path | None, slug: str, name: str, hosts: tuple[str, ...]) -> None:
    """Add a community that answers at the given host names."""
    from threadly.operations import add_tenant

    operate(home, lambda settings: add_tenant(settings, slug=slug, name=name, hosts=hosts))


@click.command("setup-link")
@home_option
@click.option("--tenant", default="public", show_default=True)
@click.option("--if-needed", is_flag=True, hidden=True)
def setup_link(home: Path | None, tenant: str, if_needed: bool) -> None:
    """Print the link by which a community that has no owner gets one. It ends the one printed before."""
    from threadly.operations import print_setup_link

    operate(home, lambda settings: print_setup_link(settings, tenant=tenant, if_needed=if_needed))


@click.command()
@home_option
@click.option("--tenant", default="public", show_default=True)
@click.argument("username")
@click.argument("role", type=click.Choice(["user", "moderator", "seller", "admin"]))
def role(home: Path | None, tenant: str, username: str, role: str) -> None:
    """Give a member a role."""
    from threadly.operations import grant_role

    operate(home, lambda settings: grant_role(settings, tenant=tenant, username=username, role=role))


@click.command("remove-second-factor")
@home_option
@click.option("--tenant", default="public", show_default=True)
@click.argument("username")
def remove_second_factor(home: Path | None, tenant: str, username: str) -> None:
    """Let a member who has lost their second factor sign in by password alone."""
    from threadly.operations import remove_second_factor as run

    operate(home, lambda settings: run(settings, tenant=tenant, username=username))
