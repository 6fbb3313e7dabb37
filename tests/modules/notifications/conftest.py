"""What the tests of notifications share: a community with some members, and what they do in it."""

from collections.abc import Awaitable, Callable

import pytest

from tests.cast import Visit, sign_up, sign_up_many
from threadly.platform.work import Tenant, Works

SignUp = Callable[[str], Awaitable[Visit]]
Drain = Callable[[], Awaitable[int]]
Crowd = Callable[[int], Awaitable[list[Visit]]]


@pytest.fixture
def join(works: Works, tenant: Tenant) -> SignUp:
    """Signs somebody up by username; what comes back acts as them."""

    async def join(username: str) -> Visit:
        return Visit(works, tenant, await sign_up(works, tenant, username))

    return join


@pytest.fixture
def crowd(works: Works, tenant: Tenant) -> Crowd:
    """Signs that many people up at once."""

    async def crowd(count: int) -> list[Visit]:
        actors = await sign_up_many(works, tenant, [f"member{number}" for number in range(count)])
        return [Visit(works, tenant, actor) for actor in actors]

    return crowd


@pytest.fixture
async def alex(join: SignUp) -> Visit:
    return await join("alexsmith")


@pytest.fixture
async def bob(join: SignUp) -> Visit:
    return await join("bob")


@pytest.fixture
async def kareem(join: SignUp) -> Visit:
    return await join("kareem")


@pytest.fixture
async def mona(join: SignUp) -> Visit:
    return await join("mona")


@pytest.fixture
async def omar(join: SignUp) -> Visit:
    return await join("omar")
