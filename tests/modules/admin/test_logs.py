"""Lines of the log are stored in their community, and no more of them than there is room for"""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.modules.admin.operators import omar
from tests.modules.identity.runs import RunNow
from threadly.modules.admin.jobs import forget_lines
from threadly.modules.admin.storing import storing_lines
from threadly.modules.admin.verbs.searching import search_log
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.parts import LogLine
from threadly.platform.work import SYSTEM, Tenant, Works

__all__ = ["omar"]


def line(runtime: Runtime, tenant: Tenant | None, event: str, *, ago_s: float = 0, **more: Any) -> LogLine:
    at_us = int((runtime.works.clock().timestamp() - ago_s) * 1_000_000)
    values: dict[str, Any] = {"level": "info", "tenant": tenant.slug if tenant else None, **more}
    return LogLine(at_us=at_us, event=event, **values)


async def store(runtime: Runtime, *lines: LogLine) -> None:
    await runtime.tenants.refresh()
    await storing_lines(runtime, "web")([], lines)


async def events(runtime: Runtime, tenant: Tenant, text: str = "") -> list[str]:
    async with runtime.works.read(tenant, SYSTEM, fresh=True) as work:
        page = await search_log(work, text=text, limit=100)
    return [each.event for found in page.items for each in found.lines]


async def test_a_line_comes_out_as_it_went_in(runtime: Runtime, tenant: Tenant) -> None:
    await store(
        runtime, line(runtime, tenant, "said", level="error", request_id="r1", fields={"n": [1, "a"]})
    )
    async with runtime.works.read(tenant, SYSTEM, fresh=True) as work:
        ((found,),) = [each.lines for each in (await search_log(work)).items]
    assert (found.event, found.level, found.request_id, found.fields) == (
        "said",
        "error",
        "r1",
        {"n": [1, "a"]},
    )
    assert found.process.startswith("web-")


async def test_a_line_is_seen_in_its_own_community_only(
    runtime: Runtime, tenant: Tenant, other_tenant: Tenant
) -> None:
    await store(runtime, line(runtime, tenant, "ours"), line(runtime, other_tenant, "theirs"))
    assert await events(runtime, tenant) == ["ours"]
    assert await events(runtime, other_tenant) == ["theirs"]


async def test_a_line_of_no_community_is_the_first_ones(runtime: Runtime, tenant: Tenant) -> None:
    await store(runtime, line(runtime, None, f"nobody's {tenant.slug}"))
    assert await events(runtime, tenant) == []
    assert await events(runtime, await runtime.tenants.get(1), tenant.slug) == [f"nobody's {tenant.slug}"]


async def test_old_lines_are_forgotten_and_beyond_so_many_the_oldest(
    runtime: Runtime, tenant: Tenant, other_tenant: Tenant
) -> None:
    await store(
        runtime,
        line(runtime, tenant, "three days ago", ago_s=timedelta(hours=73).total_seconds()),
        *(line(runtime, tenant, f"{age} s ago", ago_s=age) for age in (4, 3, 2, 1)),
        line(runtime, other_tenant, "elsewhere", ago_s=9),
    )
    few = Works(
        runtime.database,
        replace(runtime.settings, log_keep_hours=72, log_keep_lines=2),
        clock=runtime.works.clock,
    )
    await forget_lines.act(RunNow(few, tenant))
    assert await events(runtime, tenant) == ["1 s ago", "2 s ago"]
    assert await events(runtime, other_tenant) == ["elsewhere"]


@pytest.mark.parametrize("text", ["half a character: \ud800", "many" * 5_000])
async def test_no_line_is_too_odd_to_be_stored(runtime: Runtime, tenant: Tenant, text: str) -> None:
    odd = text.encode(errors="replace").decode()  # as lines are handed on
    await store(runtime, line(runtime, tenant, odd, fields={"what": odd}))
    assert len(await events(runtime, tenant)) == 1
