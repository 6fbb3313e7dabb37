"""Journeys over HTTP: found, read whole, exported, shared; and by nobody else."""

import re
from base64 import b64encode
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from google.protobuf.json_format import Parse  # type: ignore[import-untyped]  # its types come apart
from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests import cast
from tests.conftest import client_of
from tests.modules.atlas.lookers import KEY, OTHER_KEY, demo_app, guest, operator, other_guest
from tests.modules.atlas.parts import keep, new_trace, part_of, span_of
from threadly.modules.atlas.verbs.journeys import MOST_SHARES, SHARED_FOR
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.parts import Part
from threadly.platform.work import Tenant, Works

__all__ = ["demo_app", "guest", "operator", "other_guest"]

JOURNEYS = "/api/v1/journeys"


async def get(client: httpx.AsyncClient, path: str = "", *, expected: int = 200, **params: str) -> Any:
    answer = await client.get(f"{JOURNEYS}{path}", params=params)
    assert answer.status_code == expected, answer.text
    return answer.json().get("data")


def clicked(tenant: Tenant, name: str = "POST /checkout", **more: Any) -> list[Part]:
    """A request, and the job that it caused in another process three seconds later."""
    trace_id = new_trace()
    whole = span_of(name, "request", 0, 40, attributes={"http.response.status_code": 200, "key": None})
    sql = span_of("store.reserve", "sql", 5, 15, whole, source="modules/store/verbs/checkout.py:12")
    told = span_of("store.send_receipt", "event", 20, 20, whole, attributes={"queue": "mail"})
    job = span_of("store.send_receipt", "job", 3_020, 3_050, told, error="OSError: away")
    values = {"tenant_id": tenant.id, "follower": KEY, "status": 200, "route": "/checkout", **more}
    return [
        part_of(trace_id, [whole, sql, told], **values),
        part_of(trace_id, [job], tenant_id=tenant.id, kept="failed", error="OSError: away"),
    ]


