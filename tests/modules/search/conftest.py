"""What the search's tests share: a community with an index, where what was done can be found a moment
later."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.cast import Visit, sign_up
from threadly.modules.search import Rebuild, rebuild_now
from threadly.modules.search.embedder import Embedder
from threadly.platform.work import Tenant, Works

Join = Callable[[str], Awaitable[Visit]]


@pytest.fixture
def join(works: Works, tenant: Tenant) -> Join:
    """Signs somebody up by username; what comes back acts as them."""

    async def join(username: str) -> Visit:
        return Visit(works, tenant, await sign_up(works, tenant, username))

    return join


@pytest.fixture
async def index(works: Works, tenant: Tenant) -> Rebuild:
    """The community's first index, of what there is already."""
    return [each async for each in rebuild_now(works, tenant)][-1]


@pytest.fixture(scope="session")
async def helper() -> AsyncIterator[Embedder]:
    """One for all tests, as a worker has."""
    embedder = Embedder()
    yield embedder
    await embedder.stop()
