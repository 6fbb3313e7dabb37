"""What every test stands on: the embedded servers, a migrated database, and a new tenant for each test."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from threadly.migrations import migrate_up
from threadly.platform.embedded import EmbeddedServers, ServerUrls
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings

SECRET_KEY = "a secret that only the tests know, long enough"


@pytest.fixture(scope="session")
def servers() -> Iterator[ServerUrls]:
    """The embedded PostgreSQL and Valkey, migrated; they end with the test run."""
    with tempfile.TemporaryDirectory(prefix="threadly-tests-") as home:
        with EmbeddedServers(Settings(home=Path(home))) as urls:
            migrate_up(urls.owner_url)
            yield urls


@pytest.fixture(scope="session")
def settings(servers: ServerUrls, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        database_url=servers.app_url,
        owner_database_url=servers.owner_url,
        valkey_url=servers.valkey_url,
        home=Path(tmp_path_factory.mktemp("home")),
        secret_key=SECRET_KEY,
        rate_limit_factor=1000.0,
        log_level="warning",
    )


@pytest.fixture(scope="session")
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    runtime = Runtime(settings)
    await runtime.start()
    yield runtime
    await runtime.stop()


@pytest.fixture(scope="session")
async def owner(servers: ServerUrls) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection as the owner of the schema, who sees all tenants."""
    connection = await asyncpg.connect(servers.owner_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def works(runtime: Runtime) -> Works:
    return runtime.works


@pytest.fixture
async def tenant(owner: "asyncpg.Connection[asyncpg.Record]") -> Tenant:
    """A community of this test's own, empty."""
    return await new_tenant(owner)


@pytest.fixture
async def other_tenant(owner: "asyncpg.Connection[asyncpg.Record]") -> Tenant:
    return await new_tenant(owner)


async def new_tenant(owner: "asyncpg.Connection[asyncpg.Record]") -> Tenant:
    slug = f"t{secrets.token_hex(6)}"
    tenant_id = await owner.fetchval(
        "INSERT INTO platform.tenants (slug, name) VALUES ($1, $1) RETURNING id", slug
    )
    await owner.execute(
        "INSERT INTO platform.tenant_hosts (host, tenant_id) VALUES ($1, $2)", f"{slug}.test", tenant_id
    )
    return Tenant(tenant_id, slug, slug)


async def eventually(
    check: Callable[[], Awaitable[bool]], *, within_s: float = 10.0, every_s: float = 0.02
) -> None:
    """Waits until `check` is true; fails after `within_s`."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not await check():
        assert asyncio.get_running_loop().time() < deadline, f"not true within {within_s} s"
        await asyncio.sleep(every_s)
