"""What the commands share: the settings they are given, and how they say what went wrong."""

import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
import msgspec

from threadly.settings import Settings, read_settings


def home_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--home", type=click.Path(path_type=Path), help="Where the embedded servers keep their data."
    )(command)


def settings_of(**given: object) -> Settings:
    return msgspec.structs.replace(
        read_settings(), **{name: value for name, value in given.items() if value is not None}
    )


def located_settings(home: Path | None = None) -> "AbstractContextManager[Settings]":
    from threadly.platform.telemetry import configure_logging
    from threadly.processes import located

    settings = settings_of(home=home)
    configure_logging(settings)
    return located(settings)


def operate(home: Path | None, act: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    import asyncio

    import asyncpg

    from threadly.migrations import lacks_migrations
    from threadly.platform.db import NotMigrated
    from threadly.platform.errors import Refusal

    with located_settings(home) as settings:
        try:
            asyncio.run(act(settings))
        except Refusal as refusal:
            print(refusal.message, file=sys.stderr)
            sys.exit(1)
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            # A statement that is wrong sounds the same.
            if not asyncio.run(lacks_migrations(settings.owner_database_url or settings.database_url)):
                raise
            print(NotMigrated.message, file=sys.stderr)
            sys.exit(1)
