"""Who sells, who buys and who only looks, as fixtures, and which statements run."""

from collections.abc import Awaitable, Callable

import pytest

from tests.cast import Visit, sign_in, sign_up
from tests.modules.store.goods import seller
from threadly.platform.work import Tenant, Works

__all__ = ["Token", "ada", "kareem", "token", "visitor"]

Token = Callable[[Visit], Awaitable[dict[str, str]]]


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Visit:
    """She manages the store."""
    return await seller(works, tenant)


@pytest.fixture
async def kareem(works: Works, tenant: Tenant) -> Visit:
    """He buys."""
    return Visit(works, tenant, await sign_up(works, tenant, "kareem"))


@pytest.fixture
def visitor(works: Works, tenant: Tenant) -> Visit:
    """Somebody who is not signed in."""
    return Visit(works, tenant)


@pytest.fixture
def token(works: Works, tenant: Tenant) -> Token:
    """The headers of somebody who is signed in."""

    async def token(whom: Visit) -> dict[str, str]:
        signed_in = await sign_in(works, tenant, whom.actor)
        return {"Authorization": f"Bearer {signed_in.access_token}"}

    return token
