"""The command `threadly`: reads arguments and settings. What it does is elsewhere, imported when needed."""

import sys

import click

from threadly.cli import data, operating, running
from threadly.platform.embedded import NotStarted
from threadly.settings import BadSetting

__all__ = ["cli", "main"]


def main() -> None:
    try:
        cli(standalone_mode=True)
    except (BadSetting, NotStarted) as reason:
        print(reason, file=sys.stderr)
        sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="threadly")
def cli() -> None:
    """A community platform: talk, trade, teach. Settings come from the environment; see .env.example."""


for command in (
    *(running.up, running.web, running.worker, running.sandbox, running.prepare),
    *(data.migrate, data.seed, data.import_, data.search_),
    *(
        operating.doctor,
        operating.events,
        operating.jobs,
        operating.keys,
        operating.observe,
        operating.tenants,
    ),
    *(operating.setup_link, operating.role, operating.remove_second_factor),
):
    cli.add_command(command)
