"""What requests use is measured by route, added up over processes, and turned into money"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.cast import Visit
from tests.modules.admin.operators import api, desk, kareem, omar
from tests.modules.store.browser import Browser, enter
from threadly.modules.admin.attending import attending
from threadly.modules.admin.prices import read_prices
from threadly.modules.admin.rules.pricing import price_costs
from threadly.modules.admin.types.costs import CallRow, CostRow, Prices
from threadly.modules.admin.verbs.costs import add_costs, by_tenant, list_costs
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import tracing
from threadly.platform.telemetry.costing import Meter, Used
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.metrics import render_metrics
from threadly.platform.telemetry.spans import Recording, Span
from threadly.platform.telemetry.tracing import begin_journey, continue_trace, end_journey, span
from threadly.platform.telemetry.trail import trail_from
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import SYSTEM, Tenant
from threadly.settings import BadSetting, Settings

__all__ = ["api", "desk", "kareem", "omar"]

PAGE = "/admin/observe/costs"
PRICES = Prices(
    currency="USD",
    cpu_hour=Decimal("3.6"),
    database_hour=Decimal("7.2"),
    cache_million=Decimal(1),
    calls={"stripe.charge": Decimal("0.3")},
)


@pytest.fixture
def meter() -> Iterator[Meter]:
    """That of a process that serves."""
    meter, before = Meter("web"), tracing.keeper()
    keeper = Keeper(Settings(), "tests")
    keeper.observers.append(meter.observe)
    tracing.record_with(keeper)
    yield meter
    tracing.record_with(before)


def serve(route: str, *, method: str = "GET") -> None:
    """A request of two statements, one command and one call."""
    journey = begin_journey(None, name="request")
    assert journey.span is not None
    assert journey.trail.recording is not None
    journey.span.name = f"{method} {route}"
    journey.trail.recording.route = route
    with span("a.statement", kind="sql"), span("not counted"):
        pass
    with span("a.statement", kind="sql"):
        pass
    with span("valkey GET", kind="valkey"):
        pass
    with span("stripe.charge", kind="call"):
        pass
    end_journey(journey)


def recorded(route: str, whole_ms: int, waited_ms: int, *, streams: bool = False) -> Recording:
    """A request that took so long, and waited for a statement in that time."""
    recording = Recording(trail_from(None))
    recording.route, recording.streams = route, streams
    for name, kind, ms in ((f"GET {route}", "request", whole_ms), ("a.statement", "sql", waited_ms)):
        it = Span(recording, name, kind, {}, None, 0)
        it.started_ns, it.ended_ns = 1, 1 + ms * 1_000_000
        recording.spans.append(it)
    return recording


def used(tenant: Tenant | None, route: str, **more: int) -> Used:
    figures = {"requests": 1, "cpu_us": 0, "sql_us": 0, "statements": 0, "commands": 0, **more}
    return Used(tenant.id if tenant else None, "GET", route, calls={"stripe.charge": (2, 5_000)}, **figures)


# Measuring


def test_every_request_is_counted_with_what_it_used(meter: Meter) -> None:
    for _ in range(3):
        serve("/cheap")
    with continue_trace(None), span("feed.fan_out", kind="reaction"), span("a.statement", kind="sql"):
        pass
    found = {(each.method, each.route): each for each in meter.take()}
    cheap = found["GET", "/cheap"]
    assert (cheap.requests, cheap.statements, cheap.commands) == (3, 6, 3)
    assert cheap.calls["stripe.charge"][0] == 3
    assert found["reaction", "feed.fan_out"].statements == 1
    assert meter.take()[:-1] == []


def test_processor_time_goes_to_those_who_were_at_work() -> None:
    meter = Meter("web")
    sum(range(300_000))
    for route, whole_ms, waited_ms in (("/dear", 4_000, 1_000), ("/waits", 9_000, 8_000), ("/idle", 50, 50)):
        meter.observe(recorded(route, whole_ms, waited_ms))
    meter.observe(recorded("/stream", 9_000, 0, streams=True))
    found = {each.route: each.cpu_us for each in meter.take()}
    assert found["/dear"] == pytest.approx(3 * found["/waits"], abs=3)
    assert found["/waits"] > 0
    assert (found["/idle"], found["/stream"]) == (0, 0)  # a stream lasts as long as its reader likes


def test_what_no_request_used_is_the_processs() -> None:
    meter = Meter("web")
    sum(range(300_000))
    (process,) = meter.take()
    assert (process.method, process.requests) == ("process", 0)
    assert process.cpu_us > 0


def test_prometheus_counts_it_too(meter: Meter) -> None:
    serve("/in/metrics")
    meter.take()
    told = render_metrics().decode()
    assert 'threadly_route_sql_statements_total{method="GET",route="/in/metrics"} 2.0' in told
    assert 'threadly_route_calls_total{call="stripe.charge",method="GET",route="/in/metrics"} 1.0' in told
    assert 'threadly_route_cpu_seconds_total{method="GET",route="/in/metrics"}' in told


def test_what_is_told_apart_is_bounded() -> None:
    few, before = Meter("web", most_routes=2), tracing.keeper()
    keeper = Keeper(Settings(), "tests")
    keeper.observers.append(few.observe)
    tracing.record_with(keeper)
    for number in range(5):
        serve(f"/{number}", method=f"ODD{number}")
    tracing.record_with(before)
    found = [(each.method, each.route, each.requests) for each in few.take()]
    assert found == [("other", "(more)", 3), ("other", "/0", 1), ("other", "/1", 1), ("process", "web", 0)]


# Pricing


def test_what_was_used_becomes_money() -> None:
    hour_us = 3_600_000_000
    rows = [
        CostRow("GET", "/a", 1_000, hour_us, hour_us, 2_000, 1_000_000),
        CostRow("process", "web", 0, hour_us, 0, 0, 0),
    ]
    calls = [CallRow("GET", "/a", "stripe.charge", 10, 50_000), CallRow("GET", "/a", "free.call", 1, 1)]
    costs = price_costs(rows, calls, PRICES, since=datetime(2027, 1, 1, tzinfo=UTC), sort="total")
    route, process = costs.routes
    assert (costs.amount, route.amount, process.amount) == ("18.400000", "14.800000", "3.600000")
    assert (route.per_thousand, process.per_thousand) == ("14.800000", "0.000000")
    assert (route.share, process.share) == (0.8043, 0.1957)
    assert (route.cpu_ms, route.statements) == (3_600.0, 2.0)
    assert [(each.call, each.amount) for each in route.calls] == [
        ("stripe.charge", "3.000000"),
        ("free.call", "0.000000"),
    ]


def test_the_price_table_that_is_shipped_is_good() -> None:
    assert read_prices(Settings()).cpu_hour > 0


GOOD = "currency = 'USD'\ncpu_hour = {}\ndatabase_hour = 0\ncache_million = 0"


@pytest.mark.parametrize(
    "text", ["currency = 'USD'", "currency = 'dollars'", "what", *map(GOOD.format, ("-1", "nan", "'x'"))]
)
def test_a_bad_price_table_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with pytest.raises(BadSetting, match=r"^THREADLY_PRICES: .*prices\.toml is no") as refused:
        read_prices(Settings(prices=tmp_path / "prices.toml"))
    assert "\n" not in str(refused.value)


# Storing, and who may see it


async def test_processes_add_up_what_they_used(
    runtime: Runtime, tenant: Tenant, other_tenant: Tenant, omar: Visit
) -> None:
    for figures in ({"cpu_us": 4_000, "statements": 2}, {"cpu_us": 2_000, "requests": 2}):
        both = by_tenant([used(tenant, "/a", **figures), used(other_tenant, "/b")])
        for each, some in ((tenant, both[tenant.id]), (other_tenant, both[other_tenant.id])):
            async with runtime.works.write(each, SYSTEM) as work:
                await add_costs(work, used=some)
    (route,) = (await omar.read(list_costs, fresh=True)).routes
    assert (route.route, route.requests, route.cpu_ms) == ("/a", 3, 2.0)
    assert route.calls[0].calls == 4


async def test_a_process_stores_what_its_requests_used(runtime: Runtime, tenant: Tenant, omar: Visit) -> None:
    await runtime.tenants.refresh()
    keeper = Keeper(runtime.settings, "web")
    async with attending(runtime, "web", keeper):
        request = recorded("/a", 10, 4)
        request.trail.tenant_id = tenant.id
        keeper.finish(request)
    (route,) = (await omar.read(list_costs, fresh=True)).routes
    assert (route.route, route.requests, route.sql_ms, route.statements) == ("/a", 1, 4.0, 1.0)


def test_what_is_nobodys_is_the_first_communitys() -> None:
    assert list(by_tenant([used(None, "/a")])) == [1]


async def test_what_is_nobodys_is_added_to_what_the_first_community_used_on_that_route(
    runtime: Runtime,
) -> None:
    """A request without a usable Host, say, and one of a path that is not there."""
    await runtime.tenants.refresh()
    first = await runtime.tenants.get(PUBLIC_TENANT_ID)
    (some,) = by_tenant([used(None, "(none)", cpu_us=3), used(first, "(none)", cpu_us=4)]).values()
    assert [(each.requests, each.cpu_us, each.calls) for each in some] == [
        (2, 7, {"stripe.charge": (4, 10_000)})
    ]
    async with runtime.works.write(first, SYSTEM) as work:
        await add_costs(work, used=some)


async def test_the_api_and_the_page_sort_it(
    runtime: Runtime, tenant: Tenant, api: httpx.AsyncClient, desk: Browser
) -> None:
    async with runtime.works.write(tenant, SYSTEM) as work:
        await add_costs(
            work,
            used=[used(tenant, "/often", requests=500, cpu_us=10), used(tenant, "/dear", cpu_us=9_000_000)],
        )
    for sort, first in (("requests", "/often"), ("cpu", "/dear")):
        answer = (await api.get(f"/api/v1/admin/costs?sort={sort}&hours=1")).json()["data"]
        assert answer["routes"][0]["route"] == first
        page = await desk.open(f"{PAGE}?sort={sort}")
        assert (page.index("/often") < page.index("/dear")) == (first == "/often")
        assert 'aria-sort="descending"' in page
    assert (await api.get("/api/v1/admin/costs?hours=0")).status_code == 400


async def test_only_operators_see_costs(client: httpx.AsyncClient, kareem: Visit) -> None:
    await Browser(client).open(PAGE, status=401)
    await (await enter(client, kareem)).open(PAGE, status=403)


async def test_a_page_without_figures_says_so(desk: Browser) -> None:
    assert "Nothing was used yet" in await desk.open(PAGE)
