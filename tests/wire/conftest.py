"""Two members with tokens, and a count of everything that their community holds."""

from collections.abc import Awaitable, Callable

import asyncpg
import httpx
import pytest

from tests import cast
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
