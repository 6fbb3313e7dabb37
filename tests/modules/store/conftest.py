"""What the tests of orders share: a shop with a till, on the real Sandbox processor."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import client_of
from tests.modules.store.people import ada, kareem, token, visitor
from tests.modules.store.shop import TestShop
from tests.sandbox.server import SandboxServer
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant

# Fixtures of another file, for every test here.
__all__ = ["ada", "kareem", "token", "visitor"]


@pytest.fixture
async def shop(paying_runtime: Runtime, tenant: Tenant, sandbox: SandboxServer) -> AsyncIterator[TestShop]:
    """A community that sells."""
    shop = TestShop(paying_runtime, tenant, sandbox)
    yield shop
    await shop.aclose()
    sandbox.reset()


@pytest.fixture
async def shop_client(
    paying_app: Front, paying_runtime: Runtime, shop: TestShop
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the shop's community that has no cookies yet."""
    await paying_runtime.tenants.refresh()
    async with client_of(paying_app, shop.tenant) as client:
        yield client
