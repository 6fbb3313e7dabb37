"""What messaging's tests share: a community with some members who talk."""

from collections.abc import Awaitable, Callable

import pytest

from tests.cast import Visit, sign_up
from threadly.platform.work import Tenant, Works

Drain = Callable[[], Awaitable[int]]


@pytest.fixture
async def alex(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "alexsmith"))


@pytest.fixture
async def bob(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "bob"))


@pytest.fixture
async def sarah(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "sarahj"))
