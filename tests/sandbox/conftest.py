"""A merchant of the shared sandbox, and a sandbox of a test's own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.sandbox.merchant import Merchant, merchant_of
from tests.sandbox.server import SandboxServer, sandbox_server


@pytest.fixture
async def merchant(sandbox: SandboxServer) -> AsyncIterator[Merchant]:
    """At the end the shared sandbox behaves again."""
    async with merchant_of(sandbox) as merchant:
        yield merchant
    sandbox.reset()


@pytest.fixture
def own_sandbox() -> Iterator[SandboxServer]:
    """New, and to be killed."""
    with sandbox_server() as server:
        yield server


@pytest.fixture
async def sole_merchant(own_sandbox: SandboxServer) -> AsyncIterator[Merchant]:
    """Of the sandbox of this test's own."""
    async with merchant_of(own_sandbox) as merchant:
        yield merchant
