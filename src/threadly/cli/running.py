"""Commands that start programs: the whole installation, or one process of it."""

import sys
from pathlib import Path

import click
import msgspec

from threadly.cli.options import home_option, located_settings, settings_of
from threadly.platform.embedded import NotStarted


@click.command()
@home_option
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen; 8000 by default.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes; 1 by default.")
@click.option("--no-demo", is_flag=True, help="Start with an empty community.")
def up(home: Path | None, port: int | None, workers: int | None, no_demo: bool) -> None:
    """Start everything on this machine: servers, schema, demo community, web and worker."""
    from threadly.processes import run_up

    sys.exit(run_up(settings_of(home=home, port=port, workers=workers), demo=not no_demo))


@click.command()
@home_option
@click.option("--port", type=click.IntRange(1, 65535))
@click.option("--workers", type=click.IntRange(1, 64))
def web(home: Path | None, port: int | None, workers: int | None) -> None:
    """Serve HTTP."""
    from threadly.processes import run_web

    sys.exit(run_web(settings_of(home=home, port=port, workers=workers)))


@click.command()
@home_option
@click.option("--ready-file", type=click.Path(path_type=Path), hidden=True)
def worker(home: Path | None, ready_file: Path | None) -> None:
    """Run reactions, jobs and schedules."""
    import uvloop

    from threadly.processes import located
    from threadly.worker import run_worker

    with located(settings_of(home=home)) as settings:
        uvloop.run(run_worker(settings, on_ready=ready_file.touch if ready_file else lambda: None))


@click.command()
@home_option
@click.option("--port", type=click.IntRange(1, 65535), default=8010, show_default=True)
@click.option("--storage", type=click.Path(path_type=Path), help="A directory; <home>/sandbox by default.")
@click.option(
    "--webhook-url", help="Where to tell of charges, such as http://localhost:8000/webhooks/sandbox."
)
@click.option("--quiet", is_flag=True, hidden=True)
def sandbox(home: Path | None, port: int, storage: Path | None, webhook_url: str | None, quiet: bool) -> None:
    """Run the payment sandbox, a processor that charges nothing, for tests and development.

    Its key is THREADLY_SANDBOX_KEY; without that, one is made and kept with the storage.
    """
    from threadly.sandbox.serving import kept_key, run_sandbox

    settings = settings_of(home=home)
    directory = storage or settings.home / "sandbox"
    key = settings.sandbox_key or kept_key(directory)
    told = "in THREADLY_SANDBOX_KEY" if settings.sandbox_key else f"in {directory / 'key'}"
    try:
        run_sandbox(
            directory,
            port=port,
            key=key,
            webhook_url=webhook_url,
            on_ready=lambda url: (
                None if quiet else print(f"The payment sandbox is at {url}; its key is {told}.")
            ),
        )
    except msgspec.ValidationError as error:
        raise NotStarted(f"--webhook-url is no address of the web: {error}.") from None
    except OSError as error:
        raise NotStarted(
            f"The payment sandbox cannot use port {port} or {directory} ({error.strerror}): "
            "choose others with --port and --storage."
        ) from None


@click.command(hidden=True)
@click.option("--demo", is_flag=True)
def prepare(demo: bool) -> None:
    """What `up` does between the servers and the programs: migrate, and seed the demo community."""
    import asyncio

    from threadly.preparation import prepare as run

    with located_settings() as settings:
        asyncio.run(run(settings, demo=demo))
