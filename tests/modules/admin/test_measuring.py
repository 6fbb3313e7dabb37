"""What requests, reactions and events count for, and how it adds up over processes"""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.admin.operators import omar
from threadly.modules import admin
from threadly.modules.admin.gauges import keep_counting_queues
from threadly.modules.admin.meter import Meter
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.types.figures import Overview
from threadly.modules.admin.types.objectives import (
    AvailabilityIndicator,
    LatencyIndicator,
    Objective,
    ReactionIndicator,
    Tally,
)
from threadly.modules.admin.verbs.objectives import tallies_of
from threadly.modules.admin.verbs.overview import get_overview
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry import metrics, tracing
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.tracing import begin_journey, continue_trace, end_journey, span
from threadly.platform.work import Tenant
from threadly.settings import Settings
from threadly.wiring import make_reactions

__all__ = ["omar"]


def objective(
    name: str, indicator: AvailabilityIndicator | LatencyIndicator | ReactionIndicator
) -> Objective:
    return Objective(
        name=name,
        title=name,
        description=name,
        target=99.0,
        category="tests",
        runbook="slow-requests",
        indicator=indicator,
    )


SITE = objective("site", AvailabilityIndicator(("* *",)))
QUICK = objective("quick", LatencyIndicator(("GET /quick*",), within_ms=1_000))
FRESH = objective("fresh", ReactionIndicator("feed.fan_out", within_ms=1_000))
OBJECTIVES = (SITE, QUICK, FRESH)
CLICK = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    keeper, before = Keeper(Settings(), "tests"), tracing.keeper()
    tracing.record_with(keeper)
    yield keeper
    tracing.record_with(before)


@pytest.fixture
def meter(keeper: Keeper) -> Meter:
    meter = Meter(OBJECTIVES)
    keeper.observers.append(meter.observe)
    return meter


def ask(
    tenant: Tenant | None, route: str, status: int = 200, *, outside_s: float = 0.0, took_s: float = 0.0
) -> None:
    """A request that is over, as the front records it; it took so long."""
    journey = begin_journey(None, name="request", from_outside=True)
    journey.trail.tenant_id = tenant.id if tenant else None
    journey.trail.outside_s = outside_s
    whole, recording = journey.span, journey.trail.recording
    assert whole
    assert recording
    whole.name = route
    whole.started_ns -= int(took_s * 1e9)
    recording.route, recording.status = route.partition(" ")[2], status
    end_journey(journey)


def react(
    tenant: Tenant, *, waited_ms: float, name: str = "feed.fan_out", caused_by: str | None = CLICK
) -> None:
    with (
        continue_trace(caused_by, tenant=tenant.slug, tenant_id=tenant.id),
        span(name, kind="reaction", event="feed.post_published", waited_ms=waited_ms),
    ):
        pass


async def tallies(omar: Visit) -> dict[str, Tally]:
    """Of the last hour."""
    found = await omar.read(
        lambda work: tallies_of(work, objectives=OBJECTIVES, windows=[60, 1_440]), fresh=True
    )
    assert all(by_window[60] == by_window[1_440] for by_window in found.values())
    return {name: by_window[60] for name, by_window in found.items()}


async def overview(omar: Visit) -> Overview:
    return await omar.read(
        lambda work: get_overview(work, objectives=OBJECTIVES, events=None, jobs=[]), fresh=True
    )


async def test_requests_count_for_what_is_promised_of_their_route(
    runtime: Runtime, omar: Visit, meter: Meter
) -> None:
    ask(omar.tenant, "GET /quick/one")
    ask(omar.tenant, "GET /quick/two", took_s=2)
    ask(omar.tenant, "GET /quick/three", took_s=2, outside_s=1.5)
    ask(omar.tenant, "GET /other", 503)
    ask(omar.tenant, "GET /other", 404)
    await meter.flush(runtime)
    assert await tallies(omar) == {"site": Tally(4, 5), "quick": Tally(2, 3)}


async def test_reactions_count_by_the_time_since_it_happened(
    runtime: Runtime, omar: Visit, meter: Meter
) -> None:
    react(omar.tenant, waited_ms=20)
    react(omar.tenant, waited_ms=1_500)
    react(omar.tenant, waited_ms=5_000, name="feed.backfill")
    react(omar.tenant, waited_ms=3 * 86_400e3)  # replayed
    await meter.flush(runtime)
    assert await tallies(omar) == {"fresh": Tally(1, 2)}


async def test_what_a_seed_wrote_is_late_by_nobodys_fault(
    runtime: Runtime, omar: Visit, meter: Meter
) -> None:
    react(omar.tenant, waited_ms=5 * 60e3, caused_by="")
    await meter.flush(runtime)
    assert await tallies(omar) == {}


