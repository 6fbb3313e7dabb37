"""More traces are kept for a while, in every process, and then as before by itself"""

import asyncio
from collections.abc import AsyncIterator
from types import NoneType
from typing import Any

import asyncpg
import httpx
import pytest

from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.admin.operators import api, desk, kareem, omar
from tests.modules.store.browser import Browser
from threadly.modules.admin.attending import attending, call_attention
from threadly.modules.admin.verbs.sampling import end_sampling, get_sampling, raise_sampling
from threadly.platform.db import sql
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.work import Denied, Tenant, Work

__all__ = ["api", "desk", "kareem", "omar"]

SAMPLING = "/api/v1/admin/sampling"
OVER_SOON = sql(
    "test.over_soon",
    "UPDATE admin.sampling SET until = clock_timestamp() + interval '200 milliseconds'",
    into=NoneType,
)


@pytest.fixture
async def keeper(runtime: Runtime, owner: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[Keeper]:
    """That of a process that attends to what operators ask; nobody has raised anything."""
    await owner.execute("UPDATE admin.sampling SET ended_at = now() WHERE ended_at IS NULL")
    keeper = Keeper(runtime.settings, "web")
    async with attending(runtime, "web", keeper):
        yield keeper


async def keeps(runtime: Runtime, keeper: Keeper, share: float) -> None:
    """Waits until the process keeps this share."""

    async def is_so() -> bool:
        await call_attention(runtime.pubsub)
        return _drawn(keeper) == pytest.approx(share, abs=0.02)

    await eventually(is_so)


async def test_a_process_keeps_the_raised_share_and_then_the_usual_one_by_itself(
    runtime: Runtime, tenant: Tenant, omar: Visit, keeper: Keeper
) -> None:
    await omar.write(lambda work: raise_sampling(work, share=0.5, minutes=10))
    await keeps(runtime, keeper, 0.5)

    async def be_over(work: Work) -> Any:
        return await work.run(OVER_SOON)

    await omar.write(be_over)
    await call_attention(runtime.pubsub)
    usual = runtime.settings.trace_sample
    await eventually(lambda: _is(keeper, usual))
    assert (await omar.read(get_sampling, fresh=True)).until is None


async def _is(keeper: Keeper, share: float) -> bool:
    """Without asking it: nobody reminds the process."""
    return _drawn(keeper) == pytest.approx(share, abs=0.02)


def _drawn(keeper: Keeper) -> float:
    """The share of many traces that the draw keeps."""
    return sum(keeper.is_drawn(f"{each:032x}") for each in range(10_000)) / 10_000


async def test_it_can_be_ended_and_what_was_asked_before_ends_with_what_is_asked_now(
    runtime: Runtime, omar: Visit, keeper: Keeper
) -> None:
    await omar.write(lambda work: raise_sampling(work, share=1, minutes=10))
    await omar.write(lambda work: raise_sampling(work, share=0.25, minutes=10))
    await keeps(runtime, keeper, 0.25)
    await asyncio.gather(omar.write(end_sampling), omar.write(end_sampling))
    await keeps(runtime, keeper, runtime.settings.trace_sample)


async def test_it_is_in_the_audit_log(
    owner: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant, omar: Visit
) -> None:
    await omar.write(lambda work: raise_sampling(work, share=0.5, minutes=10))
    await omar.write(end_sampling)
    rows = await owner.fetch(
        "SELECT actor_id::text, operation FROM platform.audit_log WHERE tenant_id = $1"
        " AND relation = 'admin.sampling' ORDER BY id",
        tenant.id,
    )
    assert [tuple(row) for row in rows] == [
        (str(omar.actor.user_id), "insert"),
        (str(omar.actor.user_id), "update"),
    ]


async def test_the_api_raises_and_ends_it_and_refuses_more_than_a_day(
    api: httpx.AsyncClient, kareem: Visit
) -> None:
    made = await api.post(SAMPLING, json={"share": 0.5, "minutes": 60})
    assert (made.status_code, made.headers["location"]) == (201, SAMPLING)
    assert (await api.get(SAMPLING)).json()["data"]["share"] == 0.5
    assert (await api.delete(SAMPLING)).status_code == 204
    assert (await api.get(SAMPLING)).json()["data"]["until"] is None
    for wrong in ({"share": 0.5, "minutes": 1_441}, {"share": 1.1, "minutes": 5}, {"share": 0, "minutes": 5}):
        assert (await api.post(SAMPLING, json=wrong)).status_code == 400
    with pytest.raises(Denied):
        await kareem.write(lambda work: raise_sampling(work, share=0.5, minutes=10))


async def test_the_page_has_a_form_for_it(desk: Browser) -> None:
    await desk.open("/admin/observe/search")
    answer = await desk.send("/admin/observe/search/sampling", share="0.5", minutes="60")
    assert answer.status_code == 303
    page = await desk.open("/admin/observe/search")
    assert "Traces kept: 50%" in page
    assert "1 h left" in page
    assert "by @omar" in page
    assert (await desk.send("/admin/observe/search/sampling/end")).status_code == 303
    assert "Traces kept: 1%" in await desk.open("/admin/observe/search")
    refused = await desk.send("/admin/observe/search/sampling", share="many", minutes="60")
    assert refused.status_code == 400
    assert "The share is above 0" in desk.page