async def test_a_click_and_the_job_it_caused_are_one_journey(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = clicked(tenant)
    await keep(runtime, *parts)
    found = await get(guest, f"/{parts[0].trace_id}")
    assert (found["name"], found["status"], found["kept"]) == ("POST /checkout", 200, "followed")
    assert found["processes"] == ["web-1", "worker-2"]
    assert [(each["name"], each["depth"], each["place"]) for each in found["bars"]] == [
        ("POST /checkout", 0, "front"),
        ("store.reserve", 1, "postgresql"),
        ("store.send_receipt", 1, "jobs"),
        ("store.send_receipt", 2, "jobs"),
    ]
    assert (found["duration_us"], found["request_us"]) == (3_050_000, 40_000)
    assert sum(each["us"] for each in found["layers"]) == found["request_us"]
    assert found["sentence"].endswith(
        "1 job went on for 3 s afterwards. store.send_receipt failed: OSError: away."
    )
    sql = found["bars"][1]
    assert sql["source_url"] == (
        "https://host.example/blob/main/src/threadly/modules/store/verbs/checkout.py#L12"
    )
    (line,) = await get(guest)
    assert (line["trace_id"], line["duration_us"], line["span_count"]) == (parts[0].trace_id, 3_050_000, 4)
    assert line["error"] == "OSError: away"


async def test_what_somebody_else_clicked_is_not_there(
    guest: httpx.AsyncClient, other_guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = clicked(tenant)
    await keep(runtime, *parts)
    trace_id = parts[0].trace_id
    assert await get(other_guest) == []
    for path in (f"/{trace_id}", f"/{trace_id}/otlp"):
        assert await get(other_guest, path, expected=404) is None
    assert (await other_guest.post(f"{JOURNEYS}/{trace_id}/shares")).status_code == 404
    assert (await other_guest.delete(f"{JOURNEYS}/{trace_id}/shares")).status_code == 404
    # A request of one's own that names the trace opens it to nobody.
    (own, _) = clicked(tenant, name="GET /own", follower=OTHER_KEY)
    await keep(runtime, replace(own, trace_id=trace_id))
    seen = await get(other_guest, f"/{trace_id}")
    assert [each["name"] for each in seen["bars"]] == ["GET /own", "store.reserve", "store.send_receipt"]
    (line,) = await get(other_guest)
    assert (line["name"], line["span_count"], line["error"]) == ("GET /own", 3, None)
    assert line["processes"] == ["web-1"]
    assert (await get(guest, f"/{trace_id}"))["span_count"] == 4
    assert [each["name"] for each in await get(guest)] == ["POST /checkout"]


async def test_no_answer_tells_the_key_of_who_follows(
    guest: httpx.AsyncClient, operator: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = clicked(tenant)
    await keep(runtime, *parts)
    for client in (guest, operator):
        for path in ("", f"/{parts[0].trace_id}", f"/{parts[0].trace_id}/otlp"):
            assert KEY not in (await client.get(f"{JOURNEYS}{path}")).text


async def test_in_another_community_there_is_no_such_journey(
    demo_app: Front, operator: httpx.AsyncClient, runtime: Runtime, tenant: Tenant, other_tenant: Tenant
) -> None:
    parts = clicked(other_tenant)
    await keep(runtime, *parts)
    assert await get(operator, f"/{parts[0].trace_id}", expected=404) is None
    assert await get(operator) == []


async def test_an_operator_sees_all_and_may_ask_for_their_own(
    operator: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = clicked(tenant)
    await keep(runtime, *parts)
    assert [each["trace_id"] for each in await get(operator)] == [parts[0].trace_id]
    operator.cookies.set("threadly_follow", OTHER_KEY)
    assert await get(operator, mine="true") == []
    assert len(await get(operator)) == 1


async def test_without_permission_or_key_one_sees_none(
    client: httpx.AsyncClient, works: Works, tenant: Tenant
) -> None:
    client.cookies.set("threadly_follow", KEY)  # which elsewhere than on the demo takes a permission
    assert (await client.get(JOURNEYS)).status_code == 401
    kareem = await cast.sign_up(works, tenant, "kareem")
    session = await cast.sign_in(works, tenant, kareem)
    headers = {"Authorization": f"Bearer {session.access_token}"}
    assert (await client.get(JOURNEYS, headers=headers)).status_code == 403
    assert (await client.get(f"{JOURNEYS}/{new_trace()}", headers=headers)).status_code == 403


async def test_lists_are_filtered_and_come_page_by_page(
    operator: httpx.AsyncClient, runtime: Runtime, works: Works, tenant: Tenant
) -> None:
    bob = await cast.sign_up(works, tenant, "bob")
    made = [
        clicked(tenant, "GET /explore", kept="sampled", user=str(bob.user_id))[:1],
        clicked(tenant, "POST /api/v1/100%_sure", kept="failed", status=503)[:1],
        clicked(tenant, "GET /slow", kept="slow", duration_us=900_000)[:1],
        clicked(tenant, "GET /nobody", status=404)[:1],
    ]
    await keep(runtime, *(part for parts in made for part in parts))

    async def names(**params: Any) -> list[str]:
        found: Any = await get(operator, "", **params)
        return [each["name"] for each in found]

    assert await names() == ["GET /nobody", "GET /slow", "POST /api/v1/100%_sure", "GET /explore"]
    assert await names(kept="failed") == ["POST /api/v1/100%_sure"]
    assert await names(status="4xx") == ["GET /nobody"]
    assert await names(q="%_s") == ["POST /api/v1/100%_sure"]
    assert await names(min_ms="500") == ["GET /slow"]
    assert await names(user="bob") == ["GET /explore"]
    assert (await get(operator, user="bob"))[0]["user"] == "bob"
    first = (await operator.get(JOURNEYS, params={"limit": "3"})).json()
    assert len(first["data"]) == 3
    rest = await get(operator, limit="3", cursor=first["pagination"]["next_cursor"])
    assert [each["name"] for each in rest] == ["GET /explore"]
    await get(operator, expected=400, cursor=first["pagination"]["next_cursor"], q="other")


@pytest.mark.parametrize("trace_id", ["x", "A" * 32, "0" * 31, "%25", "0" * 32])
async def test_what_is_no_trace_is_missing(operator: httpx.AsyncClient, trace_id: str) -> None:
    assert (await operator.get(f"{JOURNEYS}/{trace_id}")).status_code == 404


async def test_ten_thousand_spans_are_a_small_answer(
    operator: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    whole = span_of("GET /many", "request", 0, 10_000)
    many = [span_of(f"feed.n{n % 700}", "sql", n, n + 0.9, whole) for n in range(10_000)]
    part = part_of(new_trace(), [whole, *many], tenant_id=tenant.id)
    await keep(runtime, part)
    found = await get(operator, f"/{part.trace_id}")
    assert found["span_count"] == 10_001
    assert len(found["bars"]) <= 401
    assert sum(each["count"] for each in found["bars"]) == 10_001
    assert sum(each["us"] for each in found["layers"]) == 10_000_000


# OTLP


async def test_an_export_is_what_opentelemetry_reads(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = clicked(tenant)
    await keep(runtime, *parts)
    answer = await guest.get(f"{JOURNEYS}/{parts[0].trace_id}/otlp")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    # OTLP's JSON writes ids as hex where Protobuf's writes base64; all else is the same.
    text = re.sub(
        r'"((?:trace|span|parentSpan)Id)":"([0-9a-f]+)"',
        lambda found: f'"{found[1]}":"{b64encode(bytes.fromhex(found[2])).decode()}"',
        answer.text,
    )
    read = Parse(text, ExportTraceServiceRequest())
    web, worker = read.resource_spans
    named = {each.key: each.value.string_value for each in web.resource.attributes}
    assert (named["service.name"], named["service.instance.id"]) == ("threadly-web", "1")
    whole, sql, told = web.scope_spans[0].spans
    assert whole.trace_id.hex() == parts[0].trace_id
    assert (whole.name, whole.kind, sql.kind, told.kind) == ("POST /checkout", 2, 3, 4)
    assert sql.parent_span_id == whole.span_id
    assert whole.end_time_unix_nano - whole.start_time_unix_nano == 40_000_000
    attributes = {each.key: each.value for each in whole.attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert "key" not in attributes
    (job,) = worker.scope_spans[0].spans
    assert (job.status.code, job.events[0].name, job.kind) == (2, "exception", 5)


# Links


async def test_a_link_shows_a_journey_to_anybody_until_it_is_withdrawn(
    guest: httpx.AsyncClient, client: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = clicked(tenant)
    await keep(runtime, *parts)
    shares = f"{JOURNEYS}/{parts[0].trace_id}/shares"
    answer = await guest.post(shares)
    assert answer.status_code == 201, answer.text
    token = answer.json()["data"]["url"].rpartition("/")[2]
    shared = f"/api/v1/shared-journeys/{token}"
    found = (await client.get(shared)).json()["data"]
    assert (found["name"], found["span_count"]) == ("POST /checkout", 4)
    assert (await client.get(f"{shared}x")).status_code == 404
    assert (await guest.delete(shares)).status_code == 204
    assert (await client.get(shared)).status_code == 404


async def test_a_link_is_good_for_a_week_and_in_its_community(
    guest: httpx.AsyncClient,
    demo_app: Front,
    runtime: Runtime,
    tenant: Tenant,
    other_tenant: Tenant,
) -> None:
    parts = clicked(tenant)
    await keep(runtime, *parts)
    made = (await guest.post(f"{JOURNEYS}/{parts[0].trace_id}/shares")).json()["data"]
    expires_at = msgspec.convert(made["expires_at"], type=type(runtime.works.clock()))
    assert abs(expires_at - runtime.works.clock() - SHARED_FOR) < timedelta(minutes=1)
    async with client_of(demo_app, other_tenant) as elsewhere:
        token = made["url"].rpartition("/")[2]
        assert (await elsewhere.get(f"/api/v1/shared-journeys/{token}")).status_code == 404


async def test_there_are_not_many_links_to_one_journey(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = clicked(tenant)
    await keep(runtime, *parts)
    answers = [
        (await guest.post(f"{JOURNEYS}/{parts[0].trace_id}/shares")).status_code
        for _ in range(MOST_SHARES + 1)
    ]
    assert answers == [201] * MOST_SHARES + [409]


async def test_links_of_somebody_who_sent_the_same_trace_id_take_no_room(
    guest: httpx.AsyncClient, other_guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = clicked(tenant)
    theirs = span_of("GET /cart", "request", 0, 4)
    same_id = part_of(parts[0].trace_id, [theirs], tenant_id=tenant.id, follower=OTHER_KEY)
    await keep(runtime, *parts, same_id)
    shares = f"{JOURNEYS}/{parts[0].trace_id}/shares"
    assert {(await other_guest.post(shares)).status_code for _ in range(MOST_SHARES)} == {201}
    assert (await guest.post(shares)).status_code == 201
    assert (await other_guest.post(shares)).status_code == 409
