"""PostgreSQL is promised from 15 on: what only a newer one understands is found where an older one is."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.test_house import STATEMENTS
from threadly.migrations.running import migrate_up
from threadly.platform.embedded import EmbeddedPostgres
from threadly.platform.embedded.postgres import OLDEST_MAJOR

# Where packages put their programs, a directory for each version: Debian's, Red Hat's, Homebrew's.
PLACES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
PROGRAMS = ("postgres", "initdb", "psql")


def installed() -> list[tuple[int, Path]]:
    """What `pg_config` and the packagers' places know of, with the major versions, the oldest first."""
    found = {directory.resolve() for place in PLACES for directory in Path("/").glob(place)}
    if config := shutil.which("pg_config"):
        found.add(Path(_answer(config, "--bindir")).resolve())
    whole = [each for each in found if all((each / name).is_file() for name in PROGRAMS)]
    return sorted((major, each) for each in whole if (major := _major_of(each)) >= OLDEST_MAJOR)


def _major_of(directory: Path) -> int:
    # "postgres (PostgreSQL) 15.20", perhaps with a packager's words after it
    return int(_answer(directory / "postgres", "--version").split()[2].partition(".")[0])


def _answer(program: str | Path, argument: str) -> str:
    return subprocess.run([program, argument], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def older() -> Iterator[EmbeddedPostgres]:
    """The oldest installed one, of another version than the embedded; migrated."""
    with tempfile.TemporaryDirectory(prefix="threadly-older-") as home:
        own = EmbeddedPostgres(Path(home)).name
        others = [each for each in installed() if f"PostgreSQL {each[0]}" != own]
        if not others:
            pytest.skip(f"no other PostgreSQL than {own} is installed")
        with EmbeddedPostgres(Path(home), bin_dir=others[0][1]) as postgres:
            migrate_up(postgres.owner_url)
            yield postgres


async def test_every_statement_can_be_prepared_on_an_older_postgresql(older: EmbeddedPostgres) -> None:
    refused: dict[str, str] = {}
    connection = await asyncpg.connect(older.app_url)
    try:
        for name, (_, statement) in STATEMENTS.items():
            try:
                await connection.prepare(statement.text)
            except asyncpg.PostgresError as error:
                refused[name] = str(error)
    finally:
        await connection.close()
    assert refused == {}
