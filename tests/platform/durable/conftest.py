"""A database apart: an engine takes every job that waits, and these know none but their own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.conftest import database_apart
from threadly.platform.embedded import EmbeddedPostgres
from threadly.platform.runtime import Runtime, running
from threadly.settings import Settings


@pytest.fixture(scope="module")
async def runtime(postgres: EmbeddedPostgres, settings: Settings) -> AsyncIterator[Runtime]:
    with database_apart(postgres, settings, "jobs_apart") as apart:
        async with running(apart) as runtime:
            yield runtime


@pytest.fixture(scope="module")
async def owner(runtime: Runtime) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(runtime.settings.owner_database_url)
    yield connection
    await connection.close()
