"""The pages of the Map"""

import re
from html import unescape

import httpx
import pytest
from msgspec.structs import replace

from tests.conftest import client_of
from threadly.app import make_app
from threadly.modules import atlas
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant


async def read(client: httpx.AsyncClient, path: str, *, status: int = 200) -> str:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status
    return unescape(answer.text)


def cards_in(html: str) -> list[str]:
    return re.findall(r'class="idea__name"><a href="/map/concepts/([a-z-]+)"', html)


async def test_the_map_shows_parts_events_and_jobs_to_everybody(client: httpx.AsyncClient) -> None:
    html = await read(client, "/map")
    for shown in (
        "Web processes",
        "PostgreSQL",
        "feed.post_published",
        "feed.fan_out",
        "identity.rotate_keys",
    ):
        assert shown in html


async def test_every_link_of_the_map_leads_somewhere(client: httpx.AsyncClient) -> None:
    html = await read(client, "/map")
    for path in sorted(set(re.findall(r'href="(/map[^"#]*)"', html))):
        assert (await client.get(path)).status_code == 200, path


async def test_all_cards_are_on_one_page_in_their_order(client: httpx.AsyncClient) -> None:
    assert cards_in(await read(client, "/map/concepts")) == [each.slug for each in atlas.CONCEPTS]


@pytest.mark.parametrize(
    ("query", "found", "missing"),
    [
        ("?q=circuit", "circuit-breaker", "outbox"),
        ("?q=PLATFORM.COMMIT", "transactions", "compression"),
        ("?layer=cache", "single-flight", "outbox"),
        ("?layer=events&q=webhooks", "deduplication", "outbox"),
    ],
)
async def test_a_filter_leaves_what_matches(
    client: httpx.AsyncClient, query: str, found: str, missing: str
) -> None:
    slugs = cards_in(await read(client, f"/map/concepts{query}"))
    assert found in slugs
    assert missing not in slugs


async def test_a_filter_that_matches_nothing_says_so(client: httpx.AsyncClient) -> None:
    html = await read(client, "/map/concepts?q=<b>nothing</b>")
    assert "No card has that" in html
    assert cards_in(html) == []


async def test_a_filter_that_means_nothing_is_left_out(client: httpx.AsyncClient) -> None:
    html = await read(client, f"/map/concepts?layer=kitchen&utm_source=mail&q={' ' * 300}")
    assert len(cards_in(html)) == len(atlas.CONCEPTS)


async def test_what_was_typed_is_escaped(client: httpx.AsyncClient) -> None:
    answer = await client.get("/map/concepts", params={"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text


async def test_a_card_shows_where_it_lives(client: httpx.AsyncClient) -> None:
    html = await read(client, "/map/concepts/single-flight")
    place = atlas.get_card("single-flight").homes[0]
    assert f"{place.path}:{place.line}" in html.replace("<wbr>", "")
    assert place.excerpt.splitlines()[0] in html
    assert "valkey cache.unlock" in html
    assert 'href="/map/concepts/cache-aside"' in html


async def test_every_card_is_a_page(client: httpx.AsyncClient) -> None:
    for concept in atlas.CONCEPTS:
        html = await read(client, f"/map/concepts/{concept.slug}")
        assert concept.why in html


async def test_a_card_that_is_not_there_is_a_page_that_says_so(client: httpx.AsyncClient) -> None:
    assert "There is no card of that name" in await read(client, "/map/concepts/teapot", status=404)


async def test_with_the_sources_address_a_card_links_to_its_line(runtime: Runtime, tenant: Tenant) -> None:
    await runtime.tenants.refresh()
    configured = Runtime(replace(runtime.settings, source_url="https://host.example/threadly/blob/main/"))
    configured.tenants, configured.works = runtime.tenants, runtime.works
    configured.limiter, configured.database = runtime.limiter, runtime.database
    async with client_of(make_app(configured), tenant) as client:
        html = await read(client, "/map/concepts/outbox")
    place = atlas.get_card("outbox").homes[0]
    assert f'href="https://host.example/threadly/blob/main/{place.path}#L{place.line}"' in html


async def test_without_it_the_line_is_on_a_page_of_our_own(client: httpx.AsyncClient) -> None:
    place = atlas.get_card("outbox").homes[0]
    address = f"/map/source/{place.path}"
    assert f'href="{address}#L{place.line}"' in await read(client, "/map/concepts/outbox")
    page = await read(client, address)
    assert f'id="L{place.line}" data-line="{place.line}">    def emit(' in page


@pytest.mark.parametrize("path", ["nothing.py", "../../pyproject.toml", "web/static/app.css", ""])
async def test_nothing_else_is_shown_as_source(client: httpx.AsyncClient, path: str) -> None:
    address = f"/map/source/src/threadly/{path}"
    assert "def " not in await read(client, address, status=404)


async def test_every_part_and_module_of_the_plan_has_cards(client: httpx.AsyncClient) -> None:
    page = await read(client, "/map")
    parts = re.findall(r'<li class="(?:part-of|module)" id="part-([a-z-]+)"', page)
    found = re.findall(r'aria-label="Cards of ([^"]+)"', page)
    assert len(parts) > 20
    assert len(found) == len(parts)


async def test_every_page_leads_to_the_map_from_its_top_and_its_foot(client: httpx.AsyncClient) -> None:
    assert (await read(client, "/explore")).count('href="/map"') == 2
