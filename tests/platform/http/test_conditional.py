"""ETags: 304 for what the client has, 412 for what has changed."""

import httpx

from tests.platform.http.sample import ETAG

KAREEM = "/api/v1/kareem"


async def test_the_same_tag_is_304_without_a_body(client: httpx.AsyncClient) -> None:
    first = await client.get(KAREEM)
    again = await client.get(KAREEM, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_tag_of_a_compressed_answer_is_another_and_still_matches(client: httpx.AsyncClient) -> None:
    plain = await client.get(KAREEM, headers={"Accept-Encoding": "identity"})
    packed = await client.get(KAREEM, headers={"Accept-Encoding": "br"})
    assert packed.headers["content-encoding"] == "br"
    assert packed.headers["etag"] != plain.headers["etag"]
    for kept in (plain, packed):
        again = await client.get(KAREEM, headers={"If-None-Match": f'"other", {kept.headers["etag"]}'})
        assert (again.status_code, again.headers["etag"]) == (304, kept.headers["etag"])


async def test_one_of_several_tags_and_a_star_match(client: httpx.AsyncClient) -> None:
    for tags in (f'"other", {ETAG}', f"W/{ETAG}", "*"):
        assert (await client.get(KAREEM, headers={"If-None-Match": tags})).status_code == 304
    assert (await client.get(KAREEM, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_change_of_another_state_is_412(client: httpx.AsyncClient) -> None:
    assert (await client.post(KAREEM, headers={"If-Match": ETAG})).status_code == 200
    response = await client.post(KAREEM, headers={"If-Match": '"older"'})
    assert response.status_code == 412
    assert response.json()["error"]["code"] == "http.precondition_failed"


async def test_a_change_without_the_required_tag_is_428(client: httpx.AsyncClient) -> None:
    assert (await client.post(KAREEM)).status_code == 428
