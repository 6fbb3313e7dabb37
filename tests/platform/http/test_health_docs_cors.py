"""What stands beside the API: probes, metrics, documents, other origins."""

import re

import httpx

from tests.platform.http.conftest import in_process
from tests.platform.http.sample import down, make_sample
from threadly.platform.http.docs import SCRIPT_PATH


async def test_live_and_ready_are_not_wrapped(client: httpx.AsyncClient) -> None:
    assert (await client.get("/live")).json() == {"status": "live"}
    assert (await client.get("/ready")).json() == {"status": "ready", "database": "up", "valkey": "up"}


async def test_without_the_database_it_is_not_ready_but_alive() -> None:
    async with in_process(make_sample(needed=down)) as client:
        response = await client.get("/ready")
        assert response.status_code == 503
        assert response.json() == {"status": "not ready", "database": "down", "valkey": "up"}
        assert (await client.get("/live")).status_code == 200


async def test_without_valkey_it_is_ready_and_says_so() -> None:
    async with in_process(make_sample(helpful=down)) as client:
        response = await client.get("/ready")
        assert response.status_code == 200
        assert response.json()["valkey"] == "down"


async def test_metrics_count_requests_by_route_not_by_address(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/people/018f0000-0000-7000-8000-000000000001")
    await client.get("/no/such/address")
    text = (await client.get("/metrics")).text
    assert 'threadly_request_seconds_count{method="GET",route="/api/v1/people/{person_id}"' in text
    assert 'route="(none)",status="4xx"' in text
    assert "018f0000" not in text
    assert "threadly_requests_in_flight 1.0" in text


async def test_methods_that_a_client_made_up_are_counted_as_one(client: httpx.AsyncClient) -> None:
    for made_up in ("ODD1", "ODD2"):
        await client.request(made_up, "/api/v1/people/018f0000-0000-7000-8000-000000000001")
    text = (await client.get("/metrics")).text
    assert 'threadly_request_seconds_count{method="_OTHER"' in text
    assert 'method="ODD' not in text


async def test_the_docs_load_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert re.findall(r"https?://", page.text) == []
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy
    script = await client.get(SCRIPT_PATH)
    assert script.headers["content-type"].startswith("text/javascript")
    assert "RapiDoc" in script.text[:100]


async def test_the_document_describes_the_error_envelope(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    responses = document["paths"]["/api/v1/signups"]["post"]["responses"]
    envelope = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
    assert responses["400"]["content"] == responses["default"]["content"] == envelope
    assert document["components"]["schemas"]["Problem"]["required"] == ["code", "message", "trace_id"]
    assert [path for path in document["paths"] if not path.startswith("/api/")] == []


async def test_the_document_is_fetched_once(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/openapi.json")).headers["etag"]
    assert (await client.get("/openapi.json", headers={"If-None-Match": etag})).status_code == 304


async def test_an_allowed_origin_may_read_and_others_may_not() -> None:
    async with in_process(make_sample(cors_origins=("https://shop.example",))) as client:
        allowed = await client.get("/api/v1/people", headers={"Origin": "https://shop.example"})
        assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-credentials" not in allowed.headers
        other = await client.get("/api/v1/people", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_a_preflight_names_what_may_be_sent() -> None:
    async with in_process(make_sample(cors_origins=("https://shop.example",))) as client:
        headers = {
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "idempotency-key, authorization",
        }
        response = await client.options("/api/v1/signups", headers=headers)
        assert response.status_code == 204
        assert "idempotency-key" in response.headers["access-control-allow-headers"].lower()


async def test_without_allowed_origins_there_are_no_such_headers(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/people", headers={"Origin": "https://shop.example"})
    assert not [name for name in response.headers if name.startswith("access-control")]
