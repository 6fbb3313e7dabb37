"""A database that is not migrated, or lets its role read nothing: nobody is sent there, and it says why."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from tests.test_cli import threadly
from threadly.app import make_app
from threadly.doctor import findings
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


async def test_doctor_says_that_the_role_is_no_member_and_how_to_make_it_one(stranger: Settings) -> None:
    found = [finding async for finding in findings(stranger)]
    assert "no member of threadly_app" in found[-3].what
    assert found[-3].mend.startswith("As a superuser: GRANT threadly_app TO stranger_")
    assert [each.what for each in found[-2:]] == ["The store of images answers", "Valkey answers"]


async def test_doctor_goes_on_where_it_may_not_look(settings: Settings, stranger: Settings) -> None:
    blind = replace(settings, owner_database_url=stranger.database_url)
    found = [finding async for finding in findings(blind)]
    (schema,) = [each for each in found if "(schema)" in each.what]
    assert "THREADLY_OWNER_DATABASE_URL" in schema.mend
    assert found[-1].what == "Valkey answers"


async def test_without_the_role_of_the_application_migrate_and_doctor_say_so(
    settings: Settings, tmp_path: Path
) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        superuser = await asyncpg.connect(postgres.owner_url.replace("threadly_owner@", "postgres@"))
        await superuser.execute("ALTER ROLE threadly_app RENAME TO my_app")
        await superuser.close()
        mine = replace(
            settings,
            database_url=postgres.app_url.replace("threadly_app@", "my_app@"),
            owner_database_url=postgres.owner_url,
        )
        said = threadly(mine, "migrate", "up")
        assert (said.returncode, said.stderr.count("\n")) == (2, 1)
        assert "CREATE ROLE threadly_app" in said.stderr
        mends = [finding.mend async for finding in findings(mine)]
        assert any("CREATE ROLE threadly_app; GRANT threadly_app TO my_app;" in each for each in mends)
