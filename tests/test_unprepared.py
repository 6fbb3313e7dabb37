"""A database that is not migrated, or lets its role read nothing: nobody is sent there, and it says why."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from threadly.app import make_app
from threadly.migrations import newest_revision
from threadly.migrations.running import migrate_up
from threadly.platform.embedded import EmbeddedPostgres
from threadly.platform.runtime import running
from threadly.settings import Settings


@pytest.fixture
def empty(settings: Settings, postgres: EmbeddedPostgres) -> Iterator[Settings]:
    """A database of the test's own, empty."""
    name = f"empty_{secrets.token_hex(4)}"
    urls = postgres.create_database(name)
    yield replace(settings, database_url=urls.app_url, owner_database_url=urls.owner_url)
    postgres.drop_database(name)


@pytest.fixture
async def stranger(settings: Settings) -> AsyncIterator[Settings]:
    """The migrated database, as a role that is no member of threadly_app."""
    name = f"stranger_{secrets.token_hex(4)}"
    superuser = await asyncpg.connect(
        str(settings.owner_database_url).replace("threadly_owner@", "postgres@")
    )
    await superuser.execute(f"CREATE ROLE {name} LOGIN")
    yield replace(settings, database_url=str(settings.database_url).replace("threadly_app@", f"{name}@"))
    await superuser.execute(f"DROP ROLE {name}")
    await superuser.close()


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(settings) as runtime:
        transport = httpx.ASGITransport(make_app(runtime))  # type: ignore[arg-type]  # looser types
        async with httpx.AsyncClient(transport=transport, base_url="http://site.test") as client:
            yield client


async def test_without_migrations_it_is_not_ready_and_refuses_in_words(empty: Settings) -> None:
    async with serving(empty) as client:
        assert (await client.get("/ready")).json()["database"] == "down"
        refused = await client.get("/api/v1/posts/explore")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "platform.not_migrated")
        assert (await client.get("/")).status_code == 503


async def test_a_release_is_ready_once_its_migrations_ran_and_while_later_ones_do(empty: Settings) -> None:
    migrate_up(str(empty.owner_database_url))
    owner = await asyncpg.connect(empty.owner_database_url)
    async with serving(empty) as client:
        for mark, status in ("0001", 503), ("9999", 200), (newest_revision(), 200):
            await owner.execute("UPDATE alembic_version SET version_num = $1", mark)
            assert (await client.get("/ready")).status_code == status
    await owner.close()


async def test_as_a_role_that_may_read_nothing_it_is_not_ready_and_refuses_in_words(
    stranger: Settings,
) -> None:
    async with serving(stranger) as client:
        assert (await client.get("/ready")).status_code == 503
        refused = await client.get("/api/v1/posts/explore")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "platform.role_denied")
