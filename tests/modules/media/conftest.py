"""What the tests of media share: members with clients of the API, and pictures that are kept."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from tests import cast
from tests.cast import Visit, sign_up
from tests.conftest import client_of
from tests.modules.identity.runs import run_queued_jobs
from threadly.modules.media.jobs import JOBS
from threadly.platform.http.front import Front
from threadly.platform.ids import UUID
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Works

ADDRESS = "/api/v1/media"


class Uploader:
    """A member with a client of the API."""

    def __init__(self, visit: Visit, client: httpx.AsyncClient) -> None:
        self.visit = visit
        self.client = client

    async def send(
        self, content: bytes, *, name: str = "photo.jpg", alt: str = "", **headers: str
    ) -> httpx.Response:
        files = {"file": (name, content, "image/jpeg")}
        return await self.client.post(ADDRESS, files=files, data={"alt": alt}, headers=headers)

    async def upload(self, content: bytes, *, alt: str = "") -> UUID:
        answer = await self.send(content, alt=alt)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["data"]["id"])


Join = Callable[[str], Awaitable[Uploader]]
Finish = Callable[[], Awaitable[int]]


@pytest.fixture
async def join(app: Front, runtime: Runtime, works: Works, tenant: Tenant) -> AsyncIterator[Join]:
    """Signs somebody up by username, with a token."""
    clients: list[httpx.AsyncClient] = []
    await runtime.tenants.refresh()

    async def join(username: str) -> Uploader:
        actor = await sign_up(works, tenant, username)
        session = await cast.sign_in(works, tenant, actor)
        client = client_of(app, tenant)
        client.headers["Authorization"] = f"Bearer {session.access_token}"
        clients.append(client)
        return Uploader(Visit(works, tenant, actor), client)

    yield join
    for client in clients:
        await client.aclose()


@pytest.fixture
async def alex(join: Join) -> Uploader:
    return await join("alexsmith")


@pytest.fixture
async def bob(join: Join) -> Uploader:
    return await join("bob")


@pytest.fixture
def finish(works: Works, tenant: Tenant) -> Finish:
    """Runs the jobs that uploads have left; says how many there were."""
    return lambda: run_queued_jobs(works, tenant, jobs=JOBS)
