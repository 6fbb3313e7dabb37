"""The store of traces: what goes in comes out, in its community only, and no more than there is room for."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.modules.atlas.parts import keep, new_trace, part_of, span_of
from tests.modules.identity.runs import run_job
from threadly.modules.atlas.jobs import trim_store
from threadly.modules.atlas.keeping import BURST_BYTES, Keeping
from threadly.modules.atlas.packing import pack, unpack
from threadly.modules.atlas.repository.parts import FIND_PARTS, MEASURE_STORE, PartRow
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.parts import Part
from threadly.platform.work import Tenant, Works


async def stored(runtime: Runtime, tenant: Tenant, trace_id: str) -> list[PartRow]:
    async with runtime.works.read(tenant, fresh=True) as work:
        return await work.all(FIND_PARTS, trace_id, 50_000, 500)


def request(tenant: Tenant, **more: object) -> Part:
    whole = span_of("GET /", "request", 0, 12, attributes={"http.route": "/"})
    spans = [whole, span_of("feed.home_feed", "sql", 2, 9, whole, source="modules/feed/x.py:1")]
    return part_of(new_trace(), spans, **{"tenant_id": tenant.id, "status": 200, **more})


async def test_a_part_comes_out_as_it_went_in(runtime: Runtime, tenant: Tenant) -> None:
    part = request(tenant, follower="f" * 32, request_id="r1", route="/", error="E: e", dropped=3)
    await keep(runtime, part)
    (row,) = await stored(runtime, tenant, part.trace_id)
    assert unpack(row.spans) == part.spans
    assert (row.start_us, row.duration_us, row.kept) == (part.start_us, 12_000, "followed")
    assert (row.status, row.follower, row.request_id, row.error, row.dropped) == (
        200,
        "f" * 32,
        "r1",
        "E: e",
        3,
    )


async def test_a_part_is_seen_in_its_own_community_only(
    runtime: Runtime, tenant: Tenant, other_tenant: Tenant
) -> None:
    part = request(tenant)
    await keep(runtime, part, request(other_tenant))
    assert await stored(runtime, other_tenant, part.trace_id) == []


async def test_what_belongs_to_no_community_is_kept_with_the_first(runtime: Runtime) -> None:
    part = request(Tenant(0, "", ""), tenant_id=None)
    await keep(runtime, part)
    assert len(await stored(runtime, await runtime.tenants.get(1), part.trace_id)) == 1


async def test_a_part_that_is_handed_in_twice_is_kept_once(runtime: Runtime, tenant: Tenant) -> None:
    part = request(tenant)
    await keep(runtime, part, part)
    await keep(runtime, part)
    assert len(await stored(runtime, tenant, part.trace_id)) == 1


async def test_a_trace_with_very_many_spans_is_read_up_to_a_bound(runtime: Runtime, tenant: Tenant) -> None:
    first = request(tenant)
    await keep(runtime, *(replace(request(tenant), trace_id=first.trace_id) for _ in range(4)))
    async with runtime.works.read(tenant, fresh=True) as work:
        assert len(await work.all(FIND_PARTS, first.trace_id, 5, 500)) == 3
        assert len(await work.all(FIND_PARTS, first.trace_id, 50, 2)) == 2


async def test_beyond_what_may_come_at_once_only_chance_loses(runtime: Runtime, tenant: Tenant) -> None:
    taker = Keeping(runtime)
    taker._room_bytes = 2_000
    taken = [request(tenant, kept="sampled"), request(tenant, kept="failed"), request(tenant, kept="failed")]
    assert await taker(taken, []) == 1
    assert [len(await stored(runtime, tenant, part.trace_id)) for part in taken] == [0, 1, 1]
    assert taker._room_bytes < BURST_BYTES


async def test_what_is_old_is_forgotten_and_what_is_shared_is_not(
    runtime: Runtime, tenant: Tenant, works: Works
) -> None:
    now = works.clock()
    ages = {"old": timedelta(hours=73), "new": timedelta(hours=71)}
    parts = {
        name: replace(request(tenant), start_us=round((now - age).timestamp() * 1e6))
        for name, age in ages.items()
    }
    await keep(runtime, *parts.values())
    await run_job(works, tenant, trim_store)
    left = {name: len(await stored(runtime, tenant, part.trace_id)) for name, part in parts.items()}
    assert left == {"old": 0, "new": 1}


async def test_when_there_is_no_room_the_oldest_that_chance_kept_goes_first(
    runtime: Runtime, tenant: Tenant
) -> None:
    now_us = round(runtime.works.clock().timestamp() * 1e6)
    big = [span_of(f"{n}", "sql", n, n + 1, id=f"{n * 7919:016x}") for n in range(20_000)]
    kinds = ["failed", "sampled", "sampled", "followed", "sampled"]
    parts = [part_of(new_trace(), big, tenant_id=tenant.id, start_us=now_us, kept=kept) for kept in kinds]
    size = len(pack(big))
    fits = 1_048_576 // size
    assert 2 <= fits < 5
    await keep(runtime, *parts)
    small = Works(runtime.database, replace(runtime.settings, trace_store_mib=1))
    await run_job(small, tenant, trim_store)
    left = [bool(await stored(runtime, tenant, part.trace_id)) for part in parts]
    assert sum(left) == fits
    assert left[0], "what failed stays"
    assert left[3], "and what is followed"
    assert left[4] or fits == 2, "and of the others the newest"
    async with runtime.works.read(tenant, fresh=True) as work:
        found = await work.one(MEASURE_STORE)
        assert found
        assert found.size <= 1_048_576


@pytest.mark.parametrize("count", [0, 1, 20_000])
def test_spans_are_packed_and_unpacked(count: int) -> None:
    spans = [span_of(f"feed.{n % 9}", "sql", n, n + 1, attributes={"rows": n}) for n in range(count)]
    assert unpack(pack(spans)) == spans
