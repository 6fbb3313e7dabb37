"""What the tests of payments share: a till with three providers that live in the test."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from tests.modules.payments.fake import FakeProvider
from tests.modules.payments.till import Clock, Till
from threadly.modules.payments.cashier import close_cashier
from threadly.modules.payments.types import ProviderName
from threadly.platform.runtime import Runtime
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings

NAMES: tuple[ProviderName, ...] = ("sandbox", "stripe", "paypal")


def configured(settings: Settings) -> Settings:
    """With the keys of all providers; nothing listens at the address."""
    return replace(
        settings,
        sandbox_url="http://127.0.0.1:9",
        sandbox_key="the key of the sandbox",
        stripe_secret_key="sk_test_of_nobody",
        paypal_client_id="nobody",
        paypal_secret="nothing",
    )


@pytest.fixture
async def till(runtime: Runtime, tenant: Tenant) -> AsyncIterator[Till]:
    clock = Clock()
    works = Works(runtime.database, configured(runtime.settings), clock=clock)
    till = Till(works, tenant, clock, {name: FakeProvider(name) for name in NAMES})
    yield till
    for provider in till.providers.values():
        provider.released.set()
    await close_cashier(works)


@pytest.fixture
async def first_till(till: Till, runtime: Runtime) -> Till:
    """That of the first community, whose books other tests may have written in, with the same providers."""
    return Till(till.works, await runtime.tenants.get(PUBLIC_TENANT_ID), till.clock, till.providers)
