"""A person's whole story, in a real browser, with the real processes behind it."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Browser, ViewportSize, async_playwright, expect

from tests.cast import Visit, sign_up
from tests.journeys.site import Site, running_site
from tests.journeys.visitor import Visitor
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings

Meet = Callable[..., Awaitable[Visitor]]
Settle = Callable[[str], Awaitable[Visit]]

PATIENCE_MS = 10_000.0
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("The journeys need a browser: `apt-get install chromium`, then try again.", pytrace=False)
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS)
        yield browser
        await browser.close()


# Of the package, not of the session: the worker must not take the events of the tests that come after.
@pytest.fixture(scope="package")
async def site(
    settings: Settings,
    owner: "asyncpg.Connection[asyncpg.Record]",
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
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
    url = site.url_of(tenant)
    visitors: list[Visitor] = []
    async with AsyncExitStack() as stack:

        async def meet(*, script: bool = True, phone: bool = False) -> Visitor:
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
