"""The pages of journeys, without a script: the list, one, two side by side, one that was shared."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from tests.modules.atlas.lookers import KEY, demo_app, guest, operator, other_guest
from tests.modules.atlas.parts import keep, new_trace, part_of, span_of
from threadly.modules.atlas.pages.journey_view import DEEPEST, view_of, words_of
from threadly.modules.atlas.rules.grouping import MOST_ROWS
from threadly.modules.atlas.rules.journeys import read_journey
from threadly.modules.atlas.rules.scale import scale_of
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.parts import Part
from threadly.platform.work import Tenant

__all__ = ["demo_app", "guest", "operator", "other_guest"]

PAGES = "/map/journeys"


async def read(client: httpx.AsyncClient, path: str, *, status: int = 200) -> str:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text[:500]
    return unescape(answer.text)


def bought(tenant: Tenant, *, attempts: int = 2, name: str = "POST /checkout", **more: Any) -> list[Part]:
    """A checkout whose provider answered the last of so many attempts; its receipt is three seconds later."""
    whole = span_of(name, "request", 0, 2_000)
    calls = [
        span_of(
            "sandbox.charge",
            "call",
            20 + number * 900,
            820 + number * 900,
            whole,
            source="modules/payments/calling.py:79",
            error=None if number == attempts - 1 else "ProviderUnknown: no answer in time",
            attributes={"key": "the-one-key", "attempt": number + 1}
            | ({} if number == attempts - 1 else {"outcome": "unknown", "breaker": "closed"}),
        )
        for number in range(attempts)
    ]
    sql = span_of("store.consume", "sql", 1_900, 1_910, whole, attributes={"rows": 1})
    told = span_of("store.send_receipt", "event", 1_950, 1_950, whole, attributes={"queue": "mail"})
    job = span_of("store.send_receipt", "job", 5_000, 5_040, told)
    trace_id = new_trace()
    values = {"tenant_id": tenant.id, "follower": KEY, "status": 201, **more}
    return [
        part_of(trace_id, [whole, *calls, sql, told], **values),
        part_of(trace_id, [job], tenant_id=tenant.id),
    ]


async def test_a_journey_is_a_page_with_its_sentence_its_sums_and_every_span(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = bought(tenant)
    await keep(runtime, *parts)
    html = await read(guest, f"{PAGES}/{parts[0].trace_id}")
    assert '<h1 class="voyage__name">POST /checkout</h1>' in html
    assert (
        "1.6 s of 2 s were spent waiting for the payment provider; the second attempt, under the same key, "
        "succeeded. 1 job went on for 3 s afterwards."
    ) in html
    assert html.count('<li class="jrow ') == 6
    assert html.count("<dd>the-one-key</dd>") == 2
    for shown in ("no answer", "second attempt", "ProviderUnknown: no answer in time", "web-1", "worker-2"):
        assert shown in html
    assert f'href="/map?journey={parts[0].trace_id}"' in html
    assert "src/threadly/modules/payments/calling.py#L79" in html
    assert "has not run yet" not in html
    assert "style=" not in html, "the policy lets no style be in a page"


async def test_a_job_that_has_not_run_yet_is_waited_for(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    click, job = bought(tenant)
    await keep(runtime, click)
    assert "store.send_receipt has not run yet" in await read(guest, f"{PAGES}/{click.trace_id}")
    await keep(runtime, job)
    assert "has not run yet" not in await read(guest, f"{PAGES}/{click.trace_id}")


async def test_the_answer_and_what_came_after_lie_on_one_line_with_the_lull_between_them_shortened(
    tenant: Tenant,
) -> None:
    journey = read_journey(bought(tenant))
    scale = scale_of(journey.bars, journey.duration_us)
    (lull,) = scale.lulls
    assert lull.us == 3_000_000
    places = [scale.place(us) for us in range(0, 5_041_000, 1_000)]
    assert places == sorted(places)
    assert (places[0], scale.place(journey.duration_us)) == (0, 1)
    assert scale.place(5_000_000) - scale.place(2_000_000) == pytest.approx(lull.width)
    assert scale.place(2_000_000) > 0.9 * (1 - lull.width)
    view = view_of(journey, places={}, now=journey.started_at)
    assert [(each.says, each.anchor) for each in view.ticks] == [("0", "start"), ("5 s", "end")]
    assert all(float(row.x[:-1]) + float(row.width[:-1]) <= 100.001 for row in view.rows)


def test_what_happened_to_a_span_is_in_words() -> None:
    whole = span_of("GET /", "request", 0, 10)
    spans = [
        span_of("cache shop", "cache", 1, 2, whole, attributes={"outcome": "shared"}),
        span_of("stripe.charge", "call", 2, 3, whole, attributes={"outcome": "unreached", "breaker": "open"}),
        span_of("idempotent answer", "verb", 3, 4, whole, attributes={"replayed": True}),
        span_of("store.tell", "reaction", 4, 5, whole, attributes={"waited_ms": 12.0}),
        span_of("feed.x", "sql", 5, None, whole, error="E: e"),
        span_of("admit", "gate", 6, 7, whole, refused="http.too_many_requests"),
    ]
    found = read_journey([part_of(new_trace(), [whole, *spans])])
    assert [[word.text for word in words_of(each)] for each in found.bars[1:]] == [
        ["shared with others who asked"],
        ["breaker open"],
        ["answered before"],
        ["waited 12 ms"],
        ["failed", "has not ended"],
        ["too many requests"],
    ]


async def test_the_list_shows_ones_own_and_leads_to_each(
    guest: httpx.AsyncClient, other_guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    assert "Nothing has travelled yet" in await read(guest, PAGES)
    parts = bought(tenant)
    await keep(runtime, *parts, *bought(tenant, name="GET /shop", status=404))
    html = await read(guest, PAGES)
    assert re.findall(r'class="jline__name">([^<]+)<', html) == ["GET /shop", "POST /checkout"]
    assert f'href="{PAGES}/{parts[0].trace_id}"' in html
    assert "GET /shop" not in await read(guest, f"{PAGES}?status=2xx&q=check")
    assert "No journey is like that" in await read(guest, f"{PAGES}?min_ms=3000000")
    assert "Nothing has travelled yet" in await read(other_guest, PAGES)


async def test_what_cannot_be_asked_is_left_out(guest: httpx.AsyncClient, tenant: Tenant) -> None:
    for query in (
        "?status=9xx&kept=x&min_ms=-1&cursor=x",
        "?min_ms=²",
        "?q=%27%22%5C",
        f"?q={'x' * 5_000}&user=%25",
    ):
        await read(guest, f"{PAGES}{query}")
    assert (
        "<script>alert"
        not in (await guest.get(f"{PAGES}?q=%22%3E%3Cscript%3Ealert&compare=%22%3E%3Cscript%3Ealert")).text
    )


async def test_older_ones_are_on_the_next_page(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    await keep(runtime, *(bought(tenant, name=f"GET /{n}")[0] for n in range(27)))
    html = await read(guest, f"{PAGES}?q=GET")
    (older,) = re.findall(r'href="([^"]+)">Older ones', html)
    rest = await read(guest, older)
    assert re.findall(r'class="jline__name">([^<]+)<', rest) == ["GET /1", "GET /0"]
    assert "Back to the newest" in rest


async def test_an_operator_sees_everybodys_with_names(
    operator: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    await keep(runtime, *bought(tenant))
    html = await read(operator, PAGES)
    assert "POST /checkout" in html
    assert 'name="user"' in html


async def test_who_may_not_follow_is_told_where_to_begin(client: httpx.AsyncClient) -> None:
    assert "You follow no clicks" in await read(client, PAGES)


async def test_somebody_elses_journey_is_a_page_that_says_so(
    other_guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = bought(tenant)
    await keep(runtime, *parts)
    assert "no such journey" in await read(other_guest, f"{PAGES}/{parts[0].trace_id}", status=404)
    compared = f"{PAGES}/compare?a={parts[0].trace_id}&b={parts[0].trace_id}"
    await read(other_guest, compared, status=404)
    await read(other_guest, f"{PAGES}/compare", status=404)


async def test_two_journeys_are_held_against_each_other(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    slow, quick = bought(tenant, attempts=2), bought(tenant, attempts=1)
    await keep(runtime, *slow, *quick)
    html = await read(guest, f"{PAGES}/{slow[0].trace_id}")
    (to,) = re.findall(rf'href="({PAGES}/compare[^"]+)"', html)
    assert to == f"{PAGES}/compare?a={quick[0].trace_id}&b={slow[0].trace_id}"
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", await read(guest, to)))
    assert "sandbox.charge call slower 800 ms 2 × 800 ms +800 ms" in text
    assert "Payments 800 ms 1.6 s +800 ms" in text
    assert "2 statements, calls and the like are alike in both" in text


async def test_a_journey_is_shared_by_the_address_of_a_page_until_that_is_withdrawn(
    guest: httpx.AsyncClient, client: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    parts = bought(tenant)
    await keep(runtime, *parts)
    page = f"{PAGES}/{parts[0].trace_id}"

    async def press(action: str) -> str:
        token = re.search(r'name="_csrf" value="([^"]+)"', await read(guest, page))
        assert token
        answer = await guest.post(f"{page}/{action}", data={"_csrf": token[1]})
        assert answer.status_code == 303
        return answer.headers["Location"]

    shared = await press("share")
    html = await read(client, shared)
    assert "POST /checkout" in html
    assert "Withdraw" not in html
    assert "Withdraw 1 link" in await read(guest, page)
    assert await press("withdraw") == page
    await read(client, shared, status=404)


async def test_ten_thousand_spans_are_a_page_that_can_be_read(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    spans = [span_of("GET /many", "request", 0, 10_000)]
    for n in range(10_000):
        parent = spans[-1] if n < DEEPEST + 5 else spans[n % 50]
        spans.append(span_of(f"feed.n{n % 700}", "sql", n / 2, n + 0.9, parent))
    part = part_of(new_trace(), spans, tenant_id=tenant.id, follower=KEY)
    await keep(runtime, part)
    html = await read(guest, f"{PAGES}/{part.trace_id}")
    assert html.count('<li class="jrow ') <= MOST_ROWS + 60
    assert "smaller spans" in html
    assert f"jrow--{DEEPEST}" in html
    assert f"jrow--{DEEPEST + 1}" not in html
    assert len(html) < 2_000_000


async def test_what_a_span_says_is_escaped(
    guest: httpx.AsyncClient, runtime: Runtime, tenant: Tenant
) -> None:
    whole = span_of("GET /<b>", "request", 0, 1, error="<script>alert(1)</script>", attributes={"<i>": "<u>"})
    part = part_of(new_trace(), [whole], tenant_id=tenant.id, follower=KEY, error=whole.error)
    await keep(runtime, part)
    for path in ("", f"/{part.trace_id}", f"/compare?a={part.trace_id}&b={part.trace_id}"):
        text = (await guest.get(f"{PAGES}{path}")).text
        assert not any(each in text for each in ("<script>alert", "<u>", "<i>", "<b></h1>"))
