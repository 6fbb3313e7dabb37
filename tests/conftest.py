"""What every test stands on: the embedded servers, a migrated database, and a new tenant for each test."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import hypothesis
import psycopg
import pytest
import structlog
from msgspec.structs import replace

from tests.sandbox.server import SandboxServer, sandbox_server
from threadly.app import make_app
from threadly.migrations.running import migrate_up
from threadly.platform.embedded import EmbeddedPostgres, EmbeddedValkey, ServerUrls
from threadly.platform.http.front import Front
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import tracing
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.spans import Recording
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings
from threadly.wiring import make_reactions

# A traceback with the locals of each frame takes seconds to draw, and the loop waits for it.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

# No deadline, since other things may run beside, and the same examples each time: who changes nothing breaks
# nothing. `--hypothesis-profile default` looks for others.
hypothesis.settings.register_profile(
    "gate",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("gate")

SECRET_KEY = "a secret that only the tests know, long enough"
# The SQL statements, by name, since it was last called.
Statements = Callable[[], list[str]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The embedded PostgreSQL; it ends with the test run."""
    with (
        tempfile.TemporaryDirectory(prefix="threadly-tests-") as home,
        EmbeddedPostgres(Path(home)) as postgres,
    ):
        yield postgres


@pytest.fixture(scope="session")
def servers(postgres: EmbeddedPostgres) -> Iterator[ServerUrls]:
    """PostgreSQL, migrated, and the embedded Valkey."""
    with EmbeddedValkey(postgres.home) as valkey:
        with psycopg.connect(postgres.owner_url) as connection:
            # Nobody kills this one: that commits outlive it is for tests/faults, with servers of their own.
            connection.execute("ALTER DATABASE threadly SET synchronous_commit = off")
        migrate_up(postgres.owner_url)
        yield ServerUrls(owner_url=postgres.owner_url, app_url=postgres.app_url, valkey_url=valkey.url)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxServer]:
    """A payment sandbox that behaves; whoever changes that calls its `reset` in the end."""
    with sandbox_server() as server:
        yield server


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


@contextmanager
def database_apart(postgres: EmbeddedPostgres, settings: Settings, name: str) -> Iterator[Settings]:
    """A migrated database for those who look at all there is in one, or who take every job that waits."""
    urls = postgres.create_database(name)
    migrate_up(urls.owner_url)
    yield replace(settings, database_url=urls.app_url, owner_database_url=urls.owner_url)
    postgres.drop_database(name)


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
def drain(runtime: Runtime, tenant: Tenant) -> Callable[[], Awaitable[int]]:
    """Runs all reactions that are due in the test's tenant; says how many events it handled."""
    relay = Relay(runtime.works, make_reactions(), runtime.tenants)
    return lambda: relay.drain(tenant)


@pytest.fixture(scope="session")
def app(runtime: Runtime) -> Front:
    """The application, in this process, on the runtime of the tests."""
    return make_app(runtime)


@pytest.fixture(scope="session")
async def paying_runtime(settings: Settings, sandbox: SandboxServer) -> AsyncIterator[Runtime]:
    """A runtime of an installation that takes money by the Sandbox."""
    runtime = Runtime(replace(settings, sandbox_url=sandbox.url, sandbox_key=sandbox.key))
    await runtime.start()
    yield runtime
    await runtime.stop()


@pytest.fixture(scope="session")
def paying_app(paying_runtime: Runtime) -> Front:
    return make_app(paying_runtime)


@pytest.fixture
async def client(app: Front, runtime: Runtime, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the test's tenant that has no cookies yet."""
    await runtime.tenants.refresh()
    async with client_of(app, tenant) as client:
        yield client


def client_of(app: Front, tenant: Tenant) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # httpx types ASGI more loosely than Litestar
    return httpx.AsyncClient(transport=transport, base_url=f"http://{tenant.slug}.test")


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
    check: Callable[[], Awaitable[bool]], *, within_s: float = 60.0, every_s: float = 0.02
) -> None:
    """Waits until `check` is true; fails after `within_s`."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not await check():
        assert asyncio.get_running_loop().time() < deadline, f"not true within {within_s} s"
        await asyncio.sleep(every_s)


@pytest.fixture
def statements() -> Iterator[Statements]:
    """Which SQL requests run, from the traces that they leave."""
    seen: list[Recording] = []
    keeper, before = Keeper(Settings(), "tests"), tracing.keeper()
    (before or keeper).observers.append(seen.append)
    tracing.record_with(before or keeper)

    def since() -> list[str]:
        spans = [each for recording in seen for each in recording.spans]
        seen.clear()
        return [each.name for each in spans if each.kind == "sql" and each.name != "platform.begin"]

    yield since
    (before or keeper).observers.remove(seen.append)
    tracing.record_with(before)
