"""Who looks at journeys in these tests: a guest of the demo who follows, another one, an operator."""

from collections.abc import AsyncIterator

import httpx
import pytest
from msgspec.structs import replace

from tests import cast
from tests.conftest import client_of
from threadly.app import make_app
from threadly.platform.http.following import FOLLOW_COOKIE
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Works

__all__ = ["KEY", "OTHER_KEY", "demo_app", "guest", "operator", "other_guest"]

KEY, OTHER_KEY = "a" * 32, "b" * 32


@pytest.fixture(scope="session")
def demo_app(runtime: Runtime) -> Front:
    """The application of a demo, where everybody follows their own clicks, on the runtime of the tests."""
    demo = Runtime(replace(runtime.settings, demo=True, source_url="https://host.example/blob/main"))
    demo.tenants, demo.works, demo.database = runtime.tenants, runtime.works, runtime.database
    demo.limiter, demo.cache, demo.pubsub = runtime.limiter, runtime.cache, runtime.pubsub
    return make_app(demo)


@pytest.fixture
async def guest(demo_app: Front, runtime: Runtime, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    await runtime.tenants.refresh()
    async with client_of(demo_app, tenant) as client:
        client.cookies.set(FOLLOW_COOKIE, KEY)
        yield client


@pytest.fixture
async def other_guest(demo_app: Front, runtime: Runtime, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    await runtime.tenants.refresh()
    async with client_of(demo_app, tenant) as client:
        client.cookies.set(FOLLOW_COOKIE, OTHER_KEY)
        yield client


@pytest.fixture
async def operator(works: Works, tenant: Tenant, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Omar, who follows nothing."""
    omar = await cast.sign_up(works, tenant, "omar")
    session = await cast.sign_in(works, tenant, omar)
    client.headers["Authorization"] = f"Bearer {session.access_token}"
    return client
