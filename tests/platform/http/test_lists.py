"""Parameters, sparse fields and cursors."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadly.platform.http.pagination import Cursors
from threadly.platform.http.refusals import InvalidCursor
from threadly.platform.ids import new_id

PEOPLE = "/api/v1/people"
CURSORS = Cursors("one secret of the installation")
KEYSET = (datetime(2026, 1, 31, 12, tzinfo=UTC), new_id())


async def test_a_limit_is_20_by_default_and_within_1_to_100(client: httpx.AsyncClient) -> None:
    assert (await client.get(PEOPLE)).json()["limit"] == 20
    assert (await client.get(PEOPLE, params={"limit": 100})).json()["limit"] == 100


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", ""])
async def test_another_limit_is_400_and_named(client: httpx.AsyncClient, limit: str) -> None:
    response = await client.get(PEOPLE, params={"limit": limit})
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "limit"


async def test_an_unknown_parameter_is_400_and_named(client: httpx.AsyncClient) -> None:
    response = await client.get(PEOPLE, params={"limt": 5})
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["field"]) == ("http.unknown_parameter", "limt")
    assert "cursor, fields, limit" in error["message"]


async def test_a_page_for_people_ignores_unknown_parameters(client: httpx.AsyncClient) -> None:
    assert (await client.get("/page?utm_source=mail")).status_code == 200


async def test_fields_are_chosen_in_the_order_asked_for(client: httpx.AsyncClient) -> None:
    assert (await client.get(PEOPLE, params={"fields": "name"})).json()["data"] == [{"name": "Kareem"}]
    both = (await client.get(PEOPLE, params={"fields": "name, id"})).json()["data"][0]
    assert list(both) == ["name", "id"]


@pytest.mark.parametrize("fields", ["password", "name,password", ",", "__class__"])
async def test_an_unknown_field_is_400(client: httpx.AsyncClient, fields: str) -> None:
    response = await client.get(PEOPLE, params={"fields": fields})
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "fields"


async def test_an_overlong_cursor_is_400(client: httpx.AsyncClient) -> None:
    assert (await client.get(PEOPLE, params={"cursor": "x" * 600})).status_code == 400


def test_a_cursor_comes_back_typed() -> None:
    text = CURSORS.encode("feed.home", KEYSET)
    assert CURSORS.decode("feed.home", text, into=tuple[datetime, UUID]) == KEYSET


def test_a_cursor_of_another_list_is_refused() -> None:
    text = CURSORS.encode("users.posts:alexsmith", KEYSET)
    with pytest.raises(InvalidCursor):
        CURSORS.decode("users.posts:bob", text, into=tuple[datetime, UUID])


def test_a_cursor_of_another_installation_is_refused() -> None:
    text = Cursors("another secret").encode("feed.home", KEYSET)
    with pytest.raises(InvalidCursor):
        CURSORS.decode("feed.home", text, into=tuple[datetime, UUID])


def test_a_cursor_changed_in_one_bit_is_refused() -> None:
    raw = bytearray(base64.urlsafe_b64decode(CURSORS.encode("feed.home", (1, 2)) + "=="))
    raw[-1] ^= 1
    with pytest.raises(InvalidCursor):
        CURSORS.decode("feed.home", base64.urlsafe_b64encode(raw).decode(), into=tuple[int, int])


def test_a_cursor_with_another_keyset_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.decode("feed.home", CURSORS.encode("feed.home", ("a",)), into=tuple[int, int])


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_cursors(text: str) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.decode("feed.home", text, into=tuple[int, int])
