"""Omar, who looks into the running system: as a person, in a browser, and over the API."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.cast import Visit, sign_in, sign_up
from tests.conftest import client_of
from tests.modules.store.browser import Browser, enter
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Works

__all__ = ["api", "desk", "kareem", "omar"]


@pytest.fixture
async def omar(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "omar"))


@pytest.fixture
async def kareem(works: Works, tenant: Tenant) -> Visit:
    """Who may look at nothing here."""
    return Visit(works, tenant, await sign_up(works, tenant, "kareem"))


@pytest.fixture
async def desk(client: httpx.AsyncClient, omar: Visit) -> Browser:
    """Omar's browser."""
    return await enter(client, omar)


@pytest.fixture
async def api(app: Front, runtime: Runtime, omar: Visit) -> AsyncIterator[httpx.AsyncClient]:
    """A client with Omar's token."""
    await runtime.tenants.refresh()
    signed_in = await sign_in(runtime.works, omar.tenant, omar.actor)
    async with client_of(app, omar.tenant) as client:
        client.headers["Authorization"] = f"Bearer {signed_in.access_token}"
        yield client
