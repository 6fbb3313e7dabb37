"""The outermost layer: ids, headers, limits; over a real server wherever a client can tell."""

import asyncio
import re
from urllib.parse import urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from tests.conftest import eventually
from tests.platform.http.conftest import Serve, in_process
from tests.platform.http.sample import RELEASED, make_sample

TRACE = "0af7651916cd43dd8448eb211c80319c"
MANY = 50_000_000
HALF_A_REQUEST = (
    b"POST /api/v1/signups HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


@pytest.fixture(autouse=True)
def held_back() -> None:
    RELEASED.clear()


async def until_in_flight(client: httpx.AsyncClient, count: int) -> None:
    """Waits until the server serves `count` requests beside the one that asks."""
    async with asyncio.timeout(30):
        while f"threadly_requests_in_flight {count + 1}.0" not in (await client.get("/metrics")).text:
            pass


async def test_a_request_id_comes_back_and_a_missing_one_is_made(client: httpx.AsyncClient) -> None:
    assert (await client.get("/live", headers={"X-Request-Id": "abc-1"})).headers["x-request-id"] == "abc-1"
    assert re.fullmatch(r"[0-9a-f]{16}", (await client.get("/live")).headers["x-request-id"])


@pytest.mark.parametrize("bad", ["a" * 129, "a b", 'a"b', "é"])
async def test_an_unsafe_request_id_is_replaced(client: httpx.AsyncClient, bad: str) -> None:
    response = await client.get("/live", headers=[(b"X-Request-Id", bad.encode())])
    assert re.fullmatch(r"[0-9a-f]{16}", response.headers["x-request-id"])


async def test_a_trace_goes_on(client: httpx.AsyncClient) -> None:
    response = await client.get("/live", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    assert response.headers["x-trace-id"] == TRACE
    assert response.headers["traceparent"].startswith(f"00-{TRACE}-")


@pytest.mark.parametrize(
    "bad",
    ["", "garbage", f"00-{'0' * 32}-b7ad6b7169203331-01", f"ff-{TRACE}-b7ad6b7169203331-01", "00-x-y-z"],
)
async def test_a_malformed_traceparent_starts_a_new_trace(client: httpx.AsyncClient, bad: str) -> None:
    response = await client.get("/live", headers={"traceparent": bad})
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-trace-id"])
    assert response.headers["x-trace-id"] not in (TRACE, "0" * 32)


async def test_security_headers_are_on_every_answer(client: httpx.AsyncClient) -> None:
    for path in ("/live", "/page", "/nowhere", "/api/v1/refuse/bug"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers.get_list("content-security-policy", split_commas=False).__len__() == 1
        assert "permissions-policy" in headers
        assert "referrer-policy" in headers
        assert "strict-transport-security" not in headers


async def test_https_sites_say_so_for_long() -> None:
    async with in_process(make_sample(base_url="https://threadly.test")) as client:
        assert "max-age=63072000" in (await client.get("/live")).headers["strict-transport-security"]


async def test_a_pages_nonce_is_in_its_policy_and_never_the_same(client: httpx.AsyncClient) -> None:
    first, second = await client.get("/page"), await client.get("/page")
    nonce = first.text.split()[1]
    assert f"script-src 'self' 'nonce-{nonce}'" in first.headers["content-security-policy"]
    assert nonce not in second.headers["content-security-policy"]
    assert "unsafe" not in first.headers["content-security-policy"]
    assert "img-src 'self' data:; " in first.headers["content-security-policy"]


async def test_pages_may_show_images_of_the_cdn_that_is_set() -> None:
    async with in_process(make_sample(media_base_url="https://cdn.example")) as client:
        policy = (await client.get("/page")).headers["content-security-policy"]
    assert "img-src 'self' data: https://cdn.example; " in policy


async def test_head_is_a_get_without_its_body(serve: Serve) -> None:
    async with serve() as client:
        response = await client.head("/api/v1/text", headers={"Accept-Encoding": "identity"})
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["content-length"] == "9000"


@pytest.mark.parametrize("path", ["/api/v1/people?limit=%ff", "/api/v1/people?cursor=%00", "/api/v1/x%00y"])
async def test_text_that_no_database_can_hold_is_400(serve: Serve, path: str) -> None:
    async with serve() as client:
        response = await client.get(path)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "http.broken_utf8"


async def test_broken_utf8_in_the_path_is_400(serve: Serve) -> None:
    async with serve() as client:
        assert (await client.get("/api/v1/%ff%fe")).status_code == 400


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_50_mb_is_refused_with_an_answer_that_arrives(serve: Serve, chunked: bool) -> None:
    async def chunks() -> object:
        for _ in range(MANY // 500_000):
            yield b"x" * 500_000

    async with serve() as client:
        content = chunks() if chunked else b"x" * MANY
        headers = {"Content-Type": "application/json"}
        response = await client.post("/api/v1/signups", content=content, headers=headers)  # type: ignore[arg-type]  # an async iterator of bytes
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "http.body_too_large"
        assert (await client.get("/live")).status_code == 200


async def test_a_large_form_is_refused_as_well(serve: Serve) -> None:
    async with serve(max_body_bytes=10_000) as client:
        await client.get("/page")
        assert (await client.post("/form", data={"name": "x" * 20_000})).status_code == 413


async def test_a_request_that_takes_too_long_is_stopped(serve: Serve) -> None:
    async with serve(request_timeout_s=0.5) as client:
        response = await client.get("/api/v1/slow", headers={"x-sleep-s": "30"})
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert response.json()["error"]["code"] == "http.time_limit"
        assert (await client.get("/api/v1/slow")).status_code == 200


async def test_a_handler_may_take_longer_if_it_says_for_how_long() -> None:
    async with in_process(make_sample(request_timeout_s=0.05)) as client:
        in_time = await client.get("/api/v1/slow", headers={"x-longer-s": "30", "x-sleep-s": "0.2"})
        too_late = await client.get("/api/v1/slow", headers={"x-longer-s": "0.1", "x-sleep-s": "30"})
    assert (in_time.status_code, too_late.status_code) == (200, 503)


async def test_a_stream_may_last_longer_than_the_time_limit(serve: Serve) -> None:
    async with serve(request_timeout_s=0.2) as client:
        assert (await client.get("/api/v1/events")).text.count("tick") == 8


async def test_too_many_requests_in_flight_are_shed_and_the_rest_served(serve: Serve) -> None:
    async with serve(max_in_flight=2) as client:
        asked = [asyncio.create_task(client.get("/api/v1/held")) for _ in range(8)]

        async def all_others_are_answered() -> bool:
            return sum(each.done() for each in asked) == 6

        await eventually(all_others_are_answered)
        RELEASED.set()
        responses = await asyncio.gather(*asked)
        shed = [each for each in responses if each.status_code == 503]
        assert sorted(each.status_code for each in responses) == [200, 200] + [503] * 6
        assert all(each.headers["retry-after"] == "1" for each in shed)
        assert shed[0].json()["error"]["code"] == "http.overloaded"
        assert (await client.get("/api/v1/slow")).status_code == 200


async def test_probes_are_answered_while_requests_are_shed(serve: Serve) -> None:
    async with serve(max_in_flight=1) as client:
        held = asyncio.create_task(client.get("/api/v1/held"))
        await until_in_flight(client, 1)
        assert (await client.get("/api/v1/slow")).status_code == 503
        for path in ("/live", "/ready", "/metrics"):
            assert (await client.get(path)).status_code == 200
        RELEASED.set()
        assert (await held).status_code == 200


async def test_open_streams_do_not_count_as_in_flight(serve: Serve) -> None:
    async with serve(max_in_flight=1) as client, client.stream("GET", "/api/v1/events") as stream:
        assert stream.status_code == 200
        assert (await client.get("/api/v1/slow")).status_code == 200


async def test_a_client_that_leaves_half_way_is_not_taken_for_a_bug(serve: Serve) -> None:
    async with serve() as client:
        address = urlsplit(str(client.base_url))
        with capture_logs() as logged:
            _reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(HALF_A_REQUEST)
            await writer.drain()
            await until_in_flight(client, 1)
            writer.close()
            await until_in_flight(client, 0)
    told = [(each["event"], each["status"]) for each in logged if each["path"] == "/api/v1/signups"]
    assert told == [("request", 400)]