async def test_probes_and_strangers_files_count_for_nothing_but_failures_without_a_community_do(
    runtime: Runtime, omar: Visit, meter: Meter
) -> None:
    ask(None, "GET /ready", 503)
    ask(None, "GET /static/{file_path}")
    ask(None, "GET (none)", 503)
    waiting = {objective: tally for (_, _, objective), tally in meter._tallies.items()}
    assert waiting == {"site": [0, 1]}
    assert {key[0] for key in meter._tallies} == {1}


async def test_processes_add_up(runtime: Runtime, omar: Visit, keeper: Keeper) -> None:
    meters = [Meter(OBJECTIVES), Meter(OBJECTIVES)]
    for meter in meters:
        keeper.observers[:] = [meter.observe]
        for status in (200, 200, 500):
            ask(omar.tenant, "GET /busy", status, took_s=0.1)
    for meter in [*meters, *meters]:  # what was handed on is not handed on again
        await meter.flush(runtime)
    assert await tallies(omar) == {"site": Tally(4, 6)}
    (route,) = (await overview(omar)).routes
    assert (route.route, route.requests, route.errors) == ("GET /busy", 6, 2)
    assert route.p50_ms == pytest.approx(100, rel=0.5)
    assert len(route.per_minute) == 60


async def test_what_cannot_be_written_is_kept_with_what_comes(
    runtime: Runtime, omar: Visit, meter: Meter, settings: Settings
) -> None:
    away = Runtime(settings)  # it was never started
    ask(omar.tenant, "GET /kept")
    with pytest.raises(AttributeError):
        await meter.flush(away)
    ask(omar.tenant, "GET /kept", 500)
    await meter.flush(runtime)
    assert await tallies(omar) == {"site": Tally(1, 2)}
    assert (await overview(omar)).requests == 2


async def test_events_are_business_once_they_are_reacted_to(runtime: Runtime, omar: Visit) -> None:
    meter, at = Meter(OBJECTIVES), datetime.now(UTC)
    before = metrics.registry.get_sample_value("threadly_orders_total", {"state": "paid"}) or 0
    for amount in (1_000, 250):
        payload = {"order_id": "1", "buyer_id": "2", "amount_minor": amount, "currency": "USD"}
        meter.hear(omar.tenant.id, "store.order_paid", payload, at)
    meter.hear(omar.tenant.id, "feed.post_published", {}, at)
    meter.hear(omar.tenant.id, "feed.post_liked", {}, at)
    await meter.flush(runtime)
    found = {(each.name, each.currency): each.amount for each in (await overview(omar)).business}
    assert found[("orders.paid", None)] == 2
    assert found[("revenue", "USD")] == 1_250
    assert found[("posts", None)] == 1
    assert found[("signups", None)] == 0
    assert metrics.registry.get_sample_value("threadly_orders_total", {"state": "paid"}) == before + 2


async def test_the_relay_tells_the_meter_what_happened(runtime: Runtime, omar: Visit) -> None:
    from threadly.modules import feed

    meter = Meter(OBJECTIVES)
    await omar.write(lambda work: feed.publish_post(work, content="Hello"))
    await Relay(runtime.works, make_reactions(), runtime.tenants, tell=meter.hear).drain(omar.tenant)
    await meter.flush(runtime)
    found = {each.name: each.amount for each in (await overview(omar)).business}
    assert found["posts"] == 1


async def test_the_running_application_is_measured(
    runtime: Runtime, client: httpx.AsyncClient, omar: Visit
) -> None:
    keeper, before = Keeper(Settings(), "tests"), tracing.keeper()
    tracing.record_with(keeper)
    try:
        async with admin.measuring(runtime, keeper, service="web"):
            await client.get("/explore")
            await client.get("/people/nobody-of-that-name")
    finally:
        tracing.record_with(before)
    found = {each.route: each for each in (await overview(omar)).routes}
    assert (found["GET /explore"].requests, found["GET /people/{username}"].refused) == (1, 1)
    promised = await omar.read(
        lambda work: tallies_of(work, objectives=read_objectives(Settings()), windows=[60]), fresh=True
    )
    assert promised["availability"][60] == Tally(2, 2)
    text = metrics.render_metrics().decode()
    assert 'threadly_sli_events_total{objective="availability"}' in text
    assert "threadly_db_pool_wait_seconds_bucket" in text
    assert "threadly_event_loop_lag_seconds" in text


async def test_queues_are_gauges(runtime: Runtime, omar: Visit) -> None:
    import asyncio

    from threadly.modules import feed

    await omar.write(lambda work: feed.publish_post(work, content="Waiting"))
    counting = asyncio.create_task(keep_counting_queues(runtime, every_s=0.05))

    async def are_told() -> bool:
        metrics.sample_gauges()
        waiting = metrics.registry.get_sample_value("threadly_outbox_events", {"state": "waiting"})
        return bool(waiting and metrics.registry.get_sample_value("threadly_outbox_oldest_seconds"))

    try:
        await eventually(are_told)
    finally:
        counting.cancel()
