"""One box finds lines and traces, and shows those together that belong together"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import Visit
from tests.modules.admin.operators import api, desk, kareem, omar
from tests.modules.admin.test_logs import line, store
from tests.modules.atlas.parts import keep, new_trace, part_of, span_of
from tests.modules.store.browser import Browser, enter
from threadly.modules.admin.errors.operating import SearchUnclear
from threadly.modules.admin.rules.searching import read_search
from threadly.modules.admin.types.logs import Found, Search
from threadly.modules.admin.verbs.searching import search_log
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant

__all__ = ["api", "desk", "kareem", "omar"]

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
SEARCH = "/admin/observe/search"


async def trace(runtime: Runtime, tenant: Tenant, name: str, ms: int = 10, **more: Any) -> str:
    """A kept request."""
    trace_id = new_trace()
    values = {"tenant_id": tenant.id, "status": 200, "kept": "sampled", **more}
    await keep(runtime, part_of(trace_id, [span_of(name, "request", 0, ms)], **values))
    return trace_id


async def found(who: Visit, text: str = "", **more: Any) -> list[Found]:
    page = await who.read(lambda work: search_log(work, text=text, **more), fresh=True)
    return page.items


def told(items: list[Found]) -> list[tuple[str | None, list[str]]]:
    """The name of each trace, with its lines."""
    return [
        (each.journey.name if each.journey else None, [one.event for one in each.lines]) for each in items
    ]


# What is written


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("", Search()),
        ('Lost "and Found"', Search(words=("lost", "and found"))),
        ("it's", Search(words=("it's",))),
        ('"half', Search(words=("half",))),
        ("http://x", Search(words=("http://x",))),
        ("a" * 32, Search(trace_id="a" * 32)),
        ("b" * 16, Search(request_id="b" * 16)),
        ("request:r-1 process:web-7", Search(request_id="r-1", process="web-7")),
        ("level:Warning", Search(severity=30)),
        ("status:404 route:/Posts", Search(statuses=(404, 404), routes=("/posts",))),
        ("status:5xx slower:2s", Search(statuses=(500, 599), slower_us=2_000_000)),
        ("since:90m", Search(since=NOW - timedelta(minutes=90))),
        ("since:2027-02-28", Search(since=datetime(2027, 2, 28, tzinfo=UTC))),
    ],
)
def test_what_is_written_is_understood(text: str, search: Search) -> None:
    assert read_search(text, now=NOW).search == search


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("status:9", "no status"),
        ("level:loud", "no level"),
        ("slower:soon", "no length"),
        ("since:tomorrow", "no time"),
        ("user:", "Say what"),
        ("a " * 13, "at most 12"),
        ("a" * 301, "at most 300"),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, said: str) -> None:
    with pytest.raises(SearchUnclear, match=said):
        read_search(text, now=NOW)


@given(st.text(max_size=320))
def test_nothing_that_can_be_written_breaks_it(text: str) -> None:
    try:
        read_search(text, now=NOW)
    except SearchUnclear:
        return


# What is found


async def test_a_trace_shows_with_its_lines_and_a_line_of_none_alone(
    runtime: Runtime, tenant: Tenant, omar: Visit
) -> None:
    trace_id = await trace(runtime, tenant, "POST /checkout")
    await store(
        runtime,
        line(runtime, tenant, "paid", ago_s=-1, trace_id=trace_id),
        line(runtime, tenant, "ordered", ago_s=-2, trace_id=trace_id),
        line(runtime, tenant, "not kept", ago_s=-3, trace_id=new_trace()),
        line(runtime, tenant, "alone", ago_s=-4),
    )
    assert told(await found(omar)) == [
        (None, ["alone"]),
        (None, ["not kept"]),
        ("POST /checkout", ["paid", "ordered"]),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("checkout", ["POST /checkout"]),
        ("declined", ["POST /checkout"]),
        ("boom", ["GET /posts"]),
        ("status:5xx", ["GET /posts"]),
        ("slower:500ms", ["GET /slow"]),
        ("route:/SLOW", ["GET /slow"]),
        ("level:warning", ["POST /checkout"]),
        ("level:warning status:5xx", []),
        ("declined status:200", ["POST /checkout"]),
        ("since:1h", ["POST /checkout"]),
        ("user:omar", []),
        ("process:web", ["POST /checkout"]),
        ("process:worker", []),
    ],
)
async def test_everything_that_is_written_must_be_met(
    runtime: Runtime, tenant: Tenant, omar: Visit, text: str, names: list[str]
) -> None:
    bought = await trace(runtime, tenant, "POST /checkout")
    await trace(runtime, tenant, "GET /posts", status=503, kept="failed", error="OSError: Boom")
    await trace(runtime, tenant, "GET /slow", ms=700)
    await store(runtime, line(runtime, tenant, "the card is Declined", level="warning", trace_id=bought))
    assert [name for name, _ in told(await found(omar, text))] == names


@pytest.mark.parametrize(("text", "count"), [("50%", 1), ("_", 1), ("a\\b", 1), ("5%d", 0)])
async def test_a_word_is_taken_as_it_is_written(
    runtime: Runtime, tenant: Tenant, omar: Visit, text: str, count: int
) -> None:
    await store(runtime, line(runtime, tenant, "50% done_with a\\b"), line(runtime, tenant, "500 done"))
    assert len(await found(omar, text)) == count


async def test_a_line_of_a_trace_that_is_not_sought_is_passed_over(
    runtime: Runtime, tenant: Tenant, omar: Visit
) -> None:
    wanted = await trace(runtime, tenant, "GET /", status=500)
    other = await trace(runtime, tenant, "GET /")
    await store(
        runtime,
        line(runtime, tenant, "odd", level="warning", ago_s=9, trace_id=wanted),
        *(
            line(runtime, tenant, "odd", level="warning", ago_s=each, trace_id=new_trace())
            for each in range(8)
        ),
        line(runtime, tenant, "odd", level="warning", trace_id=other),
    )
    assert [each.trace_id for each in await found(omar, "level:warning status:5xx", limit=2)] == [wanted]


async def test_a_trace_is_found_by_its_id_and_a_person_by_name(
    runtime: Runtime, tenant: Tenant, omar: Visit, kareem: Visit
) -> None:
    his = await trace(runtime, tenant, "GET /cart", user=str(kareem.actor.user_id))
    await trace(runtime, tenant, "GET /posts")
    assert [each.trace_id for each in await found(omar, his)] == [his]
    assert [each.trace_id for each in await found(omar, "user:@Kareem")] == [his]
    with pytest.raises(SearchUnclear, match="no member"):
        await found(omar, "user:nobody")


async def test_pages_follow_each_other_and_hold_everything_once(
    runtime: Runtime, tenant: Tenant, api: httpx.AsyncClient
) -> None:
    with_lines = [await trace(runtime, tenant, f"GET /{number}") for number in range(5)]
    for number in range(4):
        await trace(runtime, tenant, f"GET /quiet/{number}")
    await store(
        runtime,
        *(line(runtime, tenant, f"in {number}", trace_id=each) for number, each in enumerate(with_lines)),
        *(
            line(runtime, tenant, f"again in {number}", trace_id=each)
            for number, each in enumerate(with_lines)
        ),
        *(line(runtime, tenant, f"alone {number}") for number in range(3)),
    )
    seen: list[tuple[str | None, int]] = []
    address = "/api/v1/admin/search?limit=2"
    for _ in range(12):
        answer = (await api.get(address)).json()
        seen += [(each["trace_id"], len(each["lines"])) for each in answer["data"]]
        if not answer["pagination"]["has_next"]:
            break
        address = f"/api/v1/admin/search?limit=2&cursor={answer['pagination']['next_cursor']}"
    assert len(seen) == 12
    assert len({trace_id for trace_id, _ in seen}) == 10  # nine traces, and none for what is alone
    assert sorted(count for _, count in seen) == [0] * 4 + [1] * 3 + [2] * 5


async def test_a_trace_with_many_lines_shows_the_first_of_them(
    runtime: Runtime, tenant: Tenant, omar: Visit
) -> None:
    trace_id = new_trace()
    await store(runtime, *(line(runtime, tenant, f"{each}", trace_id=trace_id) for each in range(60)))
    (only,) = await found(omar)
    assert (len(only.lines), only.more_lines) == (50, True)


# Who may, and the page


async def test_only_operators_may_search(client: httpx.AsyncClient, kareem: Visit) -> None:
    await Browser(client).open(SEARCH, status=401)
    await (await enter(client, kareem)).open(SEARCH, status=403)
    assert (await client.get("/api/v1/admin/search")).status_code == 403


async def test_the_page_shows_what_was_found_with_the_way_to_it(
    runtime: Runtime, tenant: Tenant, desk: Browser
) -> None:
    trace_id = await trace(runtime, tenant, "GET /posts", status=500, kept="failed", error="OSError: <b>")
    await store(
        runtime,
        line(
            runtime, tenant, "it <i>broke</i>", level="error", trace_id=trace_id, fields={"exception": "a\nb"}
        ),
    )
    page = (await desk.client.get(f"{SEARCH}?q=level:error")).text
    assert f'href="/map/journeys/{trace_id}"' in page
    assert "it &lt;i&gt;broke" in page
    assert "<pre" in page
    assert "Nothing has that" in await desk.open(f"{SEARCH}?q=elephants")
    assert "is no status" in await desk.open(f"{SEARCH}?q=status:x", status=400)


async def test_what_follows_comes_alone_for_htmx(runtime: Runtime, tenant: Tenant, desk: Browser) -> None:
    await store(runtime, *(line(runtime, tenant, f"line {each}", ago_s=each) for each in range(30)))
    page = await desk.open(SEARCH)
    (more,) = [part.split('"')[0] for part in page.split('hx-get="')[1:] if "cursor=" in part]
    rest = await desk.open(more, htmx=True)
    assert "line 29" in rest
    assert "<html" not in rest
