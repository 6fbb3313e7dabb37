"""One installation that several tests hurt, one after the other; it has to get over each of them."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import eventually
from tests.faults.installation import Installation, is_ready, resume


@pytest.fixture(scope="package")
async def hurt() -> AsyncIterator[Installation]:
    async with Installation(request_timeout_s=3) as installation:
        installation.start()
        yield installation


@pytest.fixture
async def installation(hurt: Installation, request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """Recovered from the test before. What it says during a test that fails is shown with the failure."""
    resume(hurt.processes())
    async with hurt.visit() as http:
        await eventually(lambda: is_ready(http))
    said_before = len(hurt.said)
    yield hurt
    request.node.add_report_section("teardown", "threadly up", hurt.said[said_before:][-20_000:])


@pytest.fixture
async def http(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with installation.visit() as http:
        yield http
