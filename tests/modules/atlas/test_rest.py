"""The cards over the API"""

from typing import Any

import httpx
import pytest

from threadly.modules import atlas


async def get(client: httpx.AsyncClient, path: str, **params: str) -> Any:
    answer = await client.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_all_cards_come_page_by_page_in_their_order(client: httpx.AsyncClient) -> None:
    slugs: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(client, "/concepts", limit="40", **cursor)
        slugs += [each["slug"] for each in page["data"]]
        if not page["pagination"]["has_next"]:
            break
        cursor = {"cursor": page["pagination"]["next_cursor"]}
    assert slugs == [each.slug for each in atlas.CONCEPTS]


async def test_a_cursor_is_good_for_its_own_filter_only(client: httpx.AsyncClient) -> None:
    page = await get(client, "/concepts", limit="1", layer="data")
    cursor = page["pagination"]["next_cursor"]
    answer = await client.get("/api/v1/concepts", params={"cursor": cursor, "layer": "cache"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "http.invalid_cursor")


async def test_cards_are_filtered(client: httpx.AsyncClient) -> None:
    page = await get(client, "/concepts", q="breaker", layer="resilience", fields="slug")
    assert {"slug": "circuit-breaker"} in page["data"]
    assert len(page["data"]) < 10


@pytest.mark.parametrize("params", [{"layer": "kitchen"}, {"q": "x" * 101}, {"w": "x"}])
async def test_what_cannot_be_asked_is_refused(client: httpx.AsyncClient, params: dict[str, str]) -> None:
    assert (await client.get("/api/v1/concepts", params=params)).status_code == 400


async def test_a_card_says_where_it_lives(client: httpx.AsyncClient) -> None:
    card = (await get(client, "/concepts/outbox"))["data"]
    home = card["homes"][0]
    assert home["path"] == "src/threadly/platform/work.py"
    assert home["line"] > 1
    assert home["excerpt"].startswith("def emit")
    assert home["url"] == f"/map/source/{home['path']}#L{home['line']}"
    assert {each["slug"] for each in card["related"]} >= {"relay"}


async def test_a_card_that_is_known_already_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/api/v1/concepts/outbox")
    again = await client.get("/api/v1/concepts/outbox", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


async def test_an_unknown_card_is_missing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/concepts/teapot")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "atlas.concept_missing")
