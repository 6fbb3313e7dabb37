"""Members with tokens, a community that sells, and a count of everything that a community holds."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from tests import cast
from tests.modules.store.shop import TestShop
from tests.sandbox.server import SandboxServer
from tests.wire.market import Market, open_market
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.work import Actor, Tenant, Works

Counted = Callable[[], Awaitable[dict[str, int]]]


@pytest.fixture
async def alex(works: Works, tenant: Tenant) -> Actor:
    return await cast.sign_up(works, tenant, "alexsmith")


@pytest.fixture
async def signed_in(
    client: httpx.AsyncClient, works: Works, tenant: Tenant, alex: Actor
) -> httpx.AsyncClient:
    """The client, with Alex's access token on every request."""
    session = await cast.sign_in(works, tenant, alex)
    client.headers["Authorization"] = f"Bearer {session.access_token}"
    return client


@pytest.fixture
def count_rows(owner: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant) -> Counted:
    """How many rows each table holds of the test's tenant, by table."""
    return counter_of(owner, tenant)


@pytest.fixture
async def market(
    paying_app: Front, paying_runtime: Runtime, tenant: Tenant, sandbox: SandboxServer
) -> AsyncIterator[Market]:
    """The test's community, and it sells."""
    async with market_of(paying_app, paying_runtime, tenant, sandbox) as market:
        yield market


@asynccontextmanager
async def market_of(
    app: Front, runtime: Runtime, tenant: Tenant, sandbox: SandboxServer
) -> AsyncIterator[Market]:
    shop = TestShop(runtime, tenant, sandbox)
    try:
        async with open_market(app, shop) as market:
            yield market
    finally:
        await shop.aclose()


def counter_of(owner: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant) -> Counted:

    async def count() -> dict[str, int]:
        tables = await owner.fetch(
            "SELECT table_schema, table_name FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE column_name = 'tenant_id' AND table_type = 'BASE TABLE' ORDER BY 1, 2"
        )
        names = [f"{schema}.{name}" for schema, name in tables]
        asked = " UNION ALL ".join(
            f"SELECT '{name}' AS name, count(*) FROM {name} WHERE tenant_id = $1" for name in names
        )
        return {row["name"]: row["count"] for row in await owner.fetch(asked, tenant.id)}

    return count
