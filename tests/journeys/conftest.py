"""A person's whole story, in a real browser, with the real processes behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import msgspec
import pytest
from playwright.async_api import Browser, ViewportSize

from tests.browser import chromium
from tests.cast import Visit, sign_up
from tests.journeys.site import Site, running_site
from tests.journeys.visitor import Visitor
from tests.sandbox.server import SandboxServer
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings

Meet = Callable[..., Awaitable[Visitor]]
Settle = Callable[[str], Awaitable[Visit]]


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


# Of the package, not of the session: the worker must not take the events of the tests that come after.
@pytest.fixture(scope="package")
async def site(
    settings: Settings,
    owner: "asyncpg.Connection[asyncpg.Record]",
    sandbox: SandboxServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    settings = msgspec.structs.replace(settings, sandbox_url=sandbox.url, sandbox_key=sandbox.key)
    async with running_site(settings, owner, tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def tenant(site: Site) -> Tenant:
    """A community of this journey's own, empty, which the site knows already."""
    return site.take()


@pytest.fixture
def settle(works: Works, tenant: Tenant) -> Settle:
    """Makes somebody a member without a browser; what comes back acts as them."""

    async def settle(username: str) -> Visit:
        return Visit(works, tenant, await sign_up(works, tenant, username))

    return settle


@pytest.fixture
async def meet(browser: Browser, site: Site, tenant: Tenant) -> AsyncIterator[Meet]:
    """Opens a browser of its own for somebody. In the end, no page may have complained of anything."""
    visitors: list[Visitor] = []
    async with AsyncExitStack() as stack:

        async def meet(*, script: bool = True, phone: bool = False, port: int | None = None) -> Visitor:
            url = site.url_of(tenant, port=port)
            size = ViewportSize(width=390, height=844) if phone else ViewportSize(width=1280, height=800)
            context = await browser.new_context(
                base_url=url, java_script_enabled=script, viewport=size, reduced_motion="reduce"
            )
            stack.push_async_callback(context.close)
            visitors.append(Visitor(context, await context.new_page(), url))
            return visitors[-1]

        yield meet
    assert [each for visitor in visitors for each in visitor.complaints] == []


@pytest.fixture
def axe() -> str:
    """The accessibility checker, as it is published."""
    return (Path(__file__).parent / "vendor/axe-core-4.14.1/axe.min.js").read_text()
