"""How many SQL statements a request takes: few, and the same for few posts and for many."""

from collections.abc import Awaitable, Callable, Iterator

import httpx
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests import cast
from tests.cast import Visit
from threadly.modules import feed
from threadly.platform.telemetry import configure_tracing, stop_tracing
from threadly.platform.work import Actor, Tenant, Works
from threadly.settings import Settings

FEW, MANY = 5, 50
SHOWN_ON_A_PAGE = 20
MOST_STATEMENTS = 3
# Asked now and then for all requests, not for each: what tokens are good, and what is cached for everybody.
FOR_ALL = {"identity.list_public_keys", "identity.list_voided_tokens", "feed.trending_tags"}

Statements = Callable[[], list[str]]
Drain = Callable[[], Awaitable[int]]


@pytest.fixture
def statements() -> Iterator[Statements]:
    """The names of the SQL statements since it was last asked."""
    exporter = InMemorySpanExporter()
    configure_tracing(Settings(), "tests", processors=[SimpleSpanProcessor(exporter)])

    def since() -> list[str]:
        spans = exporter.get_finished_spans()
        exporter.clear()
        named = [each.name for each in spans if (each.attributes or {}).get("threadly.kind") == "sql"]
        return [name for name in named if name not in FOR_ALL]

    yield since
    stop_tracing()


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (f"/api/v1/posts?limit={MANY}", "application/json"),
        (f"/api/v1/posts/explore?limit={MANY}", "application/json"),
        ("/", "text/html"),
        ("/explore", "text/html"),
    ],
)
async def test_fifty_posts_take_as_many_statements_as_five(
    signed_in: httpx.AsyncClient,
    works: Works,
    tenant: Tenant,
    alex: Actor,
    statements: Statements,
    drain: Drain,
    path: str,
    accept: str,
) -> None:
    async def read(posts: int) -> list[str]:
        await drain()
        statements()
        answer = await signed_in.get(path, headers={"Accept": accept})
        assert answer.status_code == 200, answer.text
        assert answer.text.count("#hello") >= min(posts, SHOWN_ON_A_PAGE)
        return statements()

    authors = await cast.sign_up_many(works, tenant, [f"author{number}" for number in range(MANY)])
    await _publish_and_follow(works, tenant, alex, authors[:FEW])
    few = await read(FEW)
    await _publish_and_follow(works, tenant, alex, authors[FEW:])
    many = await read(MANY)
    assert many == few
    assert 0 < len(many) <= MOST_STATEMENTS, many


async def _publish_and_follow(works: Works, tenant: Tenant, reader: Actor, authors: list[Actor]) -> None:
    """A post by each of the authors, whom the reader follows from now on."""
    for author in authors:
        await Visit(works, tenant, author).write(
            lambda work: feed.publish_post(work, content="Hello #hello", visibility="public")
        )
        await Visit(works, tenant, reader).write(
            lambda work, author=author: feed.follow_member(work, member=str(author.user_id))  # type: ignore[misc]
        )
