"""A post office for each test."""

import asyncpg
import pytest

from tests.modules.notifications.channels.post import Post
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant


@pytest.fixture
async def post(runtime: Runtime, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]") -> Post:
    await runtime.tenants.refresh()
    return Post(runtime, tenant, owner)
