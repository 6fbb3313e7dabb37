"""What API.md promises of every answer: envelope, headers, idempotency, conditions, compression, shedding."""

import asyncio
import gzip
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import brotli  # type: ignore[import-untyped]  # it has none
import httpx
import pytest
import zstandard

from tests import cast
from tests.conftest import client_of
from tests.wire.conftest import Counted
from tests.wire.servers import other_app
from tests.wire.test_bad_input import POSTS, SIGN_UP, SOMEBODY, refused
from threadly.platform.http.front import Front
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings

TWINS = 10
POST_FIELDS = {
    "id",
    "content",
    "visibility",
    "created_at",
    "updated_at",
    "author",
    "like_count",
    "comment_count",
    "liked_by_me",
    "media",
}

Publish = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def publish(signed_in: httpx.AsyncClient) -> Publish:
    async def publish(content: str = "Hello") -> dict[str, Any]:
        answer = await signed_in.post(POSTS, json={"content": content})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()["data"]
        return made

    return publish


# Envelope


async def test_a_post_has_the_fields_of_the_contract_and_an_address(signed_in: httpx.AsyncClient) -> None:
    answer = await signed_in.post(POSTS, json={"content": "Hello"})
    assert answer.status_code == 201
    assert set(answer.json()) == {"success", "data"}
    made = answer.json()["data"]
    assert set(made) >= POST_FIELDS
    assert set(made["author"]) == {"id", "username", "name", "avatar_url"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", made["created_at"])
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", made["id"])
    assert answer.headers["Location"] == f"{POSTS}/{made['id']}"
    read = await signed_in.get(answer.headers["Location"])
    assert read.json() == {"success": True, "data": made}


async def test_a_list_has_pages_that_neither_repeat_nor_miss_while_others_post(
    signed_in: httpx.AsyncClient, publish: Publish
) -> None:
    made = [(await publish(f"Post {number}"))["id"] for number in range(5)]
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = (await signed_in.get(f"{POSTS}/explore?limit=2{cursor}")).json()
        assert set(page["pagination"]) == {"per_page", "has_next", "next_cursor"}
        assert page["pagination"]["per_page"] == 2
        seen += [post["id"] for post in page["data"]]
        if not page["pagination"]["has_next"]:
            break
        cursor = f"&cursor={page['pagination']['next_cursor']}"
        await publish("Meanwhile")
    assert page["pagination"]["next_cursor"] is None
    assert seen == made[::-1]


async def test_fields_chooses_and_several_wrong_fields_give_one_error(
    signed_in: httpx.AsyncClient, publish: Publish
) -> None:
    made = await publish()
    one = (await signed_in.get(f"{POSTS}/{made['id']}?fields=id,content")).json()["data"]
    assert one == {"id": made["id"], "content": "Hello"}
    (listed,) = (await signed_in.get(f"{POSTS}/explore?fields=content")).json()["data"]
    assert listed == {"content": "Hello"}
    error = refused(await signed_in.post(SIGN_UP, json={}), 400)
    assert {detail["field"] for detail in error["details"]} == set(SOMEBODY)
    assert all(detail["message"] and detail["code"] for detail in error["details"])


async def test_no_content_has_no_body_and_twice_is_the_same(
    signed_in: httpx.AsyncClient, publish: Publish
) -> None:
    likes = f"{POSTS}/{(await publish())['id']}/likes"
    for method in ("POST", "POST", "DELETE", "DELETE"):
        answer = await signed_in.request(method, likes)
        assert (answer.status_code, answer.content) == (204, b"")


# Headers


async def test_ids_come_in_and_go_out(client: httpx.AsyncClient) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Request-Id": "mine-1", "traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    for path in ("/api/v1/posts/explore", "/api/v1/nothing", "/", "/live"):
        answer = await client.get(path, headers=headers)
        assert answer.headers["X-Request-Id"] == "mine-1"
        assert answer.headers["X-Trace-Id"] == trace_id
        assert answer.headers["traceparent"].split("-")[1] == trace_id
    for wrong in ("00-zz-b7ad6b7169203331-01", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "x" * 9_000):
        answer = await client.get("/live", headers={"traceparent": wrong})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Trace-Id"])
    answer = await client.get("/live", headers={"X-Request-Id": "a b;<script>" + "x" * 200})
    assert re.fullmatch(r"[\w-]{8,64}", answer.headers["X-Request-Id"])


async def test_limits_are_told_and_when_reached_say_when_to_come_back(
    settings: Settings, tenant: Tenant
) -> None:
    async with other_app(settings, rate_limit_factor=0.02) as app, client_of(app, tenant) as client:
        remaining = []
        for _ in range(4):
            answer = await client.get(f"{POSTS}/explore")
            assert answer.status_code == 200
            assert answer.headers["X-RateLimit-Limit"] == "4"
            assert 0 <= int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 70
            remaining.append(int(answer.headers["X-RateLimit-Remaining"]))
        assert remaining == [3, 2, 1, 0]
        answer = await client.get(f"{POSTS}/explore")
        refused(answer, 429)
        assert 1 <= int(answer.headers["Retry-After"]) <= 70
        assert answer.headers["X-RateLimit-Remaining"] == "0"
        assert (await client.get("/live")).status_code == 200, "probes are not limited"


async def test_what_no_route_takes_is_counted_and_limited_too(
    settings: Settings, tenant: Tenant, signed_in: httpx.AsyncClient
) -> None:
    async with other_app(settings, rate_limit_factor=0.02) as app, client_of(app, tenant) as client:
        asked = [
            ("GET", "/api/v1/nothing", 404),
            ("HEAD", "/api/v2/posts", 404),
            ("PUT", POSTS, 405),
            ("GET", "/api/v1/posts/explore", 200),
        ]
        for left, (method, path, status) in zip((3, 2, 1, 0), asked, strict=True):
            answer = await client.request(method, path)
            assert answer.status_code == status
            assert answer.headers["X-RateLimit-Limit"] == "4"
            assert answer.headers["X-RateLimit-Remaining"] == str(left)
            assert int(answer.headers["X-RateLimit-Reset"]) > 0
            assert len(answer.headers.get_list("X-RateLimit-Limit")) == 1
        for method, path, _ in asked:
            answer = await client.request(method, path)
            assert answer.status_code == 429
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.headers.get_list("X-RateLimit-Remaining") == ["0"]
        # Whoever is signed in spends their own; a token that is not good does not hide what there is not.
        token = signed_in.headers["Authorization"]
        mine = await client.get("/api/v1/nothing", headers={"Authorization": token})
        assert (mine.status_code, mine.headers["X-RateLimit-Limit"]) == (404, "12")
    bad = await signed_in.get("/api/v1/nothing", headers={"Authorization": "Bearer wrong"})
    assert bad.status_code == 404
    assert "X-RateLimit-Remaining" in bad.headers
    page = await signed_in.get("/nothing", headers={"Accept": "text/html"})
    assert (page.status_code, "X-RateLimit-Limit" in page.headers) == (404, False)


async def test_guessing_passwords_is_limited_more_tightly(settings: Settings, tenant: Tenant) -> None:
    async with other_app(settings, rate_limit_factor=0.3) as app, client_of(app, tenant) as client:
        guess = {"email": "alexsmith@example.com", "password": "a guess of mine"}
        statuses = [(await client.post("/api/v1/auth/login", json=guess)).status_code for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
        assert (await client.get(f"{POSTS}/explore")).status_code == 200


async def test_guessing_codes_and_links_is_limited_more_tightly(settings: Settings, tenant: Tenant) -> None:
    async with other_app(settings, rate_limit_factor=0.3) as app, client_of(app, tenant) as client:
        token = {"token": "A" * 43}
        answers = [
            await client.post("/api/v1/gift-cards/balance", json={"code": "0000-0000-0000-0000"}),
            await client.post("/api/v1/auth/email/confirm", json=token),
            # Forms without their token, which count too.
            await client.post("/setup", data=token),
            await client.post("/join/AAAAAAAAAAAAAAAAAAAAAA"),
        ]
        # Counted together: if one of them were not, the last would be let through.
        assert [each.status_code for each in answers] == [404, 400, 403, 429]


# Idempotency


async def test_the_same_key_and_body_is_one_post_and_one_answer(
    signed_in: httpx.AsyncClient, count_rows: Counted
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await signed_in.post(POSTS, json={"content": "Once"}, headers=key)
    after_first = await count_rows()
    again = await signed_in.post(POSTS, json={"content": "Once"}, headers=key)
    assert await count_rows() == after_first
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    other = await signed_in.post(POSTS, json={"content": "Twice"}, headers=key)
    refused(other, 422, "http.idempotency_key_reused")
    assert await count_rows() == after_first


async def test_twins_that_arrive_together_are_one_post_and_one_answer(
    signed_in: httpx.AsyncClient, count_rows: Counted
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    twins = [signed_in.post(POSTS, json={"content": "Once"}, headers=key) for _ in range(TWINS)]
    answers = await asyncio.gather(*twins)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer for answer in answers if answer.headers.get("Idempotent-Replayed") == "true"]
    assert len(replayed) == TWINS - 1
    assert (await count_rows())["feed.posts"] == 1


async def test_twins_of_a_sign_up_are_one_account(client: httpx.AsyncClient, count_rows: Counted) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(client.post(SIGN_UP, json=SOMEBODY, headers=key) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert (await count_rows())["identity.users"] == 1


async def test_a_refused_request_leaves_its_key_free(signed_in: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    refused(await signed_in.post(POSTS, json={"content": ""}, headers=key), 400)
    assert (await signed_in.post(POSTS, json={"content": "Now"}, headers=key)).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ"])
async def test_a_key_that_is_none_is_refused(signed_in: httpx.AsyncClient, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode())]
    refused(await signed_in.post(POSTS, json={"content": "Once"}, headers=headers), 400)


# Conditions


async def test_what_is_unchanged_is_not_sent_again_and_what_changed_is_not_overwritten(
    signed_in: httpx.AsyncClient, publish: Publish
) -> None:
    address = f"{POSTS}/{(await publish())['id']}"
    etag = (await signed_in.get(address)).headers["ETag"]
    unchanged = await signed_in.get(address, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == etag
    edited = await signed_in.patch(address, json={"content": "Edited"}, headers={"If-Match": etag})
    assert edited.status_code == 200
    assert edited.headers["ETag"] != etag
    assert (await signed_in.get(address, headers={"If-None-Match": etag})).status_code == 200
    late = await signed_in.patch(address, json={"content": "Lost update"}, headers={"If-Match": etag})
    refused(late, 412, "http.precondition_failed")
    late = await signed_in.delete(address, headers={"If-Match": etag})
    refused(late, 412, "http.precondition_failed")
    assert (await signed_in.get(address)).json()["data"]["content"] == "Edited"
    assert (await signed_in.delete(address, headers={"If-Match": edited.headers["ETag"]})).status_code == 204


async def test_of_edits_that_arrive_together_with_one_etag_one_is_made(
    signed_in: httpx.AsyncClient, publish: Publish
) -> None:
    address = f"{POSTS}/{(await publish())['id']}"
    etag = (await signed_in.get(address)).headers["ETag"]
    answers = await asyncio.gather(
        *(
            signed_in.patch(address, json={"content": f"Edit {number}"}, headers={"If-Match": etag})
            for number in range(TWINS)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (TWINS - 1)


# Compression


@pytest.mark.parametrize(
    ("accepts", "encoding", "decode"),
    [
        ("br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("zstd", "zstd", lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body)),
        ("gzip;q=0.5, br;q=1.0", "br", brotli.decompress),
        ("br;q=0, gzip", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("compress, lzw", None, bytes),
        ("", None, bytes),
    ],
)
async def test_answers_are_compressed_as_the_client_can_read_them(
    signed_in: httpx.AsyncClient,
    publish: Publish,
    accepts: str,
    encoding: str | None,
    decode: Callable[[bytes], bytes],
) -> None:
    for number in range(10):
        await publish(f"{number} {'la ' * 60}")
    async with signed_in.stream("GET", f"{POSTS}/explore", headers={"Accept-Encoding": accepts}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers.get("Content-Encoding") == encoding
    assert "accept-encoding" in answer.headers.get("Vary", "").lower()
    assert decode(raw).startswith(b'{"success":true')


# Security


async def test_every_answer_has_the_security_headers_and_pages_a_strict_policy(
    signed_in: httpx.AsyncClient,
) -> None:
    nonces = set()
    for path in ("/", "/login", "/explore", "/nothing", "/live", "/static/app.css", f"{POSTS}/explore"):
        answer = await signed_in.get(path, headers={"Accept": "text/html"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-" not in policy, path
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "Strict-Transport-Security" not in answer.headers
        assert "Server" not in answer.headers or "/" not in answer.headers["Server"]
        if answer.headers["Content-Type"].startswith("text/html"):
            assert " style=" not in answer.text, path
            nonces |= set(re.findall(r"'nonce-([^']+)'", policy))
            inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", answer.text)
            assert all("nonce=" in attributes or "json" in attributes for attributes in inline)


async def test_behind_https_cookies_are_secure_and_browsers_are_told_to_stay(
    settings: Settings, tenant: Tenant
) -> None:
    async with (
        other_app(settings, base_url="https://threadly.example") as app,
        client_of(app, tenant) as client,
    ):
        page = await client.get("/login")
        assert "max-age=" in page.headers["Strict-Transport-Security"]
        for cookie in page.headers.get_list("Set-Cookie"):
            assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


async def test_only_listed_origins_may_ask_from_a_browser(
    settings: Settings, app: Front, tenant: Tenant
) -> None:
    friend, stranger = "https://friend.example", "https://stranger.example"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with other_app(settings, cors_origins=(friend,)) as open_app, client_of(open_app, tenant) as client:
        answer = await client.get(f"{POSTS}/explore", headers={"Origin": friend})
        assert answer.headers["Access-Control-Allow-Origin"] == friend
        assert "Access-Control-Allow-Credentials" not in answer.headers
        answer = await client.options(POSTS, headers={"Origin": friend} | asked)
        assert answer.status_code in (200, 204)
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        for method in ("GET", "OPTIONS"):
            answer = await client.request(method, POSTS, headers={"Origin": stranger} | asked)
            assert answer.headers.get("Access-Control-Allow-Origin") not in (stranger, "*")
    async with client_of(app, tenant) as client:
        answer = await client.get(f"{POSTS}/explore", headers={"Origin": friend})
        assert "Access-Control-Allow-Origin" not in answer.headers


# Load


async def test_what_is_too_much_is_turned_away_at_once_with_when_to_come_back(
    settings: Settings, tenant: Tenant
) -> None:
    async with other_app(settings, max_in_flight=2) as app, client_of(app, tenant) as client:
        answers = await asyncio.gather(*(client.get(f"{POSTS}/explore") for _ in range(20)))
        shed = [answer for answer in answers if answer.status_code == 503]
        assert {answer.status_code for answer in answers} == {200, 503}
        for answer in shed:
            refused(answer, 503, "http.overloaded")
            assert int(answer.headers["Retry-After"]) >= 1
        assert (await client.get(f"{POSTS}/explore")).status_code == 200


async def test_health_tells_of_the_parts_and_metrics_count(client: httpx.AsyncClient) -> None:
    assert (await client.get("/live")).json() == {"status": "live"}
    assert (await client.get("/ready")).json() == {"status": "ready", "database": "up", "valkey": "up"}
    await client.get(f"{POSTS}/explore")
    metrics = (await client.get("/metrics")).text
    assert "threadly_" in metrics
    assert 'route="/api/v1/posts/explore"' in metrics


async def test_count_adds_the_total_where_it_is_offered(
    signed_in: httpx.AsyncClient, works: Works, tenant: Tenant
) -> None:
    for username in ("sarah", "kareem", "ada"):
        fan = await cast.sign_up(works, tenant, username)
        token = (await cast.sign_in(works, tenant, fan)).access_token
        await signed_in.post("/api/v1/users/alexsmith/follow", headers={"Authorization": f"Bearer {token}"})
    page = (await signed_in.get("/api/v1/users/alexsmith/followers?count=true&limit=2")).json()
    assert page["pagination"]["total"] == 3
    assert len(page["data"]) == 2
    assert "total" not in (await signed_in.get("/api/v1/users/alexsmith/followers")).json()["pagination"]
    made = (await signed_in.post("/api/v1/posts", json={"content": "How many?"})).json()["data"]
    for number in range(2):
        await signed_in.post(f"/api/v1/posts/{made['id']}/comments", json={"content": f"{number}"})
    comments = (await signed_in.get(f"/api/v1/posts/{made['id']}/comments?count=true")).json()
    assert comments["pagination"]["total"] == 2
