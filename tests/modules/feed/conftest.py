"""What the feed's tests share: a community with some members."""

from collections.abc import Awaitable, Callable, Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.cast import Visit, sign_up, sign_up_many
from threadly.platform.telemetry import configure_tracing, stop_tracing
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings

SignUp = Callable[[str], Awaitable[Visit]]
# The SQL statements, by name, since it was last called.
Statements = Callable[[], list[str]]
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
def visitor(works: Works, tenant: Tenant) -> Visit:
    """Somebody who is not signed in."""
    return Visit(works, tenant)


@pytest.fixture
async def alex(join: SignUp) -> Visit:
    return await join("alexsmith")


@pytest.fixture
async def bob(join: SignUp) -> Visit:
    return await join("bob")


@pytest.fixture
async def sarah(join: SignUp) -> Visit:
    return await join("sarahj")


@pytest.fixture
def statements() -> Iterator[Statements]:
    """Which SQL requests run, from the traces that they leave."""
    exporter = InMemorySpanExporter()
    configure_tracing(Settings(), "tests", processors=[SimpleSpanProcessor(exporter)])

    def since() -> list[str]:
        spans = exporter.get_finished_spans()
        exporter.clear()
        return [each.name for each in spans if (each.attributes or {}).get("threadly.kind") == "sql"]

    yield since
    stop_tracing()
