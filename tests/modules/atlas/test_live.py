"""The live Map: each follower is told of their own clicks, in all processes, and of nobody else's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.browsing import browsing
from tests.conftest import eventually
from tests.modules.atlas.lookers import KEY, OTHER_KEY, demo_app, guest
from threadly.modules.atlas.live import (
    BEAT,
    HELD_S,
    MOST_TRACES,
    RESYNC,
    Beat,
    Followed,
    Sighting,
    watch_journeys,
)
from threadly.platform.http.following import FOLLOW_COOKIE, OFF
from threadly.platform.http.front import Front
from threadly.platform.http.streams import MOST_STREAMS_PER_ADDRESS, MOST_STREAMS_PER_FOLLOWER
from threadly.platform.pubsub import PubSub
from threadly.platform.recording import recording
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.tracing import continue_trace, span
from threadly.platform.valkey import Valkey
from threadly.platform.work import Tenant

__all__ = ["demo_app", "guest"]

FOLLOWING = f"{FOLLOW_COOKIE}={KEY}"


def told(trace_id: str = "t1", *, follower: str | None = KEY, tenant_id: int = 1) -> dict[str, Any]:
    return {"trace_id": trace_id, "tenant_id": tenant_id, "follower": follower, "spans": []}


def by_worker(trace_id: str = "t1") -> dict[str, Any]:
    return told(trace_id, follower=None)


@pytest.fixture
def followed() -> Followed:
    return Followed(KEY, 1)


# What concerns whom


def test_ones_own_clicks_are_passed_on_and_nobody_elses(followed: Followed) -> None:
    mine, theirs = told(), told("t2", follower=OTHER_KEY)
    assert followed.hear(mine, now_s=0) == [mine]
    assert followed.hear(theirs, now_s=0) == []
    assert followed.hear(by_worker("t2"), now_s=0) == []


def test_what_a_click_causes_in_other_processes_is_passed_on_whenever_it_comes(followed: Followed) -> None:
    early, mine, late = by_worker(), told(), by_worker()
    assert followed.hear(early, now_s=0) == []
    assert followed.hear(by_worker("t2"), now_s=0) == []
    assert followed.hear(mine, now_s=HELD_S) == [early, mine]
    assert followed.hear(late, now_s=1_000) == [late]


def test_what_came_long_before_is_not_held_back_for_it(followed: Followed) -> None:
    followed.hear(by_worker(), now_s=0)
    mine = told()
    assert followed.hear(mine, now_s=HELD_S + 1) == [mine]


def test_another_community_is_not_heard(followed: Followed) -> None:
    assert followed.hear(told(tenant_id=2), now_s=0) == []


def test_a_trace_that_another_names_too_stays_each_ones_own(followed: Followed) -> None:
    followed.hear(told(), now_s=0)
    assert followed.hear(told(follower=OTHER_KEY), now_s=0) == []


def test_only_so_many_clicks_are_remembered(followed: Followed) -> None:
    for number in range(MOST_TRACES + 1):
        followed.hear(told(f"t{number}"), now_s=0)
    assert followed.hear(by_worker("t0"), now_s=0) == []
    assert followed.hear(by_worker("t1"), now_s=0) != []


# As it happens

Told = list[Sighting | Beat]


@pytest.fixture
async def recorded(runtime: Runtime) -> AsyncIterator[None]:
    """This process records, and tells what is followed."""
    async with recording(runtime, "tests"):
        yield


@asynccontextmanager
async def watching(pubsub: PubSub, tenant: Tenant, *, beat_s: float = 60.0) -> AsyncIterator[Told]:
    """What KEY has been told; entered once that is listened to."""
    heard: Told = []

    async def listen() -> None:
        async for each in watch_journeys(pubsub, key=KEY, tenant_id=tenant.id, beat_s=beat_s):
            heard.append(each)

    task = asyncio.create_task(listen())
    await eventually(has(heard, lambda each: each is RESYNC))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def has(heard: Told, wanted: Callable[[Sighting | Beat], bool]) -> Any:
    async def check() -> bool:
        return any(wanted(each) for each in heard)

    return check


def names_in(heard: Told, *, place: str | None = None) -> set[str]:
    spans = [span for each in heard if isinstance(each, Sighting) for span in each.spans]
    return {span.name for span in spans if place in (None, span.place)}


async def act_until(act: Callable[[], Awaitable[object]], seen: Callable[[], bool]) -> None:
    """Acts until it is seen: what is told by the way of Valkey may get lost."""

    async def check() -> bool:
        await act()
        return await _soon(seen)

    await eventually(check)


async def _soon(seen: Callable[[], bool]) -> bool:
    for _ in range(50):
        if seen():
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_request_is_told_with_the_places_it_came_through(
    runtime: Runtime, recorded: None, guest: httpx.AsyncClient, tenant: Tenant
) -> None:
    sent: set[str] = set()

    async def click() -> None:
        sent.add((await guest.get("/explore")).headers["x-trace-id"])

    async with watching(runtime.pubsub, tenant) as heard:
        await act_until(click, lambda: "feed/explore.html" in names_in(heard))
    assert "GET /explore" in names_in(heard, place="front")
    assert "admit" in names_in(heard, place="gate")
    assert "feed.list_explore" in names_in(heard, place="feed")
    assert {each.trace_id for each in heard if isinstance(each, Sighting)} <= sent


async def test_what_a_worker_does_for_the_click_is_told_too(
    runtime: Runtime, recorded: None, guest: httpx.AsyncClient, tenant: Tenant
) -> None:
    async def click_and_react() -> None:
        traceparent = (await guest.get("/explore")).headers["traceparent"]
        with (
            continue_trace(traceparent, tenant=tenant.slug, tenant_id=tenant.id),
            span("feed.fan_out", kind="reaction"),
        ):
            pass

    async with watching(runtime.pubsub, tenant) as heard:
        await act_until(click_and_react, lambda: "feed.fan_out" in names_in(heard, place="relay"))


async def test_looking_at_the_map_is_no_click(
    runtime: Runtime, recorded: None, guest: httpx.AsyncClient, tenant: Tenant
) -> None:
    async with watching(runtime.pubsub, tenant) as heard:
        for path in ("/map/concepts", "/api/v1/concepts", "/api/v1/concepts/outbox", "/map/journeys"):
            assert "server-timing" not in (await guest.get(path)).headers
        await act_until(lambda: guest.get("/people"), lambda: "GET /people" in names_in(heard))
    assert names_in(heard, place="front") == {"GET /people"}


async def test_who_may_have_missed_something_is_told_so(runtime: Runtime, tenant: Tenant) -> None:
    pubsub = PubSub(Valkey(runtime.settings.valkey_url or ""))
    async with watching(pubsub, tenant) as heard:
        heard.clear()
        await pubsub.start()
        await eventually(has(heard, lambda each: each is RESYNC))
    await pubsub.stop()


async def test_a_quiet_stream_shows_that_it_is_there(runtime: Runtime, tenant: Tenant) -> None:
    async with watching(runtime.pubsub, tenant, beat_s=0.01) as heard:
        await eventually(has(heard, lambda each: each is BEAT))


async def test_a_stream_ends_by_itself_after_its_lifetime(runtime: Runtime, tenant: Tenant) -> None:
    async with asyncio.timeout(5):
        told = [
            each
            async for each in watch_journeys(
                runtime.pubsub, key=KEY, tenant_id=tenant.id, beat_s=0.01, lifetime_s=0.03
            )
        ]
    assert told[0] is RESYNC


async def test_a_stream_ends_with_its_process(runtime: Runtime, tenant: Tenant) -> None:
    pubsub = PubSub(Valkey(runtime.settings.valkey_url or ""))
    await pubsub.start()
    await pubsub.stop()
    async with asyncio.timeout(5):
        assert [each async for each in watch_journeys(pubsub, key=KEY, tenant_id=tenant.id)] == [RESYNC]


# Over the wire


async def test_the_stream_reaches_the_browser_of_a_guest(
    demo_app: Front, recorded: None, guest: httpx.AsyncClient
) -> None:
    async with browsing(demo_app, guest.base_url.host, FOLLOWING, path="/map/live") as browser:

        def shows(wanted: bytes) -> bool:
            return any(wanted in each for each in browser.sent)

        await act_until(lambda: guest.get("/people"), lambda: shows(b'"name":"GET /people"'))
        assert shows(b"event: resync\n")
        assert shows(b'event: spans\ndata: {"trace_id":')


async def test_a_follower_has_so_many_streams(demo_app: Front, guest: httpx.AsyncClient) -> None:
    host = guest.base_url.host
    async with AsyncExitStack() as tabs:
        for _ in range(MOST_STREAMS_PER_FOLLOWER):
            await tabs.enter_async_context(browsing(demo_app, host, FOLLOWING, path="/map/live"))
        async with asyncio.timeout(5):
            assert (await guest.get("/map/live")).status_code == 503
    async with browsing(demo_app, host, FOLLOWING, path="/map/live") as again:
        assert again.status == 200


async def test_made_up_followers_do_not_get_an_address_more(
    demo_app: Front, guest: httpx.AsyncClient
) -> None:
    host = guest.base_url.host
    async with AsyncExitStack() as tabs:
        for number in range(MOST_STREAMS_PER_ADDRESS):
            cookie = f"{FOLLOW_COOKIE}={number:032x}"
            await tabs.enter_async_context(
                browsing(demo_app, host, cookie, path="/map/live", address="127.0.0.2")
            )
        async with browsing(demo_app, host, FOLLOWING, path="/map/live", address="127.0.0.2") as refused:
            assert refused.status == 503
        async with browsing(demo_app, host, FOLLOWING, path="/map/live", address="127.0.0.3") as elsewhere:
            assert elsewhere.status == 200


@pytest.mark.parametrize("cookie", [OFF, "made up", ""])
async def test_who_follows_nothing_has_no_stream(guest: httpx.AsyncClient, cookie: str) -> None:
    guest.cookies.set(FOLLOW_COOKIE, cookie)
    assert (await guest.get("/map/live")).status_code == 403


async def test_elsewhere_than_on_the_demo_it_takes_the_permission(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    client.cookies.set(FOLLOW_COOKIE, KEY)
    assert (await client.get("/map/live")).status_code == 403
